"""Events of another organization are one alert, with one end once none came for a day."""

import json
from datetime import timedelta

import pytest

from integration.config.keys.health import Health
from integration.health.check import Check
from integration.health.counts import Counts
from integration.health.probes.foreign import WINDOW, ForeignProbe
from integration.health.sums import Sums
from integration.health.totals import Span, Totals
from integration.tally import First, Key
from tests.fake_clock import FakeClock
from tests.fixtures.rounds import Rig

FOREIGN = Key("dead_lettered", "contoso", "crm", "", "ForeignOrganization")
OTHER = Key("dead_lettered", "contoso", "crm", "hook", "TargetRejected")
ELSEWHERE = Key("dead_lettered", "fabrikam", "crm", "", "ForeignOrganization")
ENDED = ["organization.foreign", "organization.settled"]


def asked(counts, *, age=timedelta(minutes=4), complete=True, firsts=()):
    now = FakeClock().now()
    span = Span(now - age, counts, dict(firsts))
    return ForeignProbe(("contoso",)).ask(Totals((span,), complete), now)["contoso"]


@pytest.mark.parametrize(
    ("counts", "age", "complete", "health"),
    [
        ({FOREIGN: 1}, timedelta(), True, "bad"),
        ({FOREIGN: 1}, WINDOW - timedelta(minutes=1), True, "bad"),
        ({FOREIGN: 1}, WINDOW + timedelta(minutes=6), True, "ok"),
        ({OTHER: 50, ELSEWHERE: 5}, timedelta(), True, "ok"),
        ({FOREIGN: 1}, timedelta(), False, "bad"),
        ({OTHER: 1}, timedelta(), False, "not_asked"),
    ],
)
def test_one_within_a_day_is_too_many_and_of_others_nothing_is_said(counts, age, complete, health):
    assert asked(counts, age=age, complete=complete).health == health


def test_it_is_told_how_many_by_which_source_and_whose_they_are():
    now = FakeClock().now()
    erp = Key("dead_lettered", "contoso", "erp", "", "ForeignOrganization")
    firsts = {
        erp: (First(at=now, type="account.Update", id="2", message="it is of the organization b"),),
        FOREIGN: (First(at=now - timedelta(minutes=1), type="account.Update", id="1", message="it is of a"),),
        OTHER: (First(at=now - timedelta(minutes=2), id="0", message="refused"),),
    }
    answer = asked({FOREIGN: 3, erp: 1, OTHER: 9}, firsts=firsts.items())
    assert answer.message == "4 events of another organization within 24 h; first: it is of a"
    assert answer.facts == {
        "count": "4",
        "sources": "crm 3, erp 1",
        "since": (now - timedelta(minutes=1)).isoformat(),
    }
    assert [(each.id, each.code) for each in answer.failed] == [("1", FOREIGN.reason), ("2", FOREIGN.reason)]


class Fleet:
    """A process that counts, and the rounds of the watch, over one account."""

    def __init__(self) -> None:
        self.rig = Rig(settings=Health(reminder_every=timedelta(0)))
        clock, storage = self.rig.clock, self.rig.storage
        self.counts = Counts(storage, clock, "a", clock.sleep)
        self.sums, self.probe = Sums(storage, clock), ForeignProbe(("contoso",))

    async def hours(self, *counts):
        """Refuse so many events, then run a round an hour later; and so on."""
        for count in counts:
            for number in range(count):
                first = First(at=self.rig.clock.now(), type="account.Update", id=f"{number}", message="it is of a")
                self.counts.tally(FOREIGN, first)
            await self.rig.clock.advance(3600)
            totals, _ = await self.sums.read_all(WINDOW)
            answers = self.probe.ask(totals, self.rig.clock.now())
            self.rig.app = {Check("foreign", name): answer for name, answer in answers.items()}
            await self.rig.run()
            await self.sums.fold()

    @property
    def said(self):
        return [kind for _, kind, _ in self.rig.receivers.said]


async def test_a_copy_that_sends_now_and_then_is_one_incident_and_a_day_without_any_its_end():
    fleet = Fleet()
    await fleet.hours(0, 3, *[0] * 20, 1, *[0] * 22)
    assert fleet.said == ENDED[:1]
    await fleet.hours(0, 0, 0)
    assert fleet.said == ENDED
    first, last = (json.loads(bytes(fleet.rig.receivers.sent[place][1].data)) for place in (0, -1))
    assert first["incident"] == last["incident"]
    assert (first["subject"], first["check"], first["code"]) == ("contoso", "foreign", "ForeignOrganization")
    assert first["command"] == "fno-link dead-letters list --organization contoso --reason ForeignOrganization"
    assert [each["message"] for each in first["failed"]] == ["it is of a"] * 3
    await fleet.hours(1)
    assert fleet.said == [*ENDED, ENDED[0]], "another copy is another incident"
