"""Refused callers are told once, and their end once, whatever their number does about the limit."""

import json
from datetime import timedelta

import pytest

from integration.config.keys.health import Health
from integration.health.check import Answer, Check
from integration.health.counts import Counts
from integration.health.probes.app import APP, AppProbe
from integration.health.probes.callers import CallersProbe
from integration.health.probes.sources import SourcesProbe
from integration.health.probes.storage import StorageProbe
from integration.health.probes.targets import TargetsProbe
from integration.health.standing import WORKER
from integration.health.sums import Sums
from integration.health.totals import Span, Totals
from integration.storage.names import COUNTS
from integration.tally import First, Key
from tests.fake_clock import FakeClock
from tests.fixtures.rounds import Rig

WINDOW = timedelta(minutes=15)
UNKNOWN, REFUSED = Key("refused", reason="CallerUnknown"), Key("refused", reason="CallerRefused")


def asked(counts, *, complete=True, firsts=()):
    now = FakeClock().now()
    span = Span(now - timedelta(minutes=4), counts, dict(firsts))
    return CallersProbe(20, WINDOW).ask(Totals((span,), complete), now)


@pytest.mark.parametrize(
    ("count", "complete", "health"),
    [
        (21, True, "bad"),
        (20, True, "not_asked"),
        (11, True, "not_asked"),
        (10, True, "ok"),
        (0, True, "ok"),
        (21, False, "bad"),
        (0, False, "not_asked"),
    ],
)
def test_between_many_and_few_nothing_is_said(count, complete, health):
    assert asked({UNKNOWN: count, Key("in", "contoso", "erp"): 90}, complete=complete).health == health


def test_it_is_told_how_many_why_and_since_when():
    at = FakeClock().now() - timedelta(minutes=4)
    wrong = [First(at=at + timedelta(seconds=n), message=f"wrong {n % 7}") for n in range(20)]
    answer = asked({UNKNOWN: 30, REFUSED: 5}, firsts={UNKNOWN: tuple(wrong)}.items())
    assert answer.message == "35 callers were refused within 15 min: CallerUnknown 30, CallerRefused 5"
    assert answer.facts == {
        "count": "35",
        "reasons": "CallerUnknown 30, CallerRefused 5",
        "since": at.isoformat(),
        "examples": "wrong 0; wrong 1; wrong 2; wrong 3; wrong 4",
    }


class Fleet:
    """Two processes that count, and the rounds of a third, over one account."""

    def __init__(self) -> None:
        self.rig = Rig(settings=Health(refused=20, refused_window=WINDOW, success_threshold=2))
        self.rig.takes_tokens = True
        clock, storage = self.rig.clock, self.rig.storage
        self.processes = [Counts(storage, clock, name, clock.sleep) for name in "ab"]
        self.sums = Sums(storage, clock)
        self.probe = AppProbe(
            storage=StorageProbe(storage),
            targets=TargetsProbe(Circuits(), (), clock),
            sources=SourcesProbe(sources={}, silent_after={}, storage=storage, broker=lambda: None, within=5),
            thresholds={},
            counted=self.sums,
            clock=clock,
            callers=CallersProbe(20, WINDOW),
        )

    def refuses(self, count):
        for number in range(count):
            message = f"{number} is not told one by one"
            self.processes[number % 2].tally(UNKNOWN, First(at=self.rig.clock.now(), message=message))

    async def rounds(self, *counts):
        """Refuse so many callers, then run a round five minutes later; and so on."""
        for count in counts:
            self.refuses(count)
            await self.rig.clock.advance(300)
            answers = await self.probe.ask()
            self.rig.app = {check: answer for check, answer in answers.items() if check.subject == APP}
            await self.rig.run()
            await self.sums.fold()

    @property
    def said(self):
        return [kind for _, kind, _ in self.rig.receivers.said]


class Circuits:
    async def all(self):
        return {}


async def test_a_flood_is_one_alert_with_one_end_and_few_rows():
    fleet = Fleet()
    await fleet.rounds(0, 0)
    assert not fleet.said
    await fleet.rounds(*[2000] * 6)
    assert fleet.said == ["callers.refused"]
    # A row for each process that refused, of which five minutes become one.
    assert len([key for key in fleet.rig.storage.table_now(COUNTS).rows if key[0] != "sources"]) <= 12
    [(_, event)] = fleet.rig.receivers.sent
    told = json.loads(bytes(event.data))
    assert (told["subject"], told["check"], told["code"], told["organization"]) == (
        "app",
        "callers",
        "CallersRefused",
        "",
    )
    assert told["facts"]["reasons"] == f"CallerUnknown {told['facts']['count']}"
    assert told["command"] == f"fno-link incidents show {told['incident']}"
    await fleet.rounds(*[0] * 8)
    assert fleet.said == ["callers.refused", "callers.settled"]
    ended = json.loads(bytes(fleet.rig.receivers.sent[-1][1].data))
    assert ended["incident"] == told["incident"]
    await fleet.rounds(*[0] * 20)
    assert len(fleet.said) == 2


async def test_a_number_that_goes_up_and_down_about_the_limit_is_one_alert():
    fleet = Fleet()
    await fleet.rounds(*[8, 8, 3, 3, 8, 8] * 7)  # not yet the reminder of 4 h
    assert fleet.said == ["callers.refused"]


async def test_what_cannot_be_read_is_no_end():
    fleet = Fleet()
    await fleet.rounds(30)
    assert fleet.said == ["callers.refused"]
    read = fleet.sums.read_all

    async def nothing(_lasting):
        raise TimeoutError

    fleet.sums.read_all = nothing
    await fleet.rounds(*[0] * 6)
    assert fleet.said == ["callers.refused"]
    state = (await fleet.rig.standings.load(WORKER)).standing.states["callers"]
    assert (state.phase, state.not_asked[:18]) == ("firing", "not asked: storage")
    fleet.sums.read_all = read
    await fleet.rounds(0, 0, 0)
    assert fleet.said == ["callers.refused", "callers.settled"]


async def test_it_ends_where_nobody_may_show_a_token_any_more():
    fleet = Fleet()
    await fleet.rounds(30)
    fleet.rig.takes_tokens = False
    fleet.rig.app = {Check("storage", APP): Answer(health="ok")}
    await fleet.rig.rounds(1)
    assert fleet.said == ["callers.refused", "callers.settled"]
