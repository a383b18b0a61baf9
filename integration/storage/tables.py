"""The port for tables: rows by two keys, each with a version, written only where nobody else was faster.

`AzureTable` (azure_tables.py) is a table of a storage account, `MemoryTable` (memory/) its twin in unit tests; one set
of assertions is run against both (tests/contract/storage/test_tables.py).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import Any, Literal, Protocol

import msgspec

_HEADS = 1_024
"""Bytes of the heads of a part and of the request in it: some 700, with keys of 64 characters."""
_PUNCTUATION, _TYPED = 8, 100
"""Bytes beside a text; and of a value whose name is there twice, once with its type: a number or a time with them."""

type Value = str | int | float | bool | bytes | datetime
"""What a property may hold: text, 32 or 64 bits, a float, bytes, a time with its zone."""

type Entity = Mapping[str, Any]
"""A row as it is written: PartitionKey, RowKey and properties, each a `Value`; None is left out."""

type Comparison = Literal["eq", "ne", "ge", "gt", "le", "lt"]

PAGE = 1000
"""The most rows that one request answers. Source: "Query timeout and pagination"."""
MOST_OPERATIONS = 100
"""The most operations of one batch. Source: "Performing entity group transactions"."""
MOST_BYTES = 4 * 1024 * 1024
"""The most bytes of one batch as it is sent. Source: as before."""


class StoredRow(msgspec.Struct, frozen=True):
    """A row as it was read.

    Args:
        entity: Keys and properties.
        etag: Its version, for a conditional write.
    """

    entity: dict[str, Any]
    etag: str

    @property
    def partition(self) -> str:
        """PartitionKey."""
        return str(self.entity["PartitionKey"])

    @property
    def key(self) -> str:
        """RowKey."""
        return str(self.entity["RowKey"])


class Where(msgspec.Struct, frozen=True):
    """One condition; a row without the property does not meet it.

    Args:
        name: The property, or PartitionKey or RowKey.
        comparison: How.
        value: With what; text is compared by its characters' numbers, not by any language's order.
    """

    name: str
    comparison: Comparison
    value: Value


class Cursor(msgspec.Struct, frozen=True):
    """Where a listing goes on: the first keys that were not looked at.

    Args:
        partition: PartitionKey; may be empty.
        row: RowKey; may be empty.
    """

    partition: str = ""
    row: str = ""


class Page(msgspec.Struct, frozen=True):
    """Rows, and where the next page begins; a page may be short, even empty, and still have a next one."""

    rows: list[StoredRow]
    following: Cursor | None = None


class Insert(msgspec.Struct, frozen=True, tag=True):
    """A row that must not be there yet."""

    entity: Entity


class Replace(msgspec.Struct, frozen=True, tag=True):
    """A row in the place of this version of it."""

    entity: Entity
    etag: str


class Put(msgspec.Struct, frozen=True, tag=True):
    """A row, whatever is in its place."""

    entity: Entity


class Remove(msgspec.Struct, frozen=True, tag=True):
    """No row any more; it must be there, and be this version where one is given."""

    key: str
    etag: str | None = None


type Operation = Insert | Replace | Put | Remove


class Unmet(msgspec.Struct, frozen=True):
    """Nothing of a batch was done: the condition of one operation is not met.

    It is what the account says of the last time that the batch reached it. An earlier one whose answer was lost, and
    which the SDK has sent again, may be what stands in the way: then all of it has been done.

    Args:
        index: Whose, by its place in the batch; None: the account does not say.
    """

    index: int | None = None


class Table(Protocol):
    """One table. One that is missing is empty, and is made by the first write that needs it.

    Every method raises StorageUnavailable where the account does not answer: whether a write was made is not known
    then. It raises StorageRefused for what the account would refuse again: a property above 64 KiB, a row above 1 MiB,
    a key with a character that keys cannot have.
    """

    async def get(self, partition: str, row: str) -> StoredRow | None:
        """Read a row; None when there is none."""
        ...

    async def insert(self, entity: Entity) -> str | None:
        """Write a row that is not there yet.

        Returns:
            Its version; None when there is one already. It may be this very row: written at an earlier attempt whose
            answer was lost. Who must tell this apart writes a word of its own into it (the journal's `owner`).
        """
        ...

    async def replace(self, entity: Entity, etag: str) -> str | None:
        """Write a row in the place of the version that was read.

        Returns:
            Its new version; None when somebody else was first, with another version or by removing it. It may have
            been this very call, as with `insert`.
        """
        ...

    async def put(self, entity: Entity) -> str:
        """Write a row, whatever is in its place; returns its version."""
        ...

    async def remove(self, partition: str, row: str, etag: str | None = None) -> bool:
        """Remove a row, if it still is this version where one is given.

        Returns:
            False when it has been written since; a row that is gone already counts as removed.
        """
        ...

    async def page(self, where: Sequence[Where] = (), *, limit: int = PAGE, after: Cursor | None = None) -> Page:
        """Read one page of the rows that meet all conditions, in the order of their keys: one request.

        Args:
            where: The conditions; none: every row.
            limit: How many rows at most.
            after: Where the page before has said that this one begins.
        """
        ...

    def select(self, where: Sequence[Where] = (), *, limit: int | None = None) -> AsyncIterator[StoredRow]:
        """Read the rows that meet all conditions, in the order of their keys.

        Args:
            where: The conditions; none: every row.
            limit: How many rows at most.
        """
        ...

    async def batch(self, partition: str, operations: Sequence[Operation]) -> list[str] | Unmet:
        """Do several operations on rows of one partition, all or none.

        Args:
            partition: The partition of them all.
            operations: At most 100 of them, each on a row of its own.

        Returns:
            The version of each row, empty for a removed one; Unmet when the condition of one was not met.
        """
        ...


async def rows_of(table: Table, where: Sequence[Where], limit: int | None) -> AsyncIterator[StoredRow]:
    """Go through the pages of a table, for its `select`."""
    place: Cursor | None = None
    left = limit
    while left is None or left > 0:
        page = await table.page(where, limit=PAGE if left is None else min(left, PAGE), after=place)
        for row in page.rows:
            yield row
        left = None if left is None else left - len(page.rows)
        place = page.following
        if place is None:
            return


def sent_size(step: Operation) -> int:
    """Say how many bytes an operation takes at most in a batch as the SDK writes it: JSON in the parts of a message."""
    if isinstance(step, Remove):
        return _HEADS
    size = _HEADS
    for name, value in step.entity.items():
        size += _named(name) + (len(encode_basestring_ascii(value)) if type(value) is str else _size(value))
    return size


@cache
def _named(name: str) -> int:
    """Say what a property's name takes, with the punctuation; there are few of them."""
    return len(encode_basestring_ascii(name)) + _PUNCTUATION


def _size(value: Value | None) -> int:
    match value:
        case str():
            return len(encode_basestring_ascii(value))
        case bytes():  # as base64
            return 4 * (len(value) // 3 + 1) + _TYPED
        case _:
            return _TYPED


def check_batch(partition: str, operations: Sequence[Operation]) -> None:
    """Refuse what no table takes as one batch.

    Raises:
        ValueError: It is empty or too long, leaves the partition, or is about one row twice.
    """
    keys: list[str] = []
    for each in operations:
        if not isinstance(each, Remove) and each.entity["PartitionKey"] != partition:
            msg = f"a batch of partition {partition!r} has an operation of another one"
            raise ValueError(msg)
        keys.append(each.key if isinstance(each, Remove) else str(each.entity["RowKey"]))
    if not 0 < len(keys) <= MOST_OPERATIONS or len(set(keys)) < len(keys):
        msg = f"a batch has 1 to {MOST_OPERATIONS} operations, each on a row of its own; these are {len(keys)}"
        raise ValueError(msg)
