"""A table in memory, within the limits of Azure Tables.

Source of the limits: "Understanding the Table service data model", "Querying tables and entities".
"""

import operator
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from integration.errors import StorageRefused
from integration.storage.memory.account import Account
from integration.storage.tables import (
    MOST_BYTES,
    PAGE,
    Cursor,
    Entity,
    Insert,
    Operation,
    Page,
    Put,
    Remove,
    Replace,
    StoredRow,
    Unmet,
    Where,
    check_batch,
    rows_of,
    sent_size,
)

type _Key = tuple[str, str]

_NO_KEY = re.compile(r"[/\\#?\x00-\x1f\x7f-\x9f]")
_LONGEST_KEY = 1024
_LARGEST_PROPERTY = 64 * 1024
_LARGEST_ROW = 1024 * 1024
_MOST_PROPERTIES = 252
_NAMES = ("PartitionKey", "RowKey")
_INT64 = 2**63
_FIRST_TIME = datetime(1601, 1, 1, tzinfo=UTC)
_DELETING = 40.0
"""Seconds for which a deleted table is not made again. Source: "Delete Table": at least 40."""
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "ge", "gt", "le", "lt")
}


class MemoryTable:
    """A `Table` in memory.

    Args:
        account: Where it is.
        name: The table's name.
    """

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self._name = name
        self.rows: dict[_Key, StoredRow] = {}
        """What is in it; a test may read it, and break rows in it."""
        self.exists = False
        self._deleted: float | None = None

    async def get(self, partition: str, row: str) -> StoredRow | None:
        """Read a row, as `Table.get`."""
        return await self._account.ask("get", lambda: _copy(self.rows.get((partition, row))))

    async def insert(self, entity: Entity) -> str | None:
        """Write a new row, as `Table.insert`."""
        step = Insert(_kept(entity))
        return await self._account.ask("insert", lambda: self._done([step]))

    async def replace(self, entity: Entity, etag: str) -> str | None:
        """Write a row in the place of a version, as `Table.replace`."""
        step = Replace(_kept(entity), etag)
        return await self._account.ask("replace", lambda: self._done([step]))

    async def put(self, entity: Entity) -> str:
        """Write a row, as `Table.put`."""
        step = Put(_kept(entity))
        return await self._account.ask("put", lambda: self._done([step]) or "")

    async def remove(self, partition: str, row: str, etag: str | None = None) -> bool:
        """Remove a row, as `Table.remove`."""

        def act() -> bool:
            found = self.rows.get((partition, row))
            if found is not None and etag is not None and found.etag != etag:
                return False
            self.rows.pop((partition, row), None)
            return True

        return await self._account.ask("remove", act)

    async def page(self, where: Sequence[Where] = (), *, limit: int = PAGE, after: Cursor | None = None) -> Page:
        """Read one page, as `Table.page`."""
        if not 0 < limit <= PAGE:
            msg = f"a page of {limit} rows: 1 to {PAGE} can be asked for"
            raise StorageRefused(msg, status=400)
        begin = _order((after.partition, after.row)) if after is not None else None

        def act() -> Page:
            keys = [key for key in sorted(self.rows, key=_order) if begin is None or _order(key) >= begin]
            found = [key for key in keys if all(_meets(self.rows[key].entity, each) for each in where)]
            rows = [_copied(self.rows[key]) for key in found[:limit]]
            return Page(rows, Cursor(*found[limit]) if len(found) > limit else None)

        return await self._account.ask("page", act)

    def select(self, where: Sequence[Where] = (), *, limit: int | None = None) -> AsyncIterator[StoredRow]:
        """Read rows, as `Table.select`."""
        return rows_of(self, where, limit)

    async def batch(self, partition: str, operations: Sequence[Operation]) -> list[str] | Unmet:
        """Do several operations, as `Table.batch`."""
        check_batch(partition, operations)
        steps = [_kept_step(each) for each in operations]
        if sum(map(sent_size, steps)) > MOST_BYTES:
            msg = "writing rows: the account answered 413: the batch is too large"
            raise StorageRefused(msg, status=413)
        return await self._account.ask("batch", lambda: self._all(partition, steps))

    def drop(self) -> None:
        """Delete it with its rows; it cannot be made again for a while."""
        if self.exists:
            self.rows.clear()
            self.exists, self._deleted = False, self._account.clock.monotonic()

    def _done(self, steps: Sequence[Operation]) -> str | None:
        versions = self._all("", steps)
        return None if isinstance(versions, Unmet) else versions[0]

    def _all(self, partition: str, steps: Sequence[Operation]) -> list[str] | Unmet:
        if any(isinstance(each, Insert | Put) for each in steps):
            self._make()
        unmet = next((index for index, each in enumerate(steps) if not self._may(partition, each)), None)
        return Unmet(unmet) if unmet is not None else [self._do(partition, each) for each in steps]

    def _make(self) -> None:
        self._account.check_free(self._deleted, _DELETING, f"writing a row of {self._name}")
        self.exists, self._deleted = True, None

    def _may(self, partition: str, step: Operation) -> bool:
        found = self.rows.get(_key_of(partition, step))
        match step:
            case Insert():
                return found is None
            case Put():
                return True
            case Replace(_, etag) | Remove(_, etag):
                return found is not None and etag in (None, found.etag)

    def _do(self, partition: str, step: Operation) -> str:
        key = _key_of(partition, step)
        if isinstance(step, Remove):
            del self.rows[key]
            return ""
        self.rows[key] = StoredRow(dict(step.entity), self._account.version())
        return self.rows[key].etag


def _key_of(partition: str, step: Operation) -> _Key:
    return (partition, step.key) if isinstance(step, Remove) else (step.entity["PartitionKey"], step.entity["RowKey"])


def _copied(row: StoredRow) -> StoredRow:
    return StoredRow(dict(row.entity), row.etag)


def _copy(row: StoredRow | None) -> StoredRow | None:
    return _copied(row) if row is not None else None


def _order(key: _Key) -> tuple[bytes, bytes]:
    return _ordinal(key[0]), _ordinal(key[1])


def _ordinal(text: str) -> bytes:
    return text.encode("utf-16-be", errors="surrogatepass")


def _meets(entity: Mapping[str, Any], where: Where) -> bool:
    held, wanted = entity.get(where.name), where.value
    if isinstance(held, str) and isinstance(wanted, str):
        return _COMPARED[where.comparison](_ordinal(held), _ordinal(wanted))
    if held is None or isinstance(held, bool) != isinstance(wanted, bool):
        return False
    if isinstance(held, int | float) and isinstance(wanted, int | float):
        return _COMPARED[where.comparison](held, wanted)
    return type(held) is type(wanted) and _COMPARED[where.comparison](held, wanted)


def _kept_step(step: Operation) -> Operation:
    match step:
        case Insert(entity):
            return Insert(_kept(entity))
        case Replace(entity, etag):
            return Replace(_kept(entity), etag)
        case Put(entity):
            return Put(_kept(entity))
        case Remove():
            return step


def _kept(entity: Entity) -> dict[str, Any]:
    """Return what the account keeps of an entity.

    Raises:
        StorageRefused: It is beyond a limit.
        TypeError: A property is of a kind that tables do not have.
    """
    kept = {name: _value(value) for name, value in entity.items() if value is not None}
    for name in _NAMES:
        key = kept[name]
        if _NO_KEY.search(key) or len(_ordinal(key)) > _LONGEST_KEY:
            msg = f"writing a row: the account answered 400 for its {name}"
            raise StorageRefused(msg, status=400)
    sizes = {name: _size(value) for name, value in kept.items()}
    beyond = max(sizes.values()) > _LARGEST_PROPERTY or len(kept) - len(_NAMES) > _MOST_PROPERTIES
    if beyond or sum(sizes.values()) + sum(len(_ordinal(name)) for name in kept) > _LARGEST_ROW:
        msg = "writing a row: the account answered 400: a property or the row is too large"
        raise StorageRefused(msg, status=400)
    return kept


def _value(value: Any) -> Any:
    match value:
        case datetime():
            at = value.astimezone(UTC)
            if at < _FIRST_TIME:
                msg = f"writing a row: the account answered 400: {at.isoformat()} is before its first time"
                raise StorageRefused(msg, status=400)
            return at
        case bool() | float() | str() | bytes():
            return value
        case int() if -_INT64 <= value < _INT64:
            return value
        case _:
            msg = f"a property of a row cannot hold {type(value).__name__}, nor a number beyond 64 bits"
            raise TypeError(msg)


def _size(value: Any) -> int:
    match value:
        case str():
            return len(_ordinal(value))
        case bytes():
            return len(value)
        case _:
            return 8
