"""The Event Hubs trigger, fed by tests instead of by a broker: `POST /admin/event-hubs/FUNCTION`."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated, Any

import msgspec

from emulation.functions_host.errors import InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.listeners.listener import Listener, Services
from emulation.functions_host.protos import TypedData
from emulation.functions_host.values import encode, encode_all, text_or_bytes
from emulation.functions_host.worker import Call


class HubEvent(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One event as a test feeds it.

    Args:
        body: The body as text.
        body_base64: The body as base64, instead of `body`.
        partition_key: As the sender gave it.
        sequence_number: Its number in the partition.
        offset: Its place in the partition.
        enqueued_time: When the hub took it; now when absent.
        properties: Application properties.
    """

    body: str | None = None
    body_base64: bytes | None = None
    partition_key: str | None = None
    sequence_number: int = 0
    offset: str = "0"
    enqueued_time: datetime | None = None
    properties: dict[str, Any] = {}

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return self.body_base64 if self.body_base64 is not None else (self.body or "").encode()

    @property
    def system_properties(self) -> dict[str, Any]:
        """The broker's annotations, under the names of trigger metadata."""
        enqueued = (self.enqueued_time or datetime.now(UTC)).isoformat()
        return {
            "PartitionKey": self.partition_key,
            "SequenceNumber": self.sequence_number,
            "Offset": self.offset,
            "EnqueuedTimeUtc": enqueued,
        }


class Feed(msgspec.Struct, frozen=True):
    """A run of events of one partition, in order."""

    events: Annotated[tuple[HubEvent, ...], msgspec.Meta(min_length=1)]


class EventHubListener(Listener):
    """Hands fed events to one function, one partition after the other, under its retry policy."""

    def __init__(self, function: Function, services: Services) -> None:
        super().__init__(function, services)
        # Checked as the real host does, though nothing connects: the name of a hub and its connection must be there.
        services.settings.resolve(function.trigger.text("eventHubName"))
        services.settings.connection_string(function.trigger.text("connection"), function.name)
        self._many = function.trigger.text("cardinality").lower() == "many"
        self._partition = asyncio.Lock()

    async def listen(self) -> None:
        """Wait: events come through `feed`."""
        await asyncio.Event().wait()

    def manual_call(self, text: str) -> Call:
        """Return one event with this body."""
        return self._one(HubEvent(body=text))

    async def feed(self, events: tuple[HubEvent, ...]) -> list[str | None]:
        """Hand over events in order.

        Returns:
            For each invocation the error that remained after all retries, or None. As in Azure, the partition goes on
            after a failed one.
        """
        calls = [self._all(events)] if self._many else [self._one(event) for event in events]
        outcomes: list[str | None] = []
        async with self._partition:
            for call in calls:
                try:
                    await self.services.invocations.run_with_retries(self.function, call, "New events.")
                    outcomes.append(None)
                except InvocationFailed as failed:
                    outcomes.append(failed.message)
        return outcomes

    def _one(self, event: HubEvent) -> Call:
        metadata = {
            **event.system_properties,
            "PartitionContext": self._context(),
            "Properties": event.properties,
            "SystemProperties": event.system_properties,
        }
        return Call(encode(text_or_bytes(event.content)), encode_all(metadata))

    def _all(self, events: tuple[HubEvent, ...]) -> Call:
        system = [event.system_properties for event in events]
        metadata = {
            "PartitionContext": self._context(),
            "PropertiesArray": [event.properties for event in events],
            "SystemPropertiesArray": system,
            **{f"{name}Array": [each[name] for each in system] for name in system[0]},
        }
        bodies = SimpleNamespace(bytes=[event.content for event in events])
        return Call(TypedData(collection_bytes=bodies), encode_all(metadata))

    def _context(self) -> dict[str, str]:
        name = self.services.settings.resolve(self.function.trigger.text("eventHubName"))
        group = self.function.trigger.text("consumerGroup", "$Default")
        return {"PartitionId": "0", "EventHubName": name, "ConsumerGroup": group}
