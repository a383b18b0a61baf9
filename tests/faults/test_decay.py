"""No changed record can be read, whatever of it was changed; and what is said of it is what it was about."""

import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from integration.dead_letters import Record
from integration.delivery.breaking.circuit_rows import Standing
from integration.delivery.breaking.circuit_rows import _decoded as circuit
from integration.delivery.screening.newest_row import seen_in as newest
from integration.errors import CorruptRecord
from integration.events.event import Event
from integration.events.record import load, store
from integration.health.standing import Standing as Watched
from integration.health.standings import _READER as HEALTH
from integration.journal.entity import decode, encode
from integration.journal.record import Entry, Row, Subject
from integration.journal.scope import ByRoute
from integration.links.shared import Record as Link
from integration.links.shared import decode_record, encode_record
from integration.storage import StoredRow
from tests.faults import account, decay
from tests.faults.decay import NEVER, Changed, altered
from tests.faults.rot import PARTS, fit, rot_of
from tests.faults.topology import ROUTES

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = Event(id="E-1", source="https://contoso.crm.dynamics.com", type="T", organization="contoso", time=NOW)
LETTER = Record(
    organization="contoso",
    reason="Poison",
    message="m",
    accepted_at=NOW,
    recorded_at=NOW,
    event=EVENT,
    route="to-plain",
)
FEW = Row(
    subject=Subject.of(EVENT),
    state="done",
    generation=1,
    accepted_at=NOW,
    deliveries=(Entry(slot=ByRoute("to-plain"), state="delivered"),),
)
MANY = msgspec.structs.replace(
    FEW,
    deliveries=tuple(Entry(slot=ByRoute(f"r{number}"), state="deferred", response="x" * 90) for number in range(400)),
)
DRAWS = 300
TABLE = "fnolinkjournal2026w01b"


@pytest.mark.parametrize(("record", "read"), [(LETTER.encode(), Record.decode), (store(EVENT), load)])
def test_wherever_a_byte_of_a_blob_is_changed_it_is_seen(record, read):
    read(record)
    for at in range(len(record)):
        with pytest.raises(CorruptRecord):
            read(record[:at] + NEVER + record[at + 1 :])


@pytest.mark.parametrize("row", [FEW, MANY], ids=["plain", "packed"])
def test_whatever_is_changed_of_a_journal_row_is_seen(row):
    entity, rng, met = encode(row, TABLE), random.Random(1), set()
    decode(entity)
    for part in (part for part in PARTS["journal row"][1] if part in entity):
        met.add(part)
        for _ in range(DRAWS):
            with pytest.raises(CorruptRecord):
                decode(entity | {part: altered(entity[part], rng)})
    assert len(met) == 3


def unread_health(text: Any) -> bool:
    try:
        HEALTH.read(text)
    except CorruptRecord:
        return True
    return False


STANDING = msgspec.json.encode(Standing(target="plain", state="open", since=NOW)).decode()


def stored(row: dict[str, Any]) -> StoredRow:
    return StoredRow(row, "e")


@pytest.mark.parametrize(
    ("place", "row", "unread"),
    [
        ("circuit", {"circuit": STANDING}, lambda row: circuit(stored(row)) is None),
        ("newest", {"RowKey": "r", "v": 1, "number": "12"}, lambda row: newest(stored(row)).number == -1),
        ("link", {"record": encode_record(Link(attempts=2))}, lambda row: decode_record(row["record"]) is None),
        ("health", {"watch0": msgspec.json.encode(Watched()).decode()}, lambda row: unread_health(row["watch0"])),
    ],
)
def test_whatever_is_changed_of_a_row_that_can_be_begun_anew_is_seen(place, row, unread):
    rng = random.Random(1)
    assert not unread(row)
    for part in PARTS[place][1]:
        for _ in range(DRAWS):
            assert unread(row | {part: altered(row[part], rng)})


def test_a_dead_letter_that_cannot_be_read_still_says_what_it_is_about():
    path = "contoso/Poison/2026/01/02/030405000000-" + "a" * 64 + "-e3b0c44298fc.json"
    kept = account.unreadable(path, NEVER, {route.name: route.target for route in ROUTES})
    assert (kept.organization, kept.reason, kept.key, kept.route) == ("contoso", "Poison", "a" * 64, "")
    assert kept.accepted_at == NOW.timestamp()


def test_what_was_changed_is_told_by_what_it_was():
    rotted = rot_of("dead letter", Changed("p", LETTER.encode(), NEVER))
    assert (rotted.id, rotted.key, rotted.route, rotted.path) == ("E-1", EVENT.key, "to-plain", "p")
    rotted = rot_of("journal row", Changed("k", encode(FEW, TABLE), "d\x01ne", "state"))
    assert (rotted.id, rotted.key, rotted.path) == ("E-1", "k", "k")
    rotted = rot_of("intake claim-check", Changed("p", b'{"EventId": "E-1"}', NEVER))
    assert (rotted.id, rotted.key) == ("E-1", "")


def test_what_holds_nothing_that_was_sent_is_left_alone():
    assert fit("dead letter", LETTER.encode())
    assert not fit("dead letter", msgspec.structs.replace(LETTER, reason="CorruptRecord").encode())
    alert = msgspec.structs.replace(EVENT, type="fno-link.target.opened", shape="alert")
    assert not fit("delivery claim-check", store(alert))
    assert not fit("dead letter", msgspec.structs.replace(LETTER, event=alert).encode())


def test_the_same_seed_changes_the_same_byte():
    record = LETTER.encode()
    assert decay.changed(record, random.Random(7)) == decay.changed(record, random.Random(7))
    assert len({decay.changed(record, random.Random(seed)) for seed in range(9)}) > 1
