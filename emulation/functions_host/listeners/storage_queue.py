"""The Storage queue trigger. Page "Azure Queue storage trigger for Azure Functions".

Batches, back-off, retries and the poison queue are those of the real extension's QueueListener and QueueProcessor.
"""

import asyncio
import base64
import binascii
import contextlib
from enum import Enum, auto

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from emulation.functions_host import timespan
from emulation.functions_host.errors import InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.listeners.listener import Listener, Services
from emulation.functions_host.log import host_log
from emulation.functions_host.outputs import send
from emulation.functions_host.values import encode, encode_all, text_or_bytes
from emulation.functions_host.worker import Call

SHORTEST_PAUSE = 0.1
POISON_SUFFIX = "-poison"


class _Verdict(Enum):
    DONE = auto()
    RETRY = auto()
    POISON = auto()


class StorageQueueListener(Listener):
    """Polls one queue and runs one function for each message."""

    def __init__(self, function: Function, services: Services) -> None:
        super().__init__(function, services)
        trigger = function.trigger
        self._options = services.host_json.extensions.queues
        self._connection = trigger.text("connection")
        self._name = services.settings.resolve(trigger.text("queueName"))
        services.settings.connection_string(self._connection, function.name)
        self._in_work = 0
        self._room = asyncio.Event()
        self._room.set()

    async def listen(self) -> None:
        """Poll until cancelled."""
        queue = await self._queue(self._name)
        longest = timespan.seconds(self._options.max_polling_interval)
        pause = SHORTEST_PAUSE
        while True:
            await self._room.wait()
            messages = await self._receive(queue)
            for message in messages:
                self._in_work += 1
                self.services.invocations.begin(self._work(queue, message), f"Message of queue {self._name!r}")
            self._update_room()
            if messages:
                pause = SHORTEST_PAUSE
                continue
            # The real host's RandomizedExponentialBackoffStrategy: doubled, ±20 %, within the two limits.
            await asyncio.sleep(min(longest, pause * self.services.random.uniform(0.8, 1.2)))
            pause = min(longest, pause * 2)

    def manual_call(self, text: str) -> Call:
        """Return a message that was never in the queue."""
        return Call(encode(text), encode_all({"QueueTrigger": text, "Id": "", "PopReceipt": "", "DequeueCount": 0}))

    async def _queue(self, name: str) -> QueueClient:
        return await self.services.storage.queue(self._connection, name, self.function.name, raw=True)

    async def _receive(self, queue: QueueClient) -> list[QueueMessage]:
        try:
            lease = max(1, round(self.services.queue_lease))
            pages = queue.receive_messages(
                messages_per_page=self._options.batch_size,
                max_messages=self._options.batch_size,
                visibility_timeout=lease,
                retry_total=0,  # polling is its own retry
            )
            return [message async for message in pages]
        except ResourceNotFoundError:
            return []  # not created yet: looked for again, like an empty one
        except AzureError as error:
            host_log.warning("Queue %r cannot be read: %s", self._name, str(error).splitlines()[0])
            return []

    async def _work(self, queue: QueueClient, message: QueueMessage) -> None:
        try:
            over = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                # Ended by an event, never cancelled: a renewal cut off half-way would lose the new pop receipt.
                group.create_task(self._renew(queue, message, over))
                try:
                    verdict = await self._process(message)
                finally:
                    over.set()
            await self._settle(queue, message, verdict)
        except AzureError as error:
            # Not settled: the message comes back by itself when its lease is over.
            host_log.warning("Message %s of queue %r: %s", message.id, self._name, str(error).splitlines()[0])
        finally:
            self._in_work -= 1
            self._update_room()

    async def _process(self, message: QueueMessage) -> _Verdict:
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            return _Verdict.POISON
        try:
            body = self._decode(str(message.content))
        except ValueError:
            host_log.error("Message %s of queue %r is not %s.", message.id, self._name, self._options.message_encoding)
            return _Verdict.POISON
        content = text_or_bytes(body)
        metadata = {
            "QueueTrigger": content,
            "Id": message.id,
            "PopReceipt": message.pop_receipt,
            "DequeueCount": message.dequeue_count,
            "InsertionTime": message.inserted_on,
            "ExpirationTime": message.expires_on,
            "NextVisibleTime": message.next_visible_on,
        }
        reason = f"New queue message detected on '{self._name}'."
        try:
            await self.services.invocations.run(self.function, Call(encode(content), encode_all(metadata)), reason)
        except InvocationFailed:
            last = (message.dequeue_count or 0) >= self._options.max_dequeue_count
            return _Verdict.POISON if last else _Verdict.RETRY
        return _Verdict.DONE

    async def _settle(self, queue: QueueClient, message: QueueMessage, verdict: _Verdict) -> None:
        if verdict is _Verdict.RETRY:
            hidden = round(timespan.seconds(self._options.visibility_timeout))
            await queue.update_message(message.id, message.pop_receipt, visibility_timeout=hidden)
            return
        if verdict is _Verdict.POISON:
            poison = f"{self._name}{POISON_SUFFIX}"
            host_log.error("Message %s was tried %s times: moved to %r.", message.id, message.dequeue_count, poison)
            await send(await self._queue(poison), str(message.content))
        with contextlib.suppress(ResourceNotFoundError):  # its lease was lost and another instance deleted it
            await queue.delete_message(message.id, message.pop_receipt)

    async def _renew(self, queue: QueueClient, message: QueueMessage, over: asyncio.Event) -> None:
        lease = max(1, round(self.services.queue_lease))
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), lease / 2)
                return
            try:
                renewed = await queue.update_message(message.id, message.pop_receipt, visibility_timeout=lease)
            except ResourceNotFoundError:
                host_log.warning("Message %s of queue %r: its lease was lost.", message.id, self._name)
                return
            except AzureError as error:
                host_log.warning("Message %s: lease not renewed: %s", message.id, str(error).splitlines()[0])
                continue
            message.pop_receipt = renewed.pop_receipt

    def _decode(self, text: str) -> bytes:
        if self._options.message_encoding == "none":
            return text.encode()
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from error

    def _update_room(self) -> None:
        if self._in_work <= self._options.threshold:
            self._room.set()
        else:
            self._room.clear()
