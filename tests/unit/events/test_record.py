"""A stored event comes back byte for byte, and a corrupt record is refused."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from integration.errors import CorruptRecord
from integration.events.event import Event, Origin
from integration.events.record import load, store

EVENT = Event(
    id="1",
    source="/s",
    type="t",
    organization="contoso",
    data=msgspec.Raw(b'{"a" : 1.50}'),
    time=datetime(2026, 1, 1, 12, 0, 0, 123456, UTC),
    raw=b"\xff\x00raw",
    origin=Origin(organization_id="o", depth=2),
)


def test_data_and_body_come_back_byte_for_byte():
    assert load(store(EVENT)) == EVENT
    assert bytes(load(store(EVENT)).data) == b'{"a" : 1.50}'
    assert json.loads(store(EVENT))["data"] == {"a": 1.5}


@pytest.mark.parametrize("data", [b"", b"plain text", b"\xff\x00", b"{not json"])
def test_data_that_is_no_json_comes_back_too(data):
    event = msgspec.structs.replace(EVENT, data=msgspec.Raw(data), datacontenttype="text/plain")
    assert load(store(event)) == event


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{}",
        b"\xff",
        b"null",
        b"[" * 100_000,
        store(EVENT).replace(b'"v":1', b'"v":2'),
        store(EVENT).replace(b'"v":1,', b""),
        store(EVENT).replace(b'"id":"1"', b'"id":1'),
        store(EVENT)[:-5],
    ],
)
def test_a_corrupt_record_is_refused(record):
    with pytest.raises(CorruptRecord):
        load(record)
