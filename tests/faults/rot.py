"""A byte of a queued record is changed, to one that no record can hold: what is read of it is wrong, and seen to be."""

import base64
import hashlib
import json
import random
import time
from typing import Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueClient

from integration.storage.names import EVENTS, RETRIES
from tests.faults.evidence import Rot
from tests.faults.world import Faulty

MOST = 3
HIDDEN = 5
NEVER = b"\xff"


class Rotting:
    """Changes a byte of some records that wait on our queues.

    Args:
        world: Where they are; what was changed is entered there.
        seed: Of the choice.
    """

    def __init__(self, world: Faulty, seed: object) -> None:
        self._world = world
        self._rng = random.Random(str(seed))  # a play, no secret
        self._left = {EVENTS: MOST, RETRIES: MOST}

    def again(self) -> None:
        """Change one record of each queue that has one just now."""
        for queue, left in self._left.items():
            if left:
                with QueueClient.from_connection_string(self._world.storage, queue) as client:
                    self._left[queue] -= self._rot(client, queue)

    def _rot(self, client: QueueClient, queue: str) -> int:
        try:
            message = client.receive_message(visibility_timeout=HIDDEN)
        except ResourceNotFoundError:
            return 0
        if message is None:
            return 0
        record = base64.b64decode(message.content)
        id_ = id_of(record)
        changed = record
        if id_:
            at = self._rng.randrange(len(record))
            changed = record[:at] + NEVER + record[at + 1 :]
            # Known before it can be found.
            rot = Rot(place=queue, id=id_, digest=hashlib.sha256(changed).hexdigest(), at=time.time())
            self._world.rots.append(rot)
        try:
            client.update_message(message, visibility_timeout=0, content=base64.b64encode(changed).decode())
        except HttpResponseError:
            if id_:
                self._world.rots.pop()
            return 0  # it was taken again meanwhile
        return int(bool(id_))


def id_of(record: bytes) -> str:
    """Say which event a record is about; empty where that does not stand in it.

    Args:
        record: An envelope, or a retry message.
    """
    try:
        told: dict[str, Any] = json.loads(record)
    except ValueError:
        return ""  # changed before
    event = told.get("event")
    if isinstance(event, dict):
        return str(event.get("id", ""))
    if not told.get("body") or "source" not in told:
        return ""
    try:
        body: Any = json.loads(base64.b64decode(told["body"]))
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    return str(body.get("EventId") or body.get("OperationId") or "")
