"""What the storage account has: the journal, dead letters, parked deliveries; read straight, beside any proxy."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import ContainerClient

from integration.dead_letters import Record
from integration.dead_letters.store import DEAD_LETTERS, PARKED
from integration.journal import Row
from integration.journal.entity import decode
from integration.journal.tables import PREFIX
from tests.faults.evidence import Journalled, Kept, Made

AT_ONCE = 8


def journal(connection: str) -> tuple[Journalled, ...]:
    """Read every row of every week."""
    return tuple(_journalled(row) for row in _rows(connection))


def dead_letters(connection: str) -> tuple[Kept, ...]:
    """Read every dead letter."""
    return _kept(connection, DEAD_LETTERS)


def parked(connection: str) -> tuple[Kept, ...]:
    """Read every parked delivery."""
    return _kept(connection, PARKED)


def _rows(connection: str) -> Iterator[Row]:
    with TableServiceClient.from_connection_string(connection) as service:
        for table in service.list_tables():
            if table.name.startswith(PREFIX):
                yield from map(decode, service.get_table_client(table.name).list_entities())


def _journalled(row: Row) -> Journalled:
    deliveries = tuple(
        Made(
            route=entry.route,
            state=entry.state,
            target=entry.target,
            attempt=entry.attempt,
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
        reason=row.reason,
        generation=row.generation,
        duplicates=row.duplicates,
        resent=row.resent,
        replayed=row.replayed,
        deliveries=deliveries,
    )


def _kept(connection: str, container: str) -> tuple[Kept, ...]:
    with ContainerClient.from_connection_string(connection, container) as client:
        try:
            paths = [name for name in client.list_blob_names() if not name.startswith("leases/")]
        except ResourceNotFoundError:
            return ()  # nothing was ever kept in it

        def read(path: str) -> Kept:
            record = Record.decode(client.download_blob(path).readall())
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
            )

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return tuple(pool.map(read, paths))


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None
