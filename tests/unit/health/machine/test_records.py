"""A state that is written and read again is the same state: it is all that a machine has."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.events.alerts import Failed
from integration.health.check import Answer
from integration.health.machine import Incident, Notice, Reason, State
from integration.health.machine.incident import id_of
from integration.health.probes.remembered import Remembered
from integration.links.values import Linked
from tests.unit.health.machine.playing import AWAY, LOST, OK, QUIET, Played, at, link, play, steps

NOW = datetime(2026, 11, 28, 12, 0, 0, 123456, tzinfo=UTC)
LINK = Linked(url="https://a.operations.dynamics.com", tenant_id="t", id="e", trusted=True, checked_at=NOW)
FAILED = (Failed(type="t", id="1", code="Rejected", message="no"),)


def test_all_of_a_state_lies_in_its_record():
    answer = Answer(health="bad", code="C", message="m", hint="h", link=LINK, facts={"days": "3"}, failed=FAILED)
    incident = Incident(
        id="0123456789abcdef",
        kind="integration",
        opened_at=NOW,
        since=NOW,
        reasons=(Reason("bad", "C"),),
        transitions={"triggered": 1, "reminder": 2},
        told=None,
        next_reminder=NOW,
    )
    notice = Notice(
        incident=incident.id,
        transition="resolved",
        n=1,
        kind="integration",
        subject="contoso",
        health="ok",
        at=NOW,
        since=NOW,
        link=LINK,
        failed=FAILED,
        routes=(),
    )
    state = State(
        phase="firing",
        answer=answer,
        recent=2**64 - 1,
        changes=(NOW,),
        parts={"link": Remembered(answer, NOW)},
        incident=incident,
        last=incident,
        outbox=(notice,),
    )
    read = msgspec.json.decode(msgspec.json.encode(state), type=State)
    assert read == state
    assert read.outbox[0].routes == ()
    assert read.incident is not None
    assert read.incident.told is None


def test_a_notice_is_named_by_its_incident_and_what_it_tells():
    notice = Notice(
        incident="i", transition="reminder", n=3, kind="target", subject="erp", health="bad", at=NOW, since=NOW
    )
    assert notice.key == "i:reminder:3"


def test_an_incident_is_named_by_subject_kind_time_and_number():
    first = id_of("contoso", "integration", NOW, 0)
    others = {
        id_of("fabrikam", "integration", NOW, 0),
        id_of("contoso", "trust", NOW, 0),
        id_of("contoso", "integration", NOW.replace(second=1), 0),
        id_of("contoso", "integration", NOW, 1),
    }
    assert len(first) == 16
    assert len({first, *others}) == 5
    assert first == id_of("contoso", "integration", NOW, 0)


NONSENSE = [
    "",
    "x",
    -1,
    2**70,
    1e300,
    None,
    [],
    {},
    "2027-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
    True,
    "9999-12-31T23:59:59Z",
]


def places(record, path=()):
    """Give where something stands in a record."""
    yield path
    for key, value in record.items() if isinstance(record, dict) else enumerate(record):
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


def changed(record, path, value):
    if not path:
        return value
    copy = dict(record) if isinstance(record, dict) else list(record)
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
def test_a_record_that_a_hand_has_changed_is_none_or_is_gone_on_with(nonsense):
    settings = msgspec.structs.replace(
        QUIET, flapping=3, reminder_every=timedelta(minutes=5), escalation=steps(timedelta(minutes=5))
    )
    _, played = play([link("a"), LOST, LOST, LOST, link("b"), LOST, OK, AWAY], settings, played=Played(routes=None))
    record = msgspec.to_builtins(played.state)
    seen = list(places(record))
    assert len(seen) > 50
    refused = 0
    for path in seen:
        try:
            state = msgspec.json.decode(msgspec.json.encode(changed(record, path, nonsense)), type=State)
        except msgspec.ValidationError:
            refused += 1
            continue
        again = Played(state)
        for answer in (LOST, AWAY, OK, OK):
            again.answer(answer, at(20), settings)
    assert refused
