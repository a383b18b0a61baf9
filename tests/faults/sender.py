"""Sends as Finance & Operations, Dataverse and queues do, and writes down what the sender saw.

F&O waits ten seconds for an answer and tries three times, a second apart: page "Business events overview".
"""

import asyncio
import base64
import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import httpx
import msgspec
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError
from azure.storage.queue.aio import QueueClient

from tests.faults.topology import BUS_QUEUE, BUS_TOPIC, STORAGE_QUEUE
from tests.faults.traffic import Handed

if TYPE_CHECKING:
    from tests.faults.evidence import Sent

TRIES, APART, LIMIT = 3, 1.0, 10.0


class Sender:
    """Hands messages over, each at its time, as an async context manager.

    Args:
        urls: The hosts' base URLs; the first try goes to the host that the message names, others to the next ones.
        key: Of the hosts.
        storage: The account, straight.
        service_bus: The namespace, straight.
    """

    def __init__(self, urls: Sequence[str], key: str, storage: str, service_bus: str) -> None:
        self._urls = urls
        self._key = key
        self._service_bus = service_bus
        self._http = httpx.AsyncClient(
            timeout=LIMIT, trust_env=False, limits=httpx.Limits(max_connections=200), headers={"x-functions-key": key}
        )
        self._queue = QueueClient.from_connection_string(storage, STORAGE_QUEUE)
        self._bus = {name: Entity(service_bus, name) for name in (BUS_QUEUE, BUS_TOPIC)}
        self.sent: list[Sent] = []

    async def __aenter__(self) -> Self:
        with contextlib.suppress(ResourceExistsError):  # a host was faster
            await self._queue.create_queue()
        return self

    async def __aexit__(self, *_: object) -> None:
        for entity in self._bus.values():
            await entity.close()
        await self._queue.close()
        await self._http.aclose()

    async def send(self, handed: Handed, began: float) -> None:
        """Wait until it is time, then hand a message over.

        Args:
            handed: The message.
            began: The monotonic time of the start.
        """
        await asyncio.sleep(began + handed.message.at - time.monotonic())
        match handed.sent.transport:
            case "http":
                accepted = await self._post(handed)
            case "storage_queue":
                accepted = await self._put(handed.body)
            case _:
                entity = BUS_QUEUE if handed.message.source == "bus-queue" else BUS_TOPIC
                accepted = await self._bus[entity].send(handed.body)
        self.sent.append(msgspec.structs.replace(handed.sent, accepted=accepted, at=time.time()))

    async def _post(self, handed: Handed) -> bool:
        headers: Mapping[str, str] = {"content-type": "application/json"}
        for number in range(TRIES):
            if number:
                await asyncio.sleep(APART)
            url = self._urls[(handed.message.host + number) % len(self._urls)]
            try:
                answer = await self._http.post(
                    f"{url}/api/events/{handed.message.source}", content=handed.body, headers=headers
                )
            except httpx.HTTPError:
                continue
            if answer.is_success:
                return True
        return False

    async def _put(self, body: bytes) -> bool:
        try:
            await self._queue.send_message(base64.b64encode(body).decode())
        except AzureError:
            return False
        return True


class Entity:
    """One queue or topic; the SDK's sender is not for several at once.

    Args:
        connection: The namespace.
        name: The entity.
    """

    def __init__(self, connection: str, name: str) -> None:
        self._connection = connection
        self._name = name
        self._turn = asyncio.Lock()
        self._client: ServiceBusClient | None = None
        self._sender: ServiceBusSender | None = None

    async def send(self, body: bytes) -> bool:
        """Send one message; True when the broker has settled it."""
        async with self._turn:
            try:
                await (self._sender or self._open()).send_messages(
                    ServiceBusMessage(body, content_type="application/json")
                )
            except (ServiceBusError, AzureError, OSError):
                await self._close()
                return False
            return True

    async def close(self) -> None:
        """Close the connection."""
        async with self._turn:
            await self._close()

    def _open(self) -> ServiceBusSender:
        self._client = ServiceBusClient.from_connection_string(
            self._connection, retry_total=2, retry_backoff_factor=0.4, retry_backoff_max=2
        )
        make = self._client.get_topic_sender if self._name == BUS_TOPIC else self._client.get_queue_sender
        self._sender = make(self._name)
        return self._sender

    async def _close(self) -> None:
        sender, client, self._sender, self._client = self._sender, self._client, None, None
        try:
            if sender is not None:
                await sender.close()
            if client is not None:
                await client.close()
        except (ServiceBusError, AzureError, OSError):
            return  # it is gone anyway
