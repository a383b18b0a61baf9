"""What the storage account has: the journal, dead letters, parked deliveries; read straight, beside any proxy."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import ContainerClient

from integration.dead_letters import Place, Record
from integration.dead_letters.places import route_mark
from integration.errors import CorruptRecord
from integration.journal import Row
from integration.journal.entity import decode
from integration.journal.tables import PAST_EVENTS
from integration.storage.names import DEAD_LETTERS, JOURNAL, PARKED
from tests.faults.evidence import Journalled, Kept, Made
from tests.faults.excuses import CORRUPT

AT_ONCE = 8
NONE: Mapping[str, str] = {}


def journal(connection: str) -> tuple[Journalled, ...]:
    """Read every row of every week that can be read."""
    rows = (_readable(row) for row in _rows(connection))
    return tuple(_journalled(row) for row in rows if row is not None)


def unread(connection: str) -> tuple[str, ...]:
    """Name the rows that cannot be read, by their events' keys."""
    return tuple(str(row["RowKey"]) for row in _rows(connection) if _readable(row) is None)


def dead_letters(connection: str, routes: Mapping[str, str] = NONE) -> tuple[Kept, ...]:
    """Read every dead letter; one that cannot be read says what its path says.

    Args:
        connection: The storage account, straight.
        routes: Each route's target: a path has no more than a mark of the route.
    """
    return _kept(connection, DEAD_LETTERS, routes)


def parked(connection: str) -> tuple[Kept, ...]:
    """Read every parked delivery."""
    return _kept(connection, PARKED, NONE)


def _rows(connection: str) -> Iterator[Mapping[str, Any]]:
    with TableServiceClient.from_connection_string(connection) as service:
        for table in service.list_tables():
            if table.name.startswith(JOURNAL):
                for row in service.get_table_client(table.name).query_entities(f"RowKey lt '{PAST_EVENTS}'"):
                    yield {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """Take the SDK's own kind of time for a time, as the port for tables does."""
    return datetime.combine(value.date(), value.timetz()) if isinstance(value, datetime) else value


def _readable(row: Mapping[str, Any]) -> Row | None:
    try:
        return decode(row)
    except CorruptRecord:
        return None


def _journalled(row: Row) -> Journalled:
    deliveries = tuple(
        Made(
            route=entry.route,
            state=entry.state,
            target=entry.target,
            attempt=entry.attempt,
            generation=entry.generation,
            status=entry.status,
            code=entry.code,
            at=_seconds(entry.at),
        )
        for entry in row.deliveries
    )
    return Journalled(
        organization=row.subject.organization,
        key=row.subject.key,
        id=row.subject.id,
        state=row.state,
        type=row.subject.type,
        reason=row.reason,
        generation=row.generation,
        duplicates=row.duplicates,
        resent=row.resent,
        replayed=row.replayed,
        deliveries=deliveries,
    )


def _kept(connection: str, container: str, routes: Mapping[str, str]) -> tuple[Kept, ...]:
    with ContainerClient.from_connection_string(connection, container) as client:
        try:
            paths = [name for name in client.list_blob_names() if not name.startswith("leases/")]
        except ResourceNotFoundError:
            return ()  # nothing was ever kept in it

        def read(path: str) -> Kept:
            stored = client.download_blob(path).readall()
            try:
                record = Record.decode(stored)
            except CorruptRecord:
                return unreadable(path, stored, routes)
            corrupt = record.reason == CORRUPT
            return Kept(
                path=path,
                organization=record.organization,
                reason=record.reason,
                key=record.key,
                id=record.event.id if record.event else "",
                type=record.event.type if record.event else "",
                route=record.route,
                target=record.target,
                whole=record.whole,
                attempts=record.attempts,
                accepted_at=record.accepted_at.timestamp(),
                recorded_at=record.recorded_at.timestamp(),
                told=f"{record.message} {(record.body or b'').decode(errors='replace')}" if corrupt else "",
            )

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return tuple(pool.map(read, paths))


def unreadable(path: str, stored: bytes, routes: Mapping[str, str]) -> Kept:
    """Say what a dead letter that cannot be read still says: by where it lies."""
    place = Place.read(path)
    digest = hashlib.sha256(stored).hexdigest()
    if place is None:
        return Kept(path=path, organization="", reason="", key="", digest=digest)
    route = _marked(place.route, routes)
    key = path.rsplit("/", 1)[-1].split("-")[1]
    at = datetime.strptime(place.at, "%Y/%m/%d/%H%M%S%f").replace(tzinfo=UTC).timestamp()
    return Kept(
        path=path,
        organization=place.organization,
        reason=place.reason,
        key=key,
        route=route,
        target=routes.get(route, ""),
        accepted_at=at,
        digest=digest,
    )


def _marked(mark: str, routes: Iterable[str]) -> str:
    return next((route for route in ("", *routes) if route_mark(route) == mark), mark)


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None
