"""The connection of one receiver, read by one task, and the credit on its link.

The SDK reads only for who waits for something, one at a time, and nobody writes meanwhile: `AsyncTransport` guards both
with one lock, and who waits for the outcome of a settlement reads on after another has read that outcome. Calls that
end while more messages are awaited then wait for each other: with 64 under way, a twentieth of the rate. Here one task
reads; all else of the SDK, from signing in to settling, is as it is, and waits until something was read.

The credit is that of Azure.Messaging.ServiceBus: without prefetching each free call asks for one message, as the
processor's tasks do; with prefetching the link asks by itself for as many as it may keep, whatever calls are free.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusReceiver

if TYPE_CHECKING:
    from azure.servicebus.exceptions import ServiceBusError

# How long the reader waits for a frame before it looks whether the connection has to be kept alive; how often the
# token is looked at; how long one is let wait who would have read; how long a broker may take to give credit back.
READ, SIGNED_IN, PATIENCE, DRAIN = 1.0, 1.0, 1.0, 5.0

_log = logging.getLogger("azure.servicebus")


class Wire:
    """Reads from an open receiver until it fails or is closed.

    Args:
        receiver: The SDK's, open; nobody calls its `receive_messages`.
        arrived: Takes each message.
        wanted: Says how many messages may be on their way.
    """

    # ruff: noqa: SLF001 - the SDK has no public way to read while one writes, nor to give credit call by call

    def __init__(
        self,
        receiver: ServiceBusReceiver,
        arrived: Callable[[ServiceBusReceivedMessage], None],
        wanted: Callable[[], int],
    ) -> None:
        self._receiver: Any = receiver
        self._handler: Any = self._receiver._handler
        self._connection: Any = self._handler._connection
        self._link: Any = self._handler._link
        self._arrived = arrived
        self._wanted = wanted
        self._read: Callable[..., Awaitable[None]] = self._connection.listen
        self._came = asyncio.Event()
        self._telling = False
        self._more = asyncio.Event()
        self._stopped = False
        self._drained = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.failed: asyncio.Future[ServiceBusError] = asyncio.get_running_loop().create_future()

    def open(self) -> None:
        """Begin to read, and ask for messages."""
        transport = self._connection._transport
        transport.write = transport._write  # a stream is read and written at the same time
        self._connection.listen = self._wait
        self._link._on_transfer = self._receive
        self._link._incoming_flow = self._hear
        self._more.set()
        for work in (self._pump(), self._ask(), self._stay_signed_in()):
            self._tasks.append(asyncio.create_task(work, name="Service Bus receiver"))

    def ask(self) -> None:
        """Ask for what is wanted now; what is wanted in the same moment is asked for together."""
        self._more.set()

    async def stop(self) -> None:
        """Take no more: give the credit back, and what comes all the same."""
        self._stopped = True
        if self.failed.done():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN):
                await self._link.flow(link_credit=0, drain=True)
                while not (self._drained.is_set() or self.failed.done()):
                    await self._came.wait()

    async def give_back(self, message: ServiceBusReceivedMessage) -> None:
        """Release a message for which nothing was done: the delivery does not count."""
        given: Any = message
        await self._handler.settle_messages_async(given._delivery_id, given._delivery_tag, "released")

    async def close(self) -> None:
        """Read no more; the receiver is the SDK's again."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._connection.listen = self._read
        self._came.set()

    async def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._read(wait=READ)
                self._link.get_state()
                if not self._telling:
                    # Told once for all that can be read in one go.
                    self._telling = True
                    loop.call_soon(self._tell)
        except Exception as error:  # noqa: BLE001 (whatever the SDK says of a frame, a link or a connection)
            self._fail(error)

    async def _ask(self) -> None:
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                wanted = self._wanted()
                if not self._stopped and wanted > self._link.current_link_credit:
                    await self._link.flow(link_credit=wanted)
        except Exception as error:  # noqa: BLE001 (as above)
            self._fail(error)

    async def _stay_signed_in(self) -> None:
        try:
            while True:
                await asyncio.sleep(SIGNED_IN)
                while not await self._handler.auth_complete_async():
                    pass  # it waits by itself, for an answer to be read
        except Exception as error:  # noqa: BLE001 (as above)
            self._fail(error)

    def _tell(self) -> None:
        self._telling = False
        self._came.set()
        self._came.clear()

    def _fail(self, error: Exception) -> None:
        if not self.failed.done():
            self.failed.set_result(self._receiver._amqp_transport.create_servicebus_exception(_log, error))
        self._tell()

    async def _wait(self, wait: float | bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002 - the SDK's own call
        """Stand in for the SDK's reading: return once something was read."""
        if self.failed.done():
            raise self.failed.result()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE if isinstance(wait, bool) else wait):
                await self._came.wait()

    async def _hear(self, frame: Any) -> None:
        if frame[8]:  # the answer to a request to drain
            self._drained.set()

    async def _receive(self, frame: Any, message: Any) -> None:
        self._handler._last_activity_timestamp = time.time()
        built = self._receiver._build_received_message((frame, message))
        if self._stopped:
            await self.give_back(built)
        else:
            self._arrived(built)
