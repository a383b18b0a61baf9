"""Any stream of answers, any settings, whatever is lost: heard once if it lasts, never in silence, with one end."""

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.config.keys.health import Escalation, Thresholds
from integration.health.check import OK, Answer, not_asked
from integration.health.machine import acknowledge, mute, unmute
from tests.unit.health.machine.bound import most_notices
from tests.unit.health.machine.fleet import FAULTS, Fleet
from tests.unit.health.machine.oracle import check_notices, check_round, enough
from tests.unit.health.machine.playing import AWAY, LOST, SILENCES, START, link

ANSWERS = (OK, LOST, AWAY, Answer(health="bad", code="Forbidden"), not_asked("token"), link("a"), link("b"))
REASONS = 4
minutes = st.sampled_from([1, 5, 5, 5, 20, 90])
durations = st.sampled_from([1, 5, 10, 30, 60, 240]).map(lambda each: timedelta(minutes=each))


@st.composite
def thresholds(draw):
    def of():
        k = draw(st.integers(1, 12))
        return draw(st.sampled_from([(), (draw(st.integers(1, k)), k)]))

    every = draw(st.just(timedelta(0)) | durations)
    afters = sorted(draw(st.lists(durations, max_size=3)))
    return Thresholds(
        failure_threshold=draw(st.integers(1, 6)),
        success_threshold=draw(st.integers(1, 6)),
        failures_of=of(),
        successes_of=of(),
        flapping=draw(st.integers(0, 6)),
        flapping_window=draw(durations),
        stable_for=draw(durations),
        reminder_every=every,
        reminder_factor=draw(st.sampled_from([1.0, 1.5, 2.0, 10.0])),
        reminder_cap=max(every, draw(durations)),
        escalation=tuple(Escalation(after=after, targets=(f"oncall{n}",)) for n, after in enumerate(afters)),
    )


class Spell(msgspec.Struct, frozen=True):
    """Some rounds that are alike, or by turns well and not."""

    answer: Answer
    rounds: int
    by_turns: bool
    silence: str
    minutes: int
    order: str


spells = st.builds(
    Spell,
    answer=st.sampled_from(ANSWERS),
    rounds=st.integers(1, 9),
    by_turns=st.booleans(),
    silence=st.sampled_from(["", "", "", "m", "i"]),
    minutes=minutes,
    order=st.sampled_from(["", "", "", "", "mute", "unmute", "acknowledge", "back", "ahead"]),
)
streams = st.lists(spells, min_size=1, max_size=14)
faults = st.dictionaries(st.integers(0, 100), st.sampled_from(FAULTS), max_size=30)
ROUTES = {"all": lambda _: True, "losses": lambda notice: notice.health == "bad", "none": lambda _: False}


class Run:
    """A stream that runs."""

    def __init__(self, stream, broken, held) -> None:
        self.fleet = Fleet(ROUTES)
        self.now = START
        self.passed = timedelta(0)
        self.acknowledged: dict[str, int] = {}
        number = 0
        for spell in stream:
            self.order(spell.order)
            for turn in range(spell.rounds):
                answer = OK if spell.by_turns and turn % 2 else spell.answer
                self.step(timedelta(minutes=spell.minutes))
                before, counted = self.fleet.state, len(self.fleet.counted)
                around = SILENCES[spell.silence or " "]
                self.fleet.round(answer, self.now, held, around, broken.get(number, ""))
                check_round(self.fleet, held, before, counted)
                number += 1

    def step(self, by):
        self.now += by
        self.passed += max(by, timedelta(0))

    def order(self, order):
        match order:
            case "mute":
                self.fleet.order(lambda state: mute(state, self.now + timedelta(minutes=40)))
            case "unmute":
                self.fleet.order(unmute)
            case "acknowledge" if self.fleet.state.incident:
                self.acknowledged.setdefault(self.fleet.state.incident.id, len(self.fleet.told))
                self.fleet.order(lambda state: acknowledge(state, "ada", "", self.now))
            case "back":
                self.step(timedelta(hours=-5))
            case "ahead":
                self.step(timedelta(hours=5))


@settings(max_examples=300, deadline=None)
@given(streams, faults, thresholds())
def test_whatever_comes(stream, broken, held):
    run = Run(stream, broken, held)
    run.fleet.drain()
    check_notices(run.fleet)
    told = len(run.fleet.told)
    # The second prober of a round that is overtaken is a second later.
    passed = run.passed + timedelta(seconds=len(run.fleet.counted))
    assert told <= most_notices(held, len(run.fleet.counted), passed, REASONS)


@settings(max_examples=50, deadline=None)
@given(streams, faults, thresholds())
def test_what_is_well_at_last_has_no_incident_open_and_nothing_to_say(stream, broken, held):
    run = Run(stream, broken, held)
    run.fleet.order(unmute)
    for _ in range(12):
        run.step(timedelta(hours=1))
        run.fleet.round(OK, run.now, held, SILENCES[" "])
    run.fleet.drain()
    check_notices(run.fleet)
    assert run.fleet.state.incident is None
    assert run.fleet.state.phase == "ok"


@settings(max_examples=50, deadline=None)
@given(streams, faults, st.lists(thresholds(), min_size=2, max_size=4))
def test_settings_that_change_on_the_way(stream, broken, many):
    run = Run([], {}, many[0])
    for number, spell in enumerate(stream):
        run.order(spell.order)
        held = many[number % len(many)]
        for turn in range(spell.rounds):
            run.step(timedelta(minutes=spell.minutes))
            before, counted = run.fleet.state, len(run.fleet.counted)
            answer = OK if spell.by_turns and turn % 2 else spell.answer
            run.fleet.round(answer, run.now, held, SILENCES[spell.silence or " "], broken.get(number, ""))
            check_round(run.fleet, held, before, counted)
    run.fleet.drain()
    check_notices(run.fleet)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), max_size=60), thresholds())
def test_alarms_are_raised_and_ended_as_the_two_ways_say_and_by_nothing_else(ills, held):
    held = msgspec.structs.replace(held, flapping=0)
    fleet, since, is_open, expected = Fleet(ROUTES), [], False, []
    for number, ill in enumerate(ills):
        now = START + timedelta(minutes=number)
        fleet.round(LOST if ill else OK, now, held, SILENCES[" "])
        since.append(ill)
        looked_for = [not each for each in since] if is_open else since
        of = held.successes_of if is_open else held.failures_of
        # A row goes on over the end of an incident; the last k do not.
        row = ills[: number + 1] if not is_open else [not each for each in ills[: number + 1]]
        in_a_row = held.success_threshold if is_open else held.failure_threshold
        if enough(row, in_a_row, ()) or enough(looked_for, len(since) + 1, of):
            expected.append(("resolved" if is_open else "triggered", now))
            is_open, since = not is_open, []
    told = [(told.notice.transition, told.notice.at) for told in fleet.told]
    assert [each for each in told if each[0] in ("triggered", "resolved")] == expected


@settings(max_examples=50, deadline=None)
@given(streams, faults, thresholds())
def test_who_knows_is_told_nothing_again(stream, broken, held):
    run = Run(stream, broken, held)
    for index, told in enumerate(run.fleet.told):
        if told.notice.transition in ("reminder", "escalated"):
            assert index < run.acknowledged.get(told.notice.incident, len(run.fleet.told))
