"""The Service Bus trigger on the real SDK. Page "Azure Service Bus trigger for Azure Functions".

Peek-lock; a message is completed when the function returns and abandoned when it fails; the lock is renewed meanwhile.
What could not be completed is logged and, unless its lock is lost, abandoned; nothing else waits for it
(`ReceiverManager.ProcessOneMessage` of Azure.Messaging.ServiceBus, which the extension's listener runs on).

A receiver whose link failed once is closed; what its calls could not settle comes again. The SDK would open it another
link and go on settling by number: what came over the first link under a number would complete another message that has
that number on the second.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

import msgspec
from azure.core.exceptions import AzureError
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import (
    MessageAlreadySettled,
    MessageLockLostError,
    OperationTimeoutError,
    ServiceBusError,
    SessionLockLostError,
)

from emulation.functions_host import timespan, trigger_data
from emulation.functions_host.errors import BindingFailed, HostError, InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.listeners import service_bus_lock as lock
from emulation.functions_host.listeners import service_bus_message
from emulation.functions_host.listeners.listener import Listener, Services
from emulation.functions_host.listeners.service_bus_connection import find_connection
from emulation.functions_host.log import first_line, host_log
from emulation.functions_host.worker import Call

# How long one request for messages stays open; a stop of the host waits for it. Opening a link is not bound by it.
WAIT = 1.0
# How long more messages are waited for where one has come: those that are there come at once.
SWEEP = 0.02
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# What the SDK raises for a broker that is away, refuses or has lost a lock.
FAILURES = (ServiceBusError, AzureError, OSError)
# There is nothing left to settle.
LOST = (MessageLockLostError, SessionLockLostError, MessageAlreadySettled)


class Reception(msgspec.Struct, frozen=True):
    """One open receiver.

    Args:
        client: Its connection.
        receiver: The SDK's.
        work: What is being done with its messages.
        renewals: Of the locks of its messages or its session; each ends with what it is for.
        over: Set when it is to be closed.
        cut: Set when its link failed: it receives and settles no more.
    """

    client: ServiceBusClient
    receiver: ServiceBusReceiver
    work: set[asyncio.Task[None]]
    renewals: set[asyncio.Task[None]]
    over: asyncio.Event
    cut: asyncio.Event

    async def close(self) -> None:
        """Close everything once the work is done; the receiver before, where it would only keep a credit open."""
        if self.cut.is_set():
            await self.receiver.close()
        if self.work:
            await asyncio.wait(self.work)
        self.over.set()
        if self.renewals:
            await asyncio.wait(self.renewals)
        await self.receiver.close()
        await self.client.close()


class ServiceBusListener(Listener):
    """Receives from one queue or subscription and runs one function for each message."""

    def __init__(self, function: Function, services: Services) -> None:
        super().__init__(function, services)
        trigger, settings = function.trigger, services.settings
        self._options = services.host_json.extensions.service_bus
        self._queue = settings.resolve(trigger.text("queueName"))
        self._topic = settings.resolve(trigger.text("topicName"))
        self._subscription = settings.resolve(trigger.text("subscriptionName"))
        self._entity = self._queue or f"{self._topic}/Subscriptions/{self._subscription}"
        self._connection = find_connection(settings, trigger.text("connection"), function.name, self._entity)
        self._sessions = trigger.flag("isSessionsEnabled")
        self._binary = trigger_data.is_binary(trigger)
        if trigger.text("cardinality").lower() == "many":
            msg = (
                f"Function {function.name!r}: the local host hands over Service Bus messages one at a time. With "
                "cardinality MANY one failure abandons the whole batch; use cardinality ONE."
            )
            raise HostError(msg)
        # Calls under way, of all receivers: what a receiver got before it was cut off still runs.
        self._calls: set[asyncio.Task[None]] = set()
        # The receiver opened last. It also renews the locks of what earlier ones received: a token suffices.
        self._latest: ServiceBusReceiver | None = None
        self._renewal = timespan.seconds(self._options.max_auto_lock_renewal_duration)

    async def listen(self) -> None:
        """Receive until cancelled; what was received is worked on and settled after that too."""
        if not self._sessions:
            await self._persevere(self._receive_messages)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._options.max_concurrent_sessions):
                group.create_task(self._persevere(self._receive_session))

    def manual_call(self, text: str) -> Call:
        """Return a message that was never on the bus."""
        return service_bus_message.manual_call(text, binary=self._binary)

    async def _persevere(self, receive: Callable[[], Awaitable[None]]) -> None:
        """Receive again and again, and ever more seldom while the broker is away."""
        pause = FIRST_PAUSE
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await receive()
                pause = FIRST_PAUSE
                continue
            except FAILURES as error:
                host_log.warning("Service Bus %r cannot be read: %s", self._entity, first_line(error))
            if asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause * self.services.random.uniform(0.8, 1.2))
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _receive_messages(self) -> None:
        limit = self._options.max_concurrent_calls
        async with self._open() as reception:
            # Opened here, with the SDK's own timeout; a request for messages would allow the link WAIT at most.
            self._latest = await reception.receiver.__aenter__()
            while not reception.cut.is_set():
                while len(self._calls) >= limit and not reception.cut.is_set():
                    await self._slot(reception)
                if reception.cut.is_set():
                    return
                # The first alone: the SDK holds it back for 0.2 s where more were asked for and do not come.
                messages = await self._next(reception, 1, WAIT)
                while messages:
                    for message in messages:
                        self._begin(reception, message)
                    room = limit - len(self._calls)
                    more = room > 0 and not reception.cut.is_set()
                    messages = await self._next(reception, room, SWEEP) if more else []

    async def _slot(self, reception: Reception) -> None:
        """Wait until a call ends, or the receiver is cut off."""
        cut = asyncio.create_task(reception.cut.wait())
        try:
            await asyncio.wait({*self._calls, cut}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            cut.cancel()

    async def _receive_session(self) -> None:
        idle = timespan.seconds(self._options.session_idle_timeout)
        try:
            async with self._open(session_id=NEXT_AVAILABLE_SESSION, max_wait_time=idle) as reception:
                receiver = await reception.receiver.__aenter__()
                self._keep_session(reception, receiver)
                quiet = 0.0
                while quiet < idle and not reception.cut.is_set():
                    messages = await self._next(reception, 1, WAIT)
                    quiet = 0.0 if messages else quiet + WAIT
                    for message in messages:
                        # One at a time: a session is in order.
                        await asyncio.wait([self._begin(reception, message)])
        except OperationTimeoutError:
            return  # no session has a message

    @contextlib.asynccontextmanager
    async def _open(self, **options: Any) -> AsyncGenerator[Reception]:
        client = self._connection.client()
        options["prefetch_count"] = self._options.prefetch_count
        if self._queue:
            receiver = client.get_queue_receiver(self._queue, **options)
        else:
            receiver = client.get_subscription_receiver(self._topic, self._subscription, **options)
        reception = Reception(client, receiver, set(), set(), asyncio.Event(), asyncio.Event())
        at_rest = False
        try:
            yield reception
            at_rest = not reception.cut.is_set()
        except FAILURES:
            reception.cut.set()
            raise
        finally:
            closing = self.services.invocations.begin(self._close(reception), f"Receiver of {self._entity!r}")
            # In a stop of the host the drain waits for it, which has a limit. After a cut nobody does: calls that were
            # under way may take minutes, and the next receiver has the slots that are free meanwhile.
            if at_rest:
                await closing

    async def _close(self, reception: Reception) -> None:
        try:
            await reception.close()
        except Exception as error:  # noqa: BLE001 (the SDK's own faults on a link that is gone)
            host_log.warning("Receiver of %r: %s", self._entity, first_line(error))

    async def _next(self, reception: Reception, count: int, wait: float) -> list[ServiceBusReceivedMessage]:
        """Receive; a stop meanwhile gives back what still comes."""
        waiting = reception.receiver.receive_messages(max_message_count=count, max_wait_time=wait)
        receiving = asyncio.create_task(waiting)
        try:
            return await asyncio.shield(receiving)
        except asyncio.CancelledError:
            giving = self.services.invocations.begin(self._give_back(reception.receiver, receiving), "Receiving")
            reception.work.add(giving)
            raise

    async def _give_back(
        self, receiver: ServiceBusReceiver, receiving: asyncio.Task[list[ServiceBusReceivedMessage]]
    ) -> None:
        try:
            for message in await receiving:
                await receiver.abandon_message(message)
        except Exception as error:  # noqa: BLE001 (as any settlement)
            host_log.warning("Service Bus %r: not given back: %s", self._entity, first_line(error))

    def _begin(self, reception: Reception, message: ServiceBusReceivedMessage) -> asyncio.Task[None]:
        working = self._work(reception, message)
        task = self.services.invocations.begin(working, f"Message of {self._entity!r}")
        for work in (reception.work, self._calls):
            work.add(task)
            task.add_done_callback(work.discard)
        return task

    async def _work(self, reception: Reception, message: ServiceBusReceivedMessage) -> None:
        over = asyncio.Event()
        try:
            if self._renewal > 0 and not self._sessions and message.locked_until_utc:
                self._keep(reception, message, message.locked_until_utc, over)
            if await self._succeeds(message):
                settled = await self._settle(reception, message, reception.receiver.complete_message, "completed")
            else:
                settled = False
            if not settled:
                await self._settle(reception, message, reception.receiver.abandon_message, "abandoned")
        finally:
            over.set()

    async def _succeeds(self, message: ServiceBusReceivedMessage) -> bool:
        try:
            call = service_bus_message.call_of(message, binary=self._binary)
            await self.services.invocations.run(self.function, call, f"(null) message of {self._entity!r}")
        except InvocationFailed as failed:
            if isinstance(failed, BindingFailed):
                text = "Functions.%s was not run for message %s of %r: %s"
                host_log.error(text, self.function.name, message.message_id, self._entity, failed.message)
            return False
        return True

    async def _settle(
        self,
        reception: Reception,
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
            reception.cut.set()
            return False
        return True

    def _tell(self, message: ServiceBusReceivedMessage, what: str, error: Exception) -> None:
        text = "Message %s of %r was not %s: %s"
        host_log.error(text, message.message_id, self._entity, what, first_line(error))

    def _keep(
        self, reception: Reception, message: ServiceBusReceivedMessage, until: datetime, over: asyncio.Event
    ) -> None:
        async def renew() -> datetime:
            return await (self._latest or reception.receiver).renew_message_lock(message)

        keeping = lock.keep(renew, until, self._renewal, over, f"message {message.message_id} of {self._entity!r}")
        self._tracked(reception, keeping)

    def _keep_session(self, reception: Reception, receiver: ServiceBusReceiver) -> None:
        session = receiver.session
        until = session.locked_until_utc
        if self._renewal > 0 and until is not None:
            name = f"session {session.session_id!r} of {self._entity!r}"
            self._tracked(reception, lock.keep(session.renew_lock, until, self._renewal, reception.over, name))

    def _tracked(self, reception: Reception, keeping: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(keeping, name=f"Lock of {self._entity!r}")
        reception.renewals.add(task)
        task.add_done_callback(reception.renewals.discard)
