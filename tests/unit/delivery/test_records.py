"""What is stored and queued reads back as written, and what cannot be read is corrupt and never another error."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.dead_letters import Attempted, Record, path_of
from integration.delivery import Envelope, Release, Work, decode_continuation
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.work import encode_continuation
from integration.delivery.shipment import Shipment
from integration.errors import CorruptRecord
from integration.events.event import Event
from integration.journal.scope import ByRoute, WhenLinked

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def an_event(**changes: object) -> Event:
    fields: dict = {
        "id": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11",
        "source": "https://contoso.crm.dynamics.com/finance-operations",
        "type": "SalesOrderConfirmedBusinessEvent",
        "organization": "contoso",
        "data": msgspec.Raw(b'{"a": 1,  "b":2}'),
    }
    return Event(**{**fields, **changes})


LAST = Attempted(AT, "TargetUnavailable", "answered 500", 500, "oops")


@pytest.mark.parametrize(
    "message",
    [
        Work(scope=ByRoute("orders"), accepted_at=AT, event=an_event()),
        Work(
            scope=ByRoute("orders"),
            accepted_at=AT,
            event=an_event(data=msgspec.Raw(b"\xff\x00"), datacontenttype="a/b"),
        ),
        Work(
            scope=WhenLinked(),
            accepted_at=AT,
            payload="payloads/ab/cd",
            environment="e",
            chain=Chain(attempt=3, generation=2, last=LAST),
        ),
        Release(organization="contoso", held=True),
    ],
)
def test_retry_messages_read_back_as_written(message):
    encoded = encode_continuation(message)
    assert json.loads(encoded)["v"] == 1
    assert decode_continuation(encoded) == message


@given(st.binary(max_size=60), st.text(max_size=40), st.text(max_size=40))
def test_envelopes_read_back_as_written(body, content_type, header):
    envelope = Envelope(source="erp", received_at=AT, content_type=content_type, headers={"ce-id": header}, body=body)
    assert Envelope.decode(envelope.encode()) == envelope
    assert json.loads(envelope.encode())["v"] == 1


@pytest.mark.parametrize("event", [None, an_event(), an_event(data=msgspec.Raw(b"\xff"), datacontenttype="x/y")])
def test_dead_letters_read_back_as_written(event):
    record = Record(
        organization="contoso",
        reason="Rejected",
        message="answered 400",
        accepted_at=AT,
        recorded_at=AT,
        event=event,
        body=None if event else b"\xff\x00 raw",
        last=LAST,
    )
    assert json.loads(record.encode())["v"] == 1
    assert Record.decode(record.encode()) == record


CORRUPT = [b"", b"null", b"[]", b"{}", b'{"v":1}', b"\xff", b"[" * 100_000]


@pytest.mark.parametrize("body", CORRUPT)
@pytest.mark.parametrize("read", [Envelope.decode, Record.decode, decode_continuation])
def test_what_is_no_record_is_corrupt_and_never_another_error(read, body):
    with pytest.raises(CorruptRecord):
        read(body)


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (Envelope.decode, Envelope(source="erp", received_at=AT, body=b"").encode()),
        (decode_continuation, encode_continuation(Work(scope=ByRoute("r"), accepted_at=AT, event=an_event()))),
        (decode_continuation, encode_continuation(Release(organization="o"))),
        (
            Record.decode,
            Record(organization="o", reason="r", message="m", accepted_at=AT, recorded_at=AT).encode(),
        ),
    ],
)
def test_records_of_another_version_are_corrupt(read, written):
    content = json.loads(written)
    content["v"] = 2
    with pytest.raises(CorruptRecord, match="version 2"):
        read(json.dumps(content).encode())


def test_work_without_its_event_says_so():
    with pytest.raises(CorruptRecord):
        _ = Work(scope=ByRoute("r"), accepted_at=AT).require_event()


def test_the_path_of_a_dead_letter_orders_by_first_acceptance_and_is_the_same_each_time():
    record = Record(
        organization="contoso",
        reason="Unrouted",
        message="m",
        accepted_at=AT,
        recorded_at=AT,
        event=an_event(),
        route="orders",
    )
    path = path_of(record)
    assert path == path_of(msgspec.structs.replace(record, recorded_at=datetime.now(UTC), attempts=5))
    assert path.startswith(f"contoso/Unrouted/2026/01/02/030405678901-{an_event().key}-")
    assert path != path_of(msgspec.structs.replace(record, route="other"))


@given(st.text(), st.text(), st.text())
def test_nothing_from_outside_reaches_a_path(identifier, route, organization):
    event = an_event(id=identifier)
    record = Record(
        organization=organization,
        reason="Unrouted",
        message="m",
        accepted_at=AT,
        recorded_at=AT,
        event=event,
        route=route,
    )
    path = path_of(record)
    assert path.count("/") == 5
    assert path.isascii()
    assert path.isprintable()
    assert ".." not in path or organization.count(".") >= 2


@given(st.text(min_size=1), st.text(min_size=1, max_size=64))
def test_a_message_id_is_short_plain_and_the_same_for_every_attempt(identifier, route):
    event = an_event(id=identifier)
    first = Shipment(event, route, 1).message_id
    assert first == Shipment(event, route, 5).message_id
    assert len(first) <= 128
    assert first.isascii()
    assert first.isprintable()
