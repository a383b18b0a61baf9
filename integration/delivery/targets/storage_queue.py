"""Deliver to a Storage queue."""

from integration.config.keys.model import StorageQueueTarget
from integration.delivery.shipment import Receipt, Shipment, content
from integration.errors import StorageRefused, StorageUnavailable, TargetRejected, TargetUnavailable
from integration.storage import Storage
from integration.storage.queues import MAX_MESSAGE


class StorageQueue:
    """A Storage queue, made if it is missing; messages are base64 text.

    Args:
        target: Its configuration.
        storage: The clients.
    """

    def __init__(self, target: StorageQueueTarget, storage: Storage) -> None:
        self._target = target
        self._queue = storage.queue(target.queue, connection=target.connection)

    async def deliver(self, shipment: Shipment) -> Receipt:
        """Put one message on the queue.

        Raises:
            TargetUnavailable: The storage account did not answer.
            TargetRejected: The event is larger than a queue message can be, or the account refuses it.
        """
        body, _ = content(shipment.event, self._target.body)
        if len(body) > MAX_MESSAGE:
            msg = f"{len(body)} bytes are more than the {MAX_MESSAGE} that a Storage queue message can hold"
            raise TargetRejected(msg)
        try:
            await self._queue.put(body)
        except StorageUnavailable as unavailable:
            raise TargetUnavailable(str(unavailable)) from unavailable
        except StorageRefused as refused:
            msg = f"the storage account answered {refused.status} to {self._target.name}"
            raise TargetRejected(msg, status=refused.status) from refused
        return Receipt()

    async def close(self) -> None:
        """Nothing to close: the clients belong to the process."""
