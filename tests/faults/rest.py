"""Whether everything has come to rest: nothing waits on a queue, nothing is due, no event is under way."""

import itertools
from collections.abc import Callable, Iterable, Iterator

import msgspec
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueServiceClient

from emulation.service_bus import Control
from integration.dead_letters.reasons import NOT_LINKED
from integration.health.machine import State
from integration.health.standing import Standing
from integration.storage.names import DUE, EVENTS, HEALTH, JOURNAL, PARKED, RETRIES

LOOK_EVERY = 0.3
# Nothing waits longer than for the last of its retries or for a lease: a third of these looks on a quiet machine. They
# are counted, for on a busy one each look takes longer, as the work does that it waits for.
LOOKS = 300
UNDER_WAY = "state eq 'received' or state eq 'deferred'"


def unrest(
    connection: str,
    control: Control,
    *,
    queues: Iterable[str] = (),
    entities: Iterable[str] = (),
    linked: Iterable[str] = (),
) -> tuple[str, ...]:
    """Say what has not come to rest; empty when everything has.

    Args:
        connection: The storage account, straight.
        control: The broker's.
        queues: Storage queues that are sources.
        entities: Queues and subscriptions of the broker that are sources.
        linked: Organizations whose link is there: nothing may be parked for them as not linked.
    """
    return (
        *_queues(connection, (EVENTS, RETRIES, *queues)),
        *_entities(control, entities),
        *_tables(connection),
        *_parked(connection, linked),
        *_watched(connection),
    )


def settled(look: Callable[[], tuple[str, ...]], sleep: Callable[[float], object]) -> tuple[str, ...]:
    """Look until nothing is left, or until what is left has not changed for many looks.

    Args:
        look: Says what is left.
        sleep: Waits for so many seconds.

    Returns:
        What is left.
    """
    last, same = look(), 0
    while last and same < LOOKS:
        sleep(LOOK_EVERY)
        now = look()
        same = same + 1 if now == last else 0
        last = now
    return last


def _queues(connection: str, names: Iterable[str]) -> Iterator[str]:
    with QueueServiceClient.from_connection_string(connection) as service:
        for name in (each for source in names for each in (source, f"{source}-poison")):
            try:
                count = service.get_queue_client(name).get_queue_properties().approximate_message_count
            except ResourceNotFoundError:
                continue  # nothing was ever put on it
            if count:
                yield f"{name}: {count} messages"


def _entities(control: Control, names: Iterable[str]) -> Iterator[str]:
    counts = control.state()["entities"]
    for name in names:
        waiting = {state: counts[name][state] for state in ("active", "deferred", "scheduled") if counts[name][state]}
        if waiting:
            yield f"{name}: {waiting}"


def _tables(connection: str) -> Iterator[str]:
    with TableServiceClient.from_connection_string(connection) as service:
        for name in [table.name for table in service.list_tables()]:
            client = service.get_table_client(name)
            if name == DUE and (due := sum(1 for _ in client.list_entities(select=["RowKey"]))):
                yield f"{name}: {due} retries"
            if name.startswith(JOURNAL):
                for row in client.query_entities(UNDER_WAY, select=["RowKey", "id", "state"]):
                    yield f"{name}: {row.get('id') or row['RowKey']} is {row['state']}"


def _watched(connection: str) -> Iterator[str]:
    """Say of whom the watch has an incident open that ends with the fault, or something to tell."""
    with TableServiceClient.from_connection_string(connection) as service:
        if HEALTH not in {table.name for table in service.list_tables()}:
            return
        for row in service.get_table_client(HEALTH).list_entities():
            pieces = itertools.takewhile(bool, (row.get(f"watch{number}") for number in itertools.count()))
            whole = b"".join(each if isinstance(each, bytes) else str(each).encode() for each in pieces)
            try:
                state = msgspec.json.decode(whole, type=Standing).states
            except msgspec.MsgspecError:
                continue  # it was changed, and is begun anew by the round that comes
            integration = state.get("integration", State())
            if integration.incident is not None:
                yield f"{row.get('name')}: the incident {integration.incident.id} is open"
            if any(each.outbox for each in state.values()):
                yield f"{row.get('name')}: something is to be told"


def _parked(connection: str, organizations: Iterable[str]) -> Iterator[str]:
    with ContainerClient.from_connection_string(connection, PARKED) as client:
        for name in organizations:
            try:
                count = sum(1 for _ in client.list_blob_names(name_starts_with=f"{name}/{NOT_LINKED}/"))
            except ResourceNotFoundError:
                return  # nothing was ever parked
            if count:
                yield f"{name}: {count} deliveries are parked, and the link is there"
