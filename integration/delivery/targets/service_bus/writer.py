"""One writer per broker entity: it owns the sender, which is not safe for concurrent use, and coalesces sends."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from integration.delivery.targets.service_bus.failures import failure_of
from integration.errors import DeliveryFailed, TargetRejected, TargetUnavailable
from integration.loggers import logger

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusMessage
    from azure.servicebus.aio import ServiceBusSender

log = logger("delivery")

# For one send with the SDK's own attempts at it; a run of a function has 120 s.
SEND_TIMEOUT_SECONDS = 30.0
# A batch is limited by its size too; this bounds what one refusal makes to be sent again.
MOST = 500


class Together(IntEnum):
    """What an entity takes in one batch; learnt from its refusals.

    A partitioned entity refuses a batch that it would have to spread over its partitions: one with different session
    ids or partition keys or, with duplicate detection, message ids. Source: "Partitioned queues and topics".
    """

    ANYTHING = 0
    ONE_KEY = 1
    ONE_MESSAGE = 2


class Parcel:
    """A message on its way; `done` is its sender's to wait for."""

    __slots__ = ("done", "message")

    def __init__(self, message: "ServiceBusMessage", done: "asyncio.Future[None]") -> None:
        self.message = message
        self.done = done

    @property
    def key(self) -> str:
        """What decides the partition."""
        return self.message.session_id or self.message.partition_key or ""

    def settle(self, failure: DeliveryFailed | None = None) -> None:
        """Let its sender go on; one that was cancelled does not care."""
        if self.done.done():
            return
        if failure is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(failure)


class Writer:
    """Sends to one queue or topic.

    Messages that come while a send is under way go together in the next one. An idle writer gives the others of this
    turn of the loop the time to come too, unless nothing came along with the last message: then it sends at once.
    Nothing is kept open between a failure and the next message, so the writer reconnects by itself.

    Args:
        entity: The name of the queue or topic, for messages.
        open_sender: Makes a sender that connects at its first use.
    """

    def __init__(self, entity: str, open_sender: "Callable[[], ServiceBusSender]") -> None:
        self._entity = entity
        self._open = open_sender
        self._sender: ServiceBusSender | None = None
        self._waiting: deque[Parcel] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._together = Together.ANYTHING
        self._alone = False
        self._closed = False

    @property
    def together(self) -> Together:
        """What the entity is known to take in one batch."""
        return self._together

    async def send(self, message: "ServiceBusMessage") -> None:
        """Send one message; returns when the broker has it.

        Raises:
            TargetUnavailable: It is not known to be sent; trying again may help.
            TargetRejected: The broker refused this message.
        """
        if self._closed:
            msg = f"the writer of {self._entity} is closed"
            raise TargetUnavailable(msg)
        loop = asyncio.get_running_loop()
        parcel = Parcel(message, loop.create_future())
        self._waiting.append(parcel)
        if self._writing is None:
            name = f"Writer of {self._entity}"
            writing = asyncio.Task(self._write(), loop=loop, name=name, eager_start=self._alone)
            self._writing = None if writing.done() else writing
        try:
            await parcel.done
        except asyncio.CancelledError:
            # Given up by its sender, who will try again: sent later all the same, it would be there twice.
            with contextlib.suppress(ValueError):
                self._waiting.remove(parcel)
            raise

    async def close(self) -> None:
        """Send what waits, and close the sender."""
        self._closed = True
        if self._writing is not None:
            await self._writing
        await self._hang_up()

    async def _write(self) -> None:
        try:
            while self._waiting:
                parcels = self._take()
                self._alone = len(parcels) == 1
                await self._ship(parcels)
        finally:
            self._writing = None
            for parcel in self._waiting:  # only when this task was cancelled
                parcel.settle(TargetUnavailable(f"sending to {self._entity} was broken off"))
            self._waiting.clear()

    def _take(self) -> list[Parcel]:
        """Take what may go together, the oldest first."""
        if self._together is Together.ONE_MESSAGE:
            return [self._waiting.popleft()]
        if self._together is Together.ANYTHING and len(self._waiting) <= MOST:
            taken = list(self._waiting)
            self._waiting.clear()
            return taken
        key = self._waiting[0].key
        mixed = self._together is Together.ANYTHING
        taken = [parcel for parcel in self._waiting if mixed or parcel.key == key][:MOST]
        chosen = set(map(id, taken))
        self._waiting = deque(parcel for parcel in self._waiting if id(parcel) not in chosen)
        return taken

    async def _ship(self, parcels: list[Parcel]) -> None:
        """Send parcels and settle each, whatever happens."""
        try:
            failure = await self._send(parcels)
        except BaseException:
            for parcel in parcels:
                parcel.settle(TargetUnavailable(f"sending to {self._entity} was broken off"))
            raise
        if failure is None:
            return
        # The connection is gone for those that wait too: each trying by itself would take a timeout each.
        for parcel in (*parcels, *self._waiting):
            parcel.settle(failure)
        self._waiting.clear()
        await self._hang_up()

    async def _send(self, parcels: Sequence[Parcel]) -> TargetUnavailable | None:
        """Send parcels in as few batches as their size allows; return why the entity takes nothing now."""
        if len(parcels) == 1:
            return await self._send_one(parcels[0])
        from azure.servicebus.exceptions import MessageSizeExceededError  # noqa: PLC0415  # at first use

        rest = deque(parcels)
        while rest:
            try:
                batch = await self._connected().create_message_batch()
            except Exception as error:  # noqa: BLE001  # the SDK lets errors of its transports through
                return _unavailable(failure_of(error, self._entity))
            # Connecting may have taken longer than a sender waits.
            rest = deque(parcel for parcel in rest if not parcel.done.done())
            together: list[Parcel] = []
            while rest:
                try:
                    batch.add_message(rest[0].message)
                except MessageSizeExceededError:
                    break
                except Exception as error:  # noqa: BLE001  # whatever it is: the others are not to pay for it
                    failed = f"no message for {self._entity} can be made of it: {type(error).__name__}: {error}"
                    rest.popleft().settle(TargetRejected(failed))
                    continue
                together.append(rest.popleft())
            if not together and not rest:
                break
            # Too large for a batch of its own: it may still go without one.
            failure = await (self._send_batch(batch, together) if together else self._send_one(rest.popleft()))
            if failure is not None:
                return failure
        return None

    async def _send_one(self, parcel: Parcel) -> TargetUnavailable | None:
        try:
            await self._connected().send_messages(parcel.message, timeout=SEND_TIMEOUT_SECONDS)
        except Exception as error:  # noqa: BLE001  # the SDK lets errors of its transports through
            failure = failure_of(error, self._entity)
            if isinstance(failure, TargetRejected):
                parcel.settle(failure)
                return None
            return _unavailable(failure)
        parcel.settle()
        return None

    async def _send_batch(self, batch: object, parcels: list[Parcel]) -> TargetUnavailable | None:
        try:
            await self._connected().send_messages(batch, timeout=SEND_TIMEOUT_SECONDS)  # pyright: ignore[reportArgumentType]
        except Exception as error:  # noqa: BLE001  # the SDK lets errors of its transports through
            failure = failure_of(error, self._entity)
            if isinstance(failure, TargetRejected):
                return await self._send_apart(parcels)
            return _unavailable(failure)
        for parcel in parcels:
            parcel.settle()
        return None

    async def _send_apart(self, parcels: list[Parcel]) -> TargetUnavailable | None:
        """Send what was refused together in smaller batches; remember what the entity takes where that was the cause.

        A refusal may be about one message or about the mixture. It was the mixture when all the parts pass.
        """
        groups = _by_key(parcels)
        if len(groups) > 1:
            for group in groups:
                failure = await self._send(group)
                if failure is not None:
                    return failure
            self._learn(Together.ONE_KEY, parcels)
            return None
        for parcel in parcels:
            failure = await self._send_one(parcel)
            if failure is not None:
                return failure
        if len(parcels) > 1:
            self._learn(Together.ONE_MESSAGE, parcels)
        return None

    def _learn(self, together: Together, parcels: Iterable[Parcel]) -> None:
        passed = all(parcel.done.cancelled() or parcel.done.exception() is None for parcel in parcels)
        if passed and together > self._together:
            self._together = together
            log.info("%s refuses mixed batches: from now on %s goes together", self._entity, together.name.lower())

    def _connected(self) -> "ServiceBusSender":
        if self._sender is None:
            self._sender = self._open()
        return self._sender

    async def _hang_up(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            with contextlib.suppress(Exception):  # it is given up: how it ends changes nothing
                await sender.close()


def _by_key(parcels: Sequence[Parcel]) -> list[list[Parcel]]:
    groups: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        groups.setdefault(parcel.key, []).append(parcel)
    return list(groups.values())


def _unavailable(failure: DeliveryFailed) -> TargetUnavailable:
    return failure if isinstance(failure, TargetUnavailable) else TargetUnavailable(str(failure))
