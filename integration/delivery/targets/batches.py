"""Deliveries to one URL that are under way at once, sent together; each has an outcome of its own.

Nothing waits for others to come: what comes while a request is under way goes with the next. A batch that is taken is
taken whole; one that cannot be sent now is tried again delivery by delivery. One that is refused is sent again in
halves, down to the event that it is refused for.
"""

import asyncio
from collections.abc import Awaitable, Callable

from integration.delivery.shipment import Receipt, Shipment
from integration.errors import DeliveryFailed, TargetRejected, TargetUnavailable
from integration.events.cloudevents import structured

MOST_EVENTS = 100
MOST_BYTES = 1 << 20

_OF_ITS_EVENTS = frozenset({400, 413, 422})
"""Refusals that may be for one event of a batch; any other is for whoever sends."""

type Send = Callable[[str, list[Shipment]], Awaitable[Receipt]]


class _Waiting:
    __slots__ = ("done", "shipment", "size")

    def __init__(self, shipment: Shipment) -> None:
        self.shipment = shipment
        self.size = len(structured(shipment.event))
        self.done: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()


class Batches:
    """The batches of one target, by URL.

    Args:
        send: Sends one batch.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: dict[str, list[_Waiting]] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}

    async def deliver(self, url: str, shipment: Shipment) -> Receipt:
        """Send a delivery with the others to its URL.

        Raises:
            DeliveryFailed: As the sending of its batch has it, or its own.
        """
        waiting = _Waiting(shipment)
        self._waiting.setdefault(url, []).append(waiting)
        if url not in self._senders:
            self._senders[url] = asyncio.create_task(self._send_all(url))
        return await waiting.done

    async def close(self) -> None:
        """End what is under way; whoever waits is told that it may have arrived."""
        senders = list(self._senders.values())
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)

    async def _send_all(self, url: str) -> None:
        taken: list[_Waiting] = []
        try:
            while waiting := self._waiting.get(url):
                taken = waiting[: _fitting(waiting)]
                del waiting[: len(taken)]
                await self._send_one(url, taken)
        finally:
            left = [*taken, *self._waiting.pop(url, [])]
            del self._senders[url]
            for each in left:
                if not each.done.done():
                    msg = "the process ended while the delivery was under way"
                    each.done.set_exception(TargetUnavailable(msg))

    async def _send_one(self, url: str, batch: list[_Waiting]) -> None:
        # Who gave up needs no delivery: it is tried again by the schedule.
        batch = [each for each in batch if not each.done.done()]
        if not batch:
            return
        try:
            receipt = await self._send(url, [each.shipment for each in batch])
        except TargetRejected as refused:
            if len(batch) > 1 and refused.status in _OF_ITS_EVENTS:
                half = len(batch) // 2
                await self._send_one(url, batch[:half])
                await self._send_one(url, batch[half:])
                return
            _fail(batch, refused)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who wait to judge
            _fail(batch, error)
        else:
            for each in batch:
                if not each.done.done():
                    each.done.set_result(receipt)


def _fitting(waiting: list[_Waiting]) -> int:
    """Count how many of those that wait one batch takes; one that is too large for any goes alone."""
    size = 0
    for count, each in enumerate(waiting[:MOST_EVENTS]):
        size += each.size + 1
        if size > MOST_BYTES:
            return max(count, 1)
    return min(len(waiting), MOST_EVENTS)


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for each in batch:
        if not each.done.done():
            each.done.set_exception(_own(error))


def _own(error: Exception) -> Exception:
    """Return an error for one of those who wait: one that many raise would mix their tracebacks."""
    if not isinstance(error, DeliveryFailed):
        return error
    own = type(error)(str(error), status=error.status, response=error.response, retry_after=error.retry_after)
    own.__cause__ = error
    return own
