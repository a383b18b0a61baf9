"""One open receiver of Service Bus, its messages, and what is done with them.

A receiver whose link failed once is closed; what its calls could not settle comes again. The SDK would open it another
link and go on settling by number: what came over the first link under a number would complete another message that has
that number on the second.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import MessageAlreadySettled, MessageLockLostError, SessionLockLostError

from emulation.functions_host.listeners.service_bus_lock import Lock
from emulation.functions_host.listeners.service_bus_wire import Wire
from emulation.functions_host.log import first_line, host_log

# There is nothing left to settle.
LOST = (MessageLockLostError, SessionLockLostError, MessageAlreadySettled)


class Slots:
    """How many calls there may be, and those that are under way.

    Args:
        limit: How many.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._calls: set[asyncio.Task[None]] = set()
        self.receptions: set[Reception] = set()

    @property
    def free(self) -> int:
        """How many more there may be."""
        return self._limit - len(self._calls)

    def fill(self, call: asyncio.Task[None]) -> None:
        """Let a call have a slot; when it ends, the receivers that are open hear of it."""
        self._calls.add(call)
        call.add_done_callback(self._empty)

    def _empty(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        for reception in self.receptions:
            reception.advance()


class Reception:
    """An open receiver; it takes messages as soon as it is made, and until it is cut off or closed.

    `cut` is set when it is of no more use; `served`, once a message came.

    Args:
        client: Its connection.
        receiver: The SDK's.
        entity: Its name, for the log.
        slots: Where a call may begin; shared with receivers that were cut off, whose calls still run.
        prefetch: How many messages may wait here for a slot, their locks running.
        begin: Begins the call for a message.
    """

    def __init__(  # noqa: PLR0913 - keyword-only
        self,
        *,
        client: ServiceBusClient,
        receiver: ServiceBusReceiver,
        entity: str,
        slots: Slots,
        prefetch: int,
        begin: Callable[["Reception", ServiceBusReceivedMessage], asyncio.Task[None]],
    ) -> None:
        self.receiver = receiver
        self.cut = asyncio.Event()
        self.served = False
        self._client = client
        self._entity = entity
        self._slots = slots
        self._prefetch = prefetch
        self._begin = begin
        self._waiting: deque[ServiceBusReceivedMessage] = deque()
        self._work: set[asyncio.Task[None]] = set()
        self._renewals: set[asyncio.Task[None]] = set()
        self._session: Lock | None = None
        self._stirred = asyncio.Event()
        self._wire = Wire(receiver, self._take, self._wanted)
        self._wire.failed.add_done_callback(lambda _: self.cut.set())
        self._wire.open()
        slots.receptions.add(self)

    def advance(self) -> None:
        """Begin calls, and ask for more messages, where slots are free."""
        while self._waiting and self._slots.free > 0 and not self.cut.is_set():
            message = self._waiting.popleft()
            self._stirred.set()
            task = self._begin(self, message)
            self._work.add(task)
            task.add_done_callback(self._ended)
            self._slots.fill(task)
        self._wire.ask()

    async def until_cut(self) -> None:
        """Wait until the receiver is of no more use.

        Raises:
            ServiceBusError: Its link or connection failed.
        """
        await self.cut.wait()
        if self._wire.failed.done():
            raise self._wire.failed.result()

    async def until_quiet(self, seconds: float) -> None:
        """Wait until for so long nothing has come and no call has run, or the receiver is of no more use.

        Raises:
            ServiceBusError: As `until_cut`.
        """
        cut = asyncio.create_task(self.cut.wait())
        try:
            while not self.cut.is_set():
                self._stirred.clear()
                stirred = asyncio.create_task(self._stirred.wait())
                limit = None if self._work else seconds
                try:
                    done, _ = await asyncio.wait([cut, stirred], timeout=limit, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    stirred.cancel()
                if not done:
                    return
        finally:
            cut.cancel()
        await self.until_cut()

    async def settle(
        self,
        message: ServiceBusReceivedMessage,
        settle: Callable[[ServiceBusReceivedMessage], Awaitable[None]],
        what: str,
    ) -> bool:
        """Settle a message; return whether nothing is left to be done for it.

        One that stays unsettled is given out again when its lock is over, which is renewed no more.
        """
        try:
            await settle(message)
        except LOST as error:
            self._tell(message, what, error)
        except Exception as error:  # noqa: BLE001 (the SDK says ValueError, RuntimeError and more of a link that is gone)
            self._tell(message, what, error)
            self.cut.set()
            return False
        return True

    def keep(self, renew: Callable[[], Awaitable[datetime]], until: datetime, longest: float, of: str) -> Lock:
        """Keep a lock until it is told to end, and at the latest until everything is closed."""
        return Lock(renew, until, longest, of, self._renew)

    def keep_session(self, longest: float) -> None:
        """Keep the lock of the receiver's session for as long as the receiver is open."""
        session = self.receiver.session
        if longest > 0 and session.locked_until_utc is not None:
            name = f"session {session.session_id!r} of {self._entity!r}"
            self._session = self.keep(session.renew_lock, session.locked_until_utc, longest, name)

    async def close(self) -> None:
        """Take no more, give back what no call has begun for, and close everything once the calls have ended.

        One that was cut off lets go of its link before: it would only keep a credit open.
        """
        try:
            await self._take_no_more()
            if self._work:
                await asyncio.wait(self._work)
            if self._session is not None:
                self._session.end()
            if self._renewals:
                await asyncio.wait(self._renewals)
            await self._wire.close()
            await self.receiver.close()
            await self._client.close()
        except Exception as error:  # noqa: BLE001 (the SDK's own faults on a link that is gone)
            host_log.warning("Receiver of %r: %s", self._entity, first_line(error))

    async def _take_no_more(self) -> None:
        self._slots.receptions.discard(self)
        unbegun, self._waiting = self._waiting, deque()
        if self.cut.is_set():
            await self._wire.close()
            await self.receiver.close()
            return
        await self._wire.stop()
        for message in unbegun:
            await self._wire.give_back(message)

    def _renew(self, renewal: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(renewal, name=f"Lock of {self._entity!r}")
        self._renewals.add(task)
        task.add_done_callback(self._renewals.discard)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._work.discard(call)
        self._stirred.set()

    def _take(self, message: ServiceBusReceivedMessage) -> None:
        self.served = True
        self._waiting.append(message)
        self.advance()

    def _wanted(self) -> int:
        return self._prefetch - len(self._waiting) if self._prefetch else self._slots.free

    def _tell(self, message: ServiceBusReceivedMessage, what: str, error: Exception) -> None:
        text = "Message %s of %r was not %s: %s"
        host_log.error(text, message.message_id, self._entity, what, first_line(error))
