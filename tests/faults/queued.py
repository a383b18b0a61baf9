"""A byte of a message that waits on a queue of ours is changed, there or in the table of what is due later."""

import base64
import hashlib
import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueClient, QueueMessage

from integration.storage.names import DUE, EVENTS, RETRIES
from tests.faults.decay import changed
from tests.faults.evidence import Place, Rot
from tests.faults.world import Faulty

HIDDEN = 5
LATER = timedelta(seconds=1)


def rot(world: Faulty, place: Place, rng: random.Random) -> int:
    """Change one message of a queue; returns how many.

    No retry waits for more than ten minutes in a run: for a due row, a message is moved to where it would wait.

    Args:
        world: Where it is; what was changed is entered there.
        place: `envelope`, `retry` or `due row`.
        rng: Draws the byte.
    """
    queue = EVENTS if place == "envelope" else RETRIES
    with QueueClient.from_connection_string(world.storage, queue) as client:
        try:
            message = client.receive_message(visibility_timeout=HIDDEN)
        except ResourceNotFoundError:
            return 0
        if message is None:
            return 0
        record = base64.b64decode(message.content)
        id_ = id_of(record)
        if not id_:
            return _given_back(client, message)
        left = changed(record, rng)
        digest, text = hashlib.sha256(left).hexdigest(), base64.b64encode(left)
        wrapped = hashlib.sha256(text).hexdigest()
        # Known before it can be found.
        world.rots.append(
            Rot(place=place, id=id_, route=route_of(record), digest=digest, wrapped=wrapped, at=time.time())
        )
        try:
            if place == "due row":
                _moved(world.storage, left, digest, client, message)
            else:
                client.update_message(message, visibility_timeout=0, content=text.decode())
        except HttpResponseError:
            world.rots.pop()
            return 0  # it was taken again meanwhile
        return 1


def _given_back(client: QueueClient, message: QueueMessage) -> int:
    try:
        client.update_message(message, visibility_timeout=0)
    except HttpResponseError:
        return 0  # it was taken again meanwhile
    return 0


def _moved(connection: str, left: bytes, digest: str, client: QueueClient, message: QueueMessage) -> None:
    """Move a message to the due table; where it was taken again meanwhile, no second one is left behind."""
    _defer(connection, left, digest)
    try:
        client.delete_message(message)
    except HttpResponseError:
        with TableServiceClient.from_connection_string(connection) as service:
            table = service.get_table_client(DUE)
            for row in table.list_entities(select=["PartitionKey", "RowKey"]):
                if row["RowKey"].endswith(f"-{digest[:32]}"):
                    table.delete_entity(row["PartitionKey"], row["RowKey"])
        raise


def _defer(connection: str, message: bytes, digest: str) -> None:
    at = datetime.now(UTC) + LATER
    with TableServiceClient.from_connection_string(connection) as service:
        table = service.create_table_if_not_exists(DUE)
        row = {"PartitionKey": f"{at:%Y%m%d%H}", "RowKey": f"{at:%Y%m%d%H%M%S%f}-{digest[:32]}"}
        try:
            table.create_entity({**row, "v": 1, "at": at, "message": message})
        except ResourceExistsError:
            return  # the very same


def id_of(record: bytes) -> str:
    """Say which event a record is about; empty where that does not stand in it.

    Args:
        record: An envelope, or a retry message.
    """
    told = _read(record)
    event = told.get("event")
    if isinstance(event, dict):
        return str(event.get("id", ""))
    if not told.get("body") or "source" not in told:
        return ""
    return sent_id(base64.b64decode(told["body"]))


def route_of(record: bytes) -> str:
    """Say which delivery a retry message is about; empty where it is about the event as a whole."""
    told = _read(record)
    route = str(told.get("route", ""))
    return "" if told.get("whole") or not route.isprintable() or route.startswith("*") else route


def sent_id(body: bytes) -> str:
    """Say which event a sender's body is; empty where that does not stand in it."""
    told = _read(body)
    return str(told.get("EventId") or told.get("OperationId") or "")


def _read(record: bytes) -> dict[str, Any]:
    try:
        told: Any = json.loads(record)
    except ValueError:
        return {}  # changed before, or no JSON
    return told if isinstance(told, dict) else {}
