"""What is told of the whole fleet after a round is what its rows say: links, circuits, open incidents."""

from datetime import UTC, datetime, timedelta

import pytest

from integration.health.check import OK, Answer, not_asked
from integration.health.gauges import MACHINES, points, told
from integration.health.machine import Incident, State
from integration.health.probes.remembered import Remembered
from integration.health.standing import WORKER, Standing, Watched
from integration.links.values import Linked
from integration.telemetry.metrics import CIRCUIT, INCIDENTS, LINK_AGE, LINK_STATE

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BAD = Answer(health="bad", code="NotLinked")
UNKNOWN = Answer(health="unknown", code="Unreachable")
LINK = Linked(url="https://a.operations.dynamics.com", tenant_id="t", id="i", trusted=True, checked_at=NOW)


def organization(link, *, trust=OK, seconds=90, incident=None):
    parts = {"link": Remembered(link, NOW - timedelta(seconds=seconds))}
    state = State(answer=link, parts=parts, incident=incident)
    return Standing(states={"integration": state, "trust": State(answer=trust, checked_at=NOW)})


def of(metric, standings):
    return {tuple(about.values()): value for each, value, about in points(standings, NOW) if each is metric}


@pytest.mark.parametrize(
    ("link", "trust", "state"),
    [
        (Answer(health="ok", link=LINK), OK, 1.0),
        (Answer(health="ok", link=LINK), Answer(health="bad", code="Untrusted"), 0.5),
        (BAD, OK, 0.0),
        (UNKNOWN, OK, None),
        (not_asked("token"), OK, None),
    ],
)
def test_a_link_is_told_as_far_as_an_answer_says_something_definite(link, trust, state):
    standings = {Watched("organization", "contoso"): organization(link, trust=trust)}
    assert of(LINK_STATE, standings) == ({} if state is None else {("contoso",): state})
    assert of(LINK_AGE, standings) == ({} if state is None else {("contoso",): 90.0})


def test_a_clock_that_was_set_back_makes_no_age_below_nothing():
    standings = {Watched("organization", "contoso"): organization(BAD, seconds=-5)}
    assert of(LINK_AGE, standings) == {("contoso",): 0.0}


def test_a_target_nobody_asked_about_and_one_that_is_well_have_their_circuit_closed():
    standings = {
        Watched("target", "orders"): Standing(
            states={"target": State(answer=Answer(health="bad", code="CircuitOpen"))}
        ),
        Watched("target", "archive"): Standing(states={"target": State(answer=OK)}),
        Watched("target", "new"): Standing(),
    }
    assert of(CIRCUIT, standings) == {("orders",): 1.0, ("archive",): 0.0, ("new",): 0.0}


def test_open_incidents_are_counted_by_machine_and_none_is_told_too():
    incident = Incident(id="i1", kind="integration", opened_at=NOW, since=NOW)
    storage = Incident(id="i2", kind="storage", opened_at=NOW, since=NOW)
    standings = {
        Watched("organization", "a"): organization(BAD, incident=incident),
        Watched("organization", "b"): organization(UNKNOWN, incident=incident),
        WORKER: Standing(states={"storage": State(incident=storage)}),
    }
    counted = of(INCIDENTS, standings)
    assert set(counted) == {(kind,) for kind in MACHINES}
    assert {kind: count for (kind,), count in counted.items() if count} == {"integration": 2.0, "storage": 1.0}


def test_a_collector_gets_them_and_the_next_round_says_when_they_are_over(telemetry):
    watched = Watched("organization", "contoso")
    incident = Incident(id="i1", kind="integration", opened_at=NOW, since=NOW)
    told({watched: organization(BAD, incident=incident)}, NOW)
    measured = telemetry.measured()
    assert ({"fno_link.check": "integration"}, 1.0) in measured["fno_link.incidents"]
    assert measured["fno_link.link.state"] == [({"fno_link.organization": "contoso"}, 0.0)]
    told({watched: organization(Answer(health="ok", link=LINK))}, NOW)
    measured = telemetry.measured()
    assert ({"fno_link.check": "integration"}, 0.0) in measured["fno_link.incidents"]
    assert measured["fno_link.link.state"] == [({"fno_link.organization": "contoso"}, 1.0)]
