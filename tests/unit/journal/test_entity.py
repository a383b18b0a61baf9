"""A row of the journal reads back as written, stays within the limits of a table, and is corrupt when damaged."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.errors import CorruptRecord
from integration.journal.entity import decode, encode
from integration.journal.errand import errand_of
from integration.journal.record import Entry, Row, Subject
from integration.journal.scope import ByRoute, slot_of

TABLE = "fnolinkjournal2026w01b"
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ENTRIES = st.builds(
    Entry,
    slot=(TEXT).map(slot_of),
    state=st.sampled_from(["open", "delivered", "deferred", "parked", "dead_lettered", "unrouted", "decided"]),
    target=TEXT,
    attempt=st.integers(0, 9),
    generation=st.integers(0, 99),
    at=st.none() | st.just(AT),
    until=st.none() | st.just(AT),
    status=st.none() | st.integers(100, 599),
    code=TEXT,
    response=TEXT,
    ms=st.integers(0, 10**6),
)
ROWS = st.builds(
    Row,
    subject=st.builds(
        Subject,
        organization=st.just("contoso"),
        key=st.just("ab" * 32),
        time=st.none() | st.just(AT),
        id=TEXT,
        type=TEXT,
        subject=TEXT,
        source=TEXT,
        legal_entity=TEXT,
    ),
    state=st.sampled_from(["received", "deferred", "parked", "dead_lettered", "done", "unrouted"]),
    generation=st.integers(0, 10**6),
    accepted_at=st.just(AT),
    lease_until=st.none() | st.just(AT),
    owner=TEXT,
    running=TEXT.map(errand_of),
    deliveries=st.lists(ENTRIES, max_size=5).map(tuple),
    duplicates=st.integers(0, 9),
    reason=TEXT,
    updated_at=st.none() | st.just(AT),
)


def a_row(*deliveries, **changes):
    row = Row(
        subject=Subject(organization="contoso", key="ab" * 32, id="1", type="T"),
        state="done",
        generation=1,
        accepted_at=AT,
        deliveries=deliveries,
    )
    return msgspec.structs.replace(row, **changes)


def size(entity):
    """The size of an entity as Azure counts it, roughly: UTF-16 names and text, bytes as they are."""
    sizes = {name: len(value) if isinstance(value, bytes) else 2 * len(str(value)) for name, value in entity.items()}
    assert max(sizes.values()) <= 64 * 1024
    return sum(sizes.values()) + sum(2 * len(name) + 8 for name in entity)


@given(ROWS)
def test_a_row_reads_back_as_written(row):
    entity = encode(row, TABLE)
    assert entity["v"] == 1
    assert decode(entity) == row


def many(count, response=""):
    rng = random.Random(1)
    return tuple(
        Entry(
            slot=ByRoute(f"route-{number:05}-{rng.getrandbits(64):016x}"),
            target=f"target-{number % 50}",
            state="deferred" if number == 0 else "delivered",
            attempt=1,
            at=AT + timedelta(microseconds=number),
            status=200,
            response=response and rng.randbytes(250).hex(),
            ms=rng.randrange(9999),
        )
        for number in range(count)
    )


@pytest.mark.parametrize("count", [1, 20, 300, 10_000])
@pytest.mark.parametrize("response", ["", "x"])
def test_a_row_stays_within_the_limits_however_many_deliveries_there_are(count, response):
    row = a_row(*many(count, response))
    entity = encode(row, TABLE)
    assert size(entity) <= 1024 * 1024
    found = decode(entity)
    assert [entry.route for entry in found.deliveries] == [entry.route for entry in row.deliveries]
    assert found.deliveries[0].state == "deferred"


def test_an_absurd_number_of_deliveries_keeps_those_that_are_not_over():
    found = decode(encode(a_row(*many(60_000)), TABLE))
    assert [entry.state for entry in found.deliveries] == ["deferred"]


def test_long_attributes_are_cut_in_the_row():
    entity = encode(a_row(subject=Subject(organization="contoso", key="ab" * 32, type="t" * 100_000)), TABLE)
    assert size(entity) <= 1024 * 1024
    assert len(entity["type"]) == 2048


@pytest.mark.parametrize(
    "damage",
    [
        lambda entity: entity.update(v=2),
        lambda entity: entity.pop("v"),
        lambda entity: entity.update(state="lost"),
        lambda entity: entity.pop("generation"),
        lambda entity: entity.update(generation="seven"),
        lambda entity: entity.update(deliveries="{"),
        lambda entity: entity.update(deliveries=7),
        lambda entity: entity.update(deliveries="[" * 100_000),
        lambda entity: entity.pop("deliveries"),
        lambda entity: [entity.pop("deliveries"), entity.update(deliveries_0=b"no zlib")],
        lambda entity: entity.pop("RowKey"),
        lambda entity: entity.pop("accepted_at"),
    ],
)
def test_a_damaged_row_is_corrupt_and_never_another_error(damage):
    entity = encode(a_row(*many(1)), TABLE)
    damage(entity)
    with pytest.raises(CorruptRecord):
        decode(entity)
