"""Whatever is wrong with a stored or queued record is one error."""

import json
import random
from datetime import UTC, datetime

import msgspec
import pytest

from integration import records
from integration.dataverse import Identity
from integration.dead_letters import Job, Record
from integration.dead_letters.jobs import _READER as JOBS
from integration.delivery import Envelope, JobOrder, Release, Work, decode_continuation
from integration.delivery.queued.work import encode_continuation
from integration.errors import CorruptRecord
from integration.events.event import Event
from integration.events.record import load, store
from integration.health.before import Row as Earlier
from integration.health.incidents import _CALL_READER as CALLS
from integration.health.incidents import _READER as INCIDENTS
from integration.health.incidents import Ended
from integration.health.machine import Incident
from integration.health.maintenance import MaintenanceCall
from integration.health.standings import _BEFORE as STATES
from integration.journal import Entry, Row, Subject, entity
from integration.journal.scope import ByRoute
from integration.links.identities import _READER as IDENTITIES
from integration.links.identities import Known
from integration.links.shared import _READER as LINKS
from integration.links.shared import Record as LinkRecord
from integration.links.values import Linked

TABLE = "fnolinkjournal2026w01b"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = Event(
    id="1",
    source="/s",
    type="t",
    organization="contoso",
    data=msgspec.Raw(b'{"a":{"b":[1,"\xc3\xbc"]}}'),
    raw=b"\xffraw",
)
LINK = Linked(url="https://one.operations.dynamics.com", tenant_id="t", id="one", trusted=True, checked_at=AT)
KINDS = {
    "envelope": (Envelope(source="erp", received_at=AT, body=b"{}").encode(), Envelope.decode),
    "delivery": (encode_continuation(Work(scope=ByRoute("r"), accepted_at=AT, event=EVENT)), decode_continuation),
    "release": (encode_continuation(Release(organization="contoso")), decode_continuation),
    "order": (encode_continuation(JobOrder(job="1")), decode_continuation),
    "event": (store(EVENT), load),
    "dead letter": (
        Record(
            organization="contoso", reason="Poison", message="m", accepted_at=AT, recorded_at=AT, event=EVENT
        ).encode(),
        Record.decode,
    ),
    "job": (msgspec.json.encode(Job(id="1", kind="purge", requested_at=AT, updated_at=AT)), JOBS.read),
    "health state": (msgspec.json.encode(Earlier()), STATES.read),
    "incident": (
        msgspec.json.encode(
            Ended(sort="app", name="app", incident=Incident(id="i", kind="storage", opened_at=AT, since=AT))
        ),
        INCIDENTS.read,
    ),
    "maintenance": (msgspec.json.encode(MaintenanceCall(since=AT, until=AT)), CALLS.read),
    "identity": (
        msgspec.json.encode(
            Known(identity=Identity(organization_id="o", user_id="u", business_unit_id="b"), checked_at=AT)
        ),
        IDENTITIES.read,
    ),
    "link": (msgspec.json.encode(LinkRecord(link=LINK)), LINKS.read),
}
DEEP = b'{"v":1,"event":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def test_a_record_is_read(kind):
    stored, read = kind
    assert read(stored) is not None


@pytest.mark.parametrize(
    "stored", [b"", b"\xff", b"null", b"[]", b"{", b"\x00" * 64, b'{"v":"1"}', DEEP, b"1e999", b'"\\ud800"']
)
def test_what_is_no_record_is_corrupt(kind, stored):
    with pytest.raises(CorruptRecord):
        kind[1](stored)


@pytest.mark.parametrize("version", [0, 2, 10**30, "1", None])
def test_a_record_of_another_version_is_corrupt(kind, version):
    stored, read = kind
    with pytest.raises(CorruptRecord):
        read(json.dumps({**json.loads(stored), "v": version}).encode())


def test_a_record_of_a_later_version_says_so_whatever_else_it_holds():
    with pytest.raises(CorruptRecord, match="version 2, known is 1"):
        Envelope.decode(b'{"v":2,"sender":{"name":"erp"}}')


def test_a_record_that_is_too_large_is_corrupt_before_it_is_read(kind, monkeypatch):
    reader = records.Reader(msgspec.json.Decoder(), "thing", largest=100)
    with pytest.raises(CorruptRecord, match="101 bytes"):
        reader.read(b" " * 101)


def test_bytes_that_are_no_utf_8_are_found_in_what_is_only_taken_over():
    stored = store(EVENT)
    with pytest.raises(CorruptRecord):
        load(stored.replace(b"\xc3\xbc", b"\xffx"))


@pytest.mark.parametrize("stored", [None, 7, b"x", AT, [b"{}"]], ids=repr)
def test_a_property_of_another_type_is_corrupt(stored):
    with pytest.raises(CorruptRecord):
        STATES.read(stored)


def test_a_changed_byte_is_another_record_or_a_corrupt_one(kind):
    stored, read = kind
    rng = random.Random(6)
    for _ in range(3000):
        rotten = bytearray(stored)
        for _ in range(rng.choice((1, 1, 1, 4))):
            rotten[rng.randrange(len(rotten))] = rng.choice((0, 0x22, 0x5C, 0x7B, 0xFF, rng.randrange(256)))
        try:
            read(bytes(rotten))
        except CorruptRecord as corrupt:
            assert str(corrupt)  # noqa: PT017  # it is also read


def row(entries=1):
    deliveries = tuple(
        Entry(slot=ByRoute(f"r{n}"), state="delivered", response=random.Random(n).randbytes(200).hex())
        for n in range(entries)
    )
    return entity.encode(
        Row(
            subject=Subject(organization="contoso", key="0" * 64, time=AT),
            state="done",
            generation=1,
            accepted_at=AT,
            deliveries=deliveries,
        ),
        TABLE,
    )


WRONG = (None, "", "x", b"\xff", 7, -1, 10**30, 1.5, True, [], {}, AT, "\ud800", "[" * 200_000)


@pytest.mark.parametrize("entries", [1, 200], ids=["plain", "compressed"])
def test_a_journal_row_with_a_property_that_is_something_else_is_another_or_corrupt(entries):
    good = row(entries)
    for name in good:
        if name in ("PartitionKey", "RowKey"):
            continue
        for wrong in WRONG:
            try:
                entity.decode(good | {name: wrong})
            except CorruptRecord:
                continue
        try:
            entity.decode({key: value for key, value in good.items() if key != name})
        except CorruptRecord:
            continue


def test_a_changed_byte_in_packed_deliveries_is_corrupt_and_unfolds_to_no_gigabytes(monkeypatch):
    good = row(200)
    assert "deliveries_0" in good
    for at in range(0, len(good["deliveries_0"]), 997):
        packed = bytearray(good["deliveries_0"])
        packed[at] ^= 0x55
        with pytest.raises(CorruptRecord):
            entity.decode(good | {"deliveries_0": bytes(packed)})
    monkeypatch.setattr(entity, "UNFOLDED", 1000)
    with pytest.raises(CorruptRecord, match="unfold"):
        entity.decode(good)
