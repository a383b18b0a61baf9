"""The Service Bus trigger on the real SDK. Page "Azure Service Bus trigger for Azure Functions".

Peek-lock; a message is completed when the function returns, unless `autoCompleteMessages` says otherwise, and abandoned
when it fails; the lock is renewed meanwhile. As many calls are kept under way as `maxConcurrentCalls` says, or one for
each of `maxConcurrentSessions`: each that ends makes room for the next message, whatever the others do.
What could not be completed is logged and, unless its lock is lost, abandoned; nothing else waits for it
(`ReceiverManager.ProcessOneMessage` of Azure.Messaging.ServiceBus, which the extension's listener runs on).
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusReceivedMessage
from azure.servicebus.exceptions import OperationTimeoutError, ServiceBusError

from emulation.functions_host import timespan, trigger_data
from emulation.functions_host.errors import BindingFailed, HostError, InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.listeners import service_bus_message
from emulation.functions_host.listeners.listener import Listener, Services
from emulation.functions_host.listeners.service_bus_connection import find_connection
from emulation.functions_host.listeners.service_bus_lock import Lock
from emulation.functions_host.listeners.service_bus_reception import Reception, Slots
from emulation.functions_host.log import first_line, host_log
from emulation.functions_host.worker import Call

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusReceiver

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# What the SDK raises for a broker that is away, refuses or has lost a lock.
FAILURES = (ServiceBusError, AzureError, OSError)


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
        self._slots = Slots(self._options.max_concurrent_calls)
        # The receiver opened last. It also renews the locks of what earlier ones received: a token suffices.
        self._latest: ServiceBusReceiver | None = None
        self._completes = trigger.flag("autoCompleteMessages", default=self._options.auto_complete_messages)
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
        async with self._open(self._slots) as reception:
            self._latest = reception.receiver
            try:
                await reception.until_cut()
            except ServiceBusError as error:
                if not reception.served:
                    raise
                # The broker was there a moment ago, so that the next link is opened at once.
                host_log.warning("Service Bus %r: the link failed: %s", self._entity, first_line(error))

    async def _receive_session(self) -> None:
        idle = timespan.seconds(self._options.session_idle_timeout)
        try:
            # One at a time: a session is in order.
            async with self._open(Slots(1), session_id=NEXT_AVAILABLE_SESSION, max_wait_time=idle) as reception:
                reception.keep_session(self._renewal)
                await reception.until_quiet(idle)
        except OperationTimeoutError:
            return  # no session has a message

    @contextlib.asynccontextmanager
    async def _open(self, slots: Slots, **options: Any) -> AsyncGenerator[Reception]:
        client = self._connection.client()
        prefetch = self._options.prefetch_count
        options["prefetch_count"] = prefetch
        if self._queue:
            receiver = client.get_queue_receiver(self._queue, **options)
        else:
            receiver = client.get_subscription_receiver(self._topic, self._subscription, **options)
        try:
            await receiver.__aenter__()
        except BaseException:
            await client.close()
            raise
        begin = self._begin
        reception = Reception(
            client=client, receiver=receiver, entity=self._entity, slots=slots, prefetch=prefetch, begin=begin
        )
        at_rest = False
        try:
            yield reception
            at_rest = not reception.cut.is_set()
        except FAILURES:
            reception.cut.set()
            raise
        finally:
            closing = self.services.invocations.begin(reception.close(), f"Receiver of {self._entity!r}")
            # In a stop of the host the drain waits for it, which has a limit. After a cut nobody does: calls that were
            # under way may take minutes, and the next receiver has the slots that are free meanwhile.
            if at_rest:
                await closing

    def _begin(self, reception: Reception, message: ServiceBusReceivedMessage) -> asyncio.Task[None]:
        working = self._work(reception, message)
        return self.services.invocations.begin(working, f"Message of {self._entity!r}")

    async def _work(self, reception: Reception, message: ServiceBusReceivedMessage) -> None:
        lock = self._keep(reception, message)
        try:
            if await self._succeeds(message):
                settled = not self._completes or await reception.settle(
                    message, reception.receiver.complete_message, "completed"
                )
            else:
                settled = False
            if not settled:
                await reception.settle(message, reception.receiver.abandon_message, "abandoned")
        finally:
            if lock is not None:
                lock.end()

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

    def _keep(self, reception: Reception, message: ServiceBusReceivedMessage) -> Lock | None:
        until = message.locked_until_utc
        if self._renewal <= 0 or self._sessions or until is None:
            return None

        async def renew() -> datetime:
            return await (self._latest or reception.receiver).renew_message_lock(message)

        return reception.keep(renew, until, self._renewal, f"message {message.message_id} of {self._entity!r}")
