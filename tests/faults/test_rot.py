"""Which event a changed record is about, that no changed record can be read, and what the oracle makes of it."""

import hashlib
from datetime import UTC, datetime

import msgspec
import pytest

from integration.delivery.queued.envelope import Envelope
from integration.delivery.queued.work import Work, decode_continuation, encode_continuation
from integration.errors import CorruptRecord
from integration.events.event import Event
from integration.journal.scope import ByRoute
from tests.faults.decay import NEVER
from tests.faults.evidence import Delivery, Evidence, Journalled, Kept, Made, Rot, Sent
from tests.faults.oracle import judge
from tests.faults.queued import id_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = Event(id="E-1", source="https://contoso.crm.dynamics.com", type="T", organization="contoso", time=NOW)
ENVELOPE = Envelope(source="erp", received_at=NOW, body=b'{"EventId": "E-1", "BusinessEventId": "T"}').encode()
RETRY = encode_continuation(Work(scope=ByRoute("to-orders"), accepted_at=NOW, event=EVENT))


@pytest.mark.parametrize("record", [ENVELOPE, RETRY])
def test_a_record_says_which_event_it_is_about(record):
    assert id_of(record) == "E-1"


@pytest.mark.parametrize("body", [b"no JSON", b'"text"', b"", b'{"other": 1}'])
def test_what_holds_no_event_is_left_alone(body):
    assert id_of(Envelope(source="erp", received_at=NOW, body=body).encode()) == ""


def test_what_was_changed_before_is_left_alone():
    assert id_of(ENVELOPE[:9] + NEVER + ENVELOPE[10:]) == ""


@pytest.mark.parametrize(("record", "read"), [(ENVELOPE, Envelope.decode), (RETRY, decode_continuation)])
def test_wherever_a_byte_is_changed_the_record_is_seen_to_be_corrupt(record, read):
    read(record)
    for at in range(len(record)):
        with pytest.raises(CorruptRecord):
            read(record[:at] + NEVER + record[at + 1 :])


ORDERS = Delivery("to-orders", "orders")
SENT = Sent(id="E-1", key="k", organization="contoso", transport="http", source="erp", expects=(ORDERS,), at=1.0)
ROT = Rot(place="retry", id="E-1", digest=hashlib.sha256(b"rotten").hexdigest(), at=2.0)
BURIED = Kept(path="unknown/CorruptRecord/x", organization="unknown", reason="CorruptRecord", key=ROT.digest)
ROW = Journalled(
    organization="contoso",
    key="k",
    id="E-1",
    state="deferred",
    deliveries=(Made(route="to-orders", target="orders", state="deferred"),),
)
ROTTEN = Evidence(sent=(SENT,), rots=(ROT,), dead=(BURIED,), journal=(ROW,), transports={"orders": "webhook"})


def rules(evidence: Evidence) -> set[str]:
    return {problem.rule for problem in judge(evidence).problems}


def test_an_event_whose_record_is_kept_as_it_was_found_is_accounted_for():
    verdict = judge(ROTTEN)
    assert verdict.problems == ()
    assert verdict.counts["buried"] == 1
    assert rules(msgspec.structs.replace(ROTTEN, journal=())) == set()


def test_a_record_that_is_kept_nowhere_excuses_nothing():
    gone = msgspec.structs.replace(ROTTEN, dead=())
    assert rules(gone) == {"lost", "rotted", "restless"}
    other = msgspec.structs.replace(BURIED, key=hashlib.sha256(b"another").hexdigest())
    assert rules(msgspec.structs.replace(ROTTEN, dead=(other,))) == {"lost", "rotted", "restless", "unknown"}
    poison = msgspec.structs.replace(BURIED, reason="Poison")
    assert {"lost", "rotted"} <= rules(msgspec.structs.replace(ROTTEN, dead=(poison,)))


def test_it_excuses_no_other_event():
    other = msgspec.structs.replace(SENT, id="E-2", key="k2")
    assert {(each.rule, each.id) for each in judge(msgspec.structs.replace(ROTTEN, sent=(SENT, other))).problems} == {
        ("no_row", "E-2"),
        ("lost", "E-2"),
    }
