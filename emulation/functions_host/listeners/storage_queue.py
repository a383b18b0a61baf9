"""The Storage queue trigger. Page "Azure Queue storage trigger for Azure Functions".

Batches, back-off, retries and the poison queue are those of the real extension's QueueListener and QueueProcessor, the
function's data those of its QueueTriggerBinding. Without `dataType` a message is bound as text.
"""

import asyncio
import base64
import binascii
import contextlib
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from emulation.functions_host import timespan, trigger_data
from emulation.functions_host.errors import BindingFailed, InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.listeners.listener import Listener, Services
from emulation.functions_host.log import first_line, host_log
from emulation.functions_host.outputs import send
from emulation.functions_host.storage_connection import find_storage
from emulation.functions_host.worker import Call

SHORTEST_PAUSE = 0.1
POISON_SUFFIX = "-poison"
LONGEST_NAME = 63
NEVER = datetime.max.replace(tzinfo=UTC)  # what .NET says of a message that does not expire
_BLANKS = str.maketrans("", "", " \t\r\n")


class _Verdict(Enum):
    DONE = auto()
    RETRY = auto()
    POISON = auto()
    HIDDEN = auto()


def poison_queue(name: str) -> str:
    """Return the name of a queue's poison queue; empty where it has none: it is one itself, or its name is too long.

    Source: `QueueListenerFactory.CreatePoisonQueueReference`.
    """
    poison = f"{name}{POISON_SUFFIX}"
    return "" if name.endswith(POISON_SUFFIX) or len(poison) > LONGEST_NAME else poison


class StorageQueueListener(Listener):
    """Polls one queue and runs one function for each message."""

    def __init__(self, function: Function, services: Services) -> None:
        super().__init__(function, services)
        trigger = function.trigger
        self._options = services.host_json.extensions.queues
        self._connection = trigger.text("connection")
        self._name = services.settings.resolve(trigger.text("queueName"))
        find_storage(services.settings, self._connection, function.name)
        self._poison = poison_queue(self._name)
        self._binary = trigger_data.is_binary(trigger)
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
        metadata: dict[str, Any] = {"QueueTrigger": text, "Id": "", "PopReceipt": "", "DequeueCount": 0}
        return trigger_data.call(text.encode() if self._binary else text, metadata)

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
            host_log.warning("Queue %r cannot be read: %s", self._name, first_line(error))
            return []

    async def _work(self, queue: QueueClient, message: QueueMessage) -> None:
        try:
            over = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                # Ended by an event, never cancelled: a renewal that is cut off half-way loses the new pop receipt.
                group.create_task(self._renew(queue, message, over))
                try:
                    verdict = await self._process(message)
                finally:
                    over.set()
            await self._settle(queue, message, verdict)
        except AzureError as error:
            # Not settled: the message comes back by itself when its lease is over.
            host_log.warning("Message %s of queue %r: %s", message.id, self._name, first_line(error))
        finally:
            self._in_work -= 1
            self._update_room()

    async def _process(self, message: QueueMessage) -> _Verdict:
        failed = _Verdict.POISON if self._poison else _Verdict.HIDDEN
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            return failed
        try:
            body = self._decode(str(message.content))
        except ValueError:
            host_log.error("Message %s of queue %r is not %s.", message.id, self._name, self._options.message_encoding)
            return failed
        reason = f"New queue message detected on '{self._name}'."
        try:
            await self.services.invocations.run(self.function, self._call(message, body), reason)
        except BindingFailed as unbound:
            host_log.error("Message %s of queue %r: %s", message.id, self._name, unbound.message)
        except InvocationFailed:
            pass  # logged by whoever ran it
        else:
            return _Verdict.DONE
        last = not self._poison or (message.dequeue_count or 0) >= self._options.max_dequeue_count
        return failed if last else _Verdict.RETRY

    def _call(self, message: QueueMessage, body: bytes) -> Call:
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            if not self._binary:
                msg = f"It cannot be bound to a string: {error}"
                raise BindingFailed(msg) from error
            text = None
        metadata = {
            "QueueTrigger": text,
            "DequeueCount": message.dequeue_count,
            "ExpirationTime": message.expires_on or NEVER,
            "Id": message.id,
            "InsertionTime": message.inserted_on,
            "NextVisibleTime": message.next_visible_on or NEVER,
            "PopReceipt": message.pop_receipt,
        }
        return trigger_data.call(body if self._binary or text is None else text, metadata)

    async def _settle(self, queue: QueueClient, message: QueueMessage, verdict: _Verdict) -> None:
        if verdict is _Verdict.HIDDEN:
            # The real host does nothing at all: the message is seen again when its ten minutes are over.
            host_log.error("Message %s stays hidden: %r has no poison queue.", message.id, self._name)
            return
        if verdict is _Verdict.RETRY:
            hidden = round(timespan.seconds(self._options.visibility_timeout))
            await queue.update_message(message.id, message.pop_receipt, visibility_timeout=hidden)
            return
        if verdict is _Verdict.POISON:
            text = "Message %s was tried %s times: moved to %r."
            host_log.error(text, message.id, message.dequeue_count, self._poison)
            await send(await self._queue(self._poison), str(message.content))
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
                host_log.warning("Message %s: lease not renewed: %s", message.id, first_line(error))
                continue
            message.pop_receipt = renewed.pop_receipt

    def _decode(self, text: str) -> bytes:
        if self._options.message_encoding == "none":
            return text.encode()
        try:
            # White space counts for nothing to `Convert.FromBase64String`.
            return base64.b64decode(text.translate(_BLANKS), validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from error

    def _update_room(self) -> None:
        if self._in_work <= self._options.threshold:
            self._room.set()
        else:
            self._room.clear()
