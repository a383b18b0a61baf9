"""What still waits on our own queues and in the due table, and what of it is about which delivery; read with all hosts
stopped. A message whose claim-check is gone or empty holds nothing: it is not told, and what it was about is nowhere.
"""

import base64
import binascii
import hashlib
import time
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient, QueueMessage

from integration.delivery.queued.envelope import Envelope
from integration.delivery.queued.work import Work, decode_continuation
from integration.errors import CorruptRecord
from integration.events.record import load
from integration.storage.names import DUE, EVENTS, PAYLOADS, RETRIES
from tests.faults.evidence import Waits
from tests.faults.queued import sent_id

LONGEST = 660.0
"""Seconds after which every message is visible: those that are due later are rows of the table."""
HIDDEN = 3600
LOOK_EVERY = 0.5


def waiting(connection: str, *, queues: Iterable[str] = (), within: float = LONGEST) -> tuple[Waits, ...]:
    """Read all that waits; messages are hidden for an hour afterwards.

    A message that is not due yet cannot be looked at: it is waited for, and only who has not come to rest has one.

    Args:
        connection: The storage account, straight.
        queues: Storage queues that are sources.
        within: Seconds to wait for messages that are not due.
    """
    found = list(_due(connection))
    deadline = time.monotonic() + within
    for name in (each for queue in (EVENTS, RETRIES, *queues) for each in (queue, f"{queue}-poison")):
        for message, until in _messages(connection, name, deadline):
            found += _told(connection, name, _bytes(message.content), until)
    return tuple(found)


def _due(connection: str) -> Iterator[Waits]:
    with TableServiceClient.from_connection_string(connection) as service:
        if DUE not in {table.name for table in service.list_tables()}:
            return
        for row in service.get_table_client(DUE).list_entities():
            message, at = row.get("message"), row.get("at")
            if isinstance(message, bytes) and isinstance(at, datetime):
                yield from _told(connection, DUE, message, at.timestamp())


def _messages(connection: str, name: str, deadline: float) -> Iterator[tuple[QueueMessage, float]]:
    with QueueClient.from_connection_string(connection, name) as client:
        try:
            count = client.get_queue_properties().approximate_message_count or 0
        except ResourceNotFoundError:
            return  # nothing was ever put on it
        while count > 0:
            for message in client.receive_messages(messages_per_page=32, visibility_timeout=HIDDEN):
                count -= 1
                yield message, time.time()
            if time.monotonic() > deadline:
                return
            if count > 0:
                time.sleep(LOOK_EVERY)


def _told(connection: str, where: str, record: bytes, until: float) -> Iterator[Waits]:
    """Say what a message is about; of one that cannot be read only which it is."""
    digest = hashlib.sha256(record).hexdigest()
    nameless = Waits(where=where, until=until, digest=digest)
    if where.removesuffix("-poison") not in (EVENTS, RETRIES, DUE):
        yield _body(nameless, record)
        return
    try:
        if where.startswith(EVENTS):
            envelope = Envelope.decode(record)
            body = _claimed(connection, envelope.payload) if envelope.body is None else envelope.body
            yield from [_body(nameless, body)] if body else []
            return
        work = decode_continuation(record)
        if isinstance(work, Work):
            stored = None if work.event else _claimed(connection, work.payload)
            event = work.event or (load(stored) if stored else None)
            if event is not None:
                yield msgspec.structs.replace(
                    nameless,
                    id=event.id,
                    key=event.key,
                    route=work.scope.route,
                    generation=work.chain.generation,
                )
    except CorruptRecord:
        yield nameless


def _body(nameless: Waits, body: bytes) -> Waits:
    return msgspec.structs.replace(nameless, id=sent_id(body), key=hashlib.sha256(body).hexdigest())


def _claimed(connection: str, path: str) -> bytes | None:
    with ContainerClient.from_connection_string(connection, PAYLOADS) as client:
        try:
            return client.download_blob(path).readall() or None
        except ResourceNotFoundError:
            return None


def _bytes(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        return content.encode()
