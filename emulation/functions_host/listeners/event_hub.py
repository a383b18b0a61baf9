"""The Event Hubs trigger, fed by tests instead of by a broker: `POST /admin/event-hubs/FUNCTION`.

Sources: `EventHubTriggerBindingStrategy` and `EventHubExtensionConfigProvider` of
Microsoft.Azure.WebJobs.Extensions.EventHubs. Without `dataType` a body is bound as text, whatever is in it.
"""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated, Any

import msgspec

from emulation.functions_host import trigger_data
from emulation.functions_host.errors import HostError, InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.listeners.listener import Listener, Services
from emulation.functions_host.protos import TypedData
from emulation.functions_host.settings import Settings, entity_path
from emulation.functions_host.values import encode_all, unzoned
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
        content_type: As the sender said.
        correlation_id: As the sender said.
    """

    body: str | None = None
    body_base64: bytes | None = None
    partition_key: str | None = None
    sequence_number: int = 0
    offset: str = "0"
    enqueued_time: datetime | None = None
    properties: dict[str, Any] = {}
    content_type: str | None = None
    correlation_id: str | None = None

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return self.body_base64 if self.body_base64 is not None else (self.body or "").encode()

    @property
    def system_properties(self) -> dict[str, Any]:
        """The broker's annotations, under the names of trigger metadata."""
        return {
            "PartitionKey": self.partition_key,
            "SequenceNumber": self.sequence_number,
            "Offset": self.offset,
            "EnqueuedTimeUtc": unzoned(self.enqueued_time or datetime.now(UTC)),
        }

    @property
    def said(self) -> dict[str, str]:
        """What AMQP's own properties say, which stand among the system properties."""
        given = {"content-type": self.content_type, "correlation-id": self.correlation_id}
        return {name: value for name, value in given.items() if value is not None}


class Feed(msgspec.Struct, frozen=True):
    """A run of events of one partition, in order."""

    events: Annotated[tuple[HubEvent, ...], msgspec.Meta(min_length=1)]


def check_connection(settings: Settings, function: Function) -> None:
    """Check what the real host needs to start a listener, though nothing connects here.

    A connection string of another hub is refused as `EventHubsConnectionStringProperties.Validate` of
    Azure.Messaging.EventHubs does it, which the extension's `EventHubClientFactory` gives both names.

    Raises:
        HostError: The name of the hub or its connection is missing, or the connection string is of another hub.
    """
    hub = settings.resolve(function.trigger.text("eventHubName"))
    path = entity_path(settings.connection_string(function.trigger.text("connection"), function.name))
    if path and hub and path.lower() != hub.lower():
        msg = (
            f"Function {function.name!r}: the event hub's name {hub!r} does not match the EntityPath in the connection "
            "string. Only one event hub may be specified."
        )
        raise HostError(msg)


class EventHubListener(Listener):
    """Hands fed events to one function, one partition after the other, under its retry policy."""

    def __init__(self, function: Function, services: Services) -> None:
        super().__init__(function, services)
        check_connection(services.settings, function)
        self._many = function.trigger.text("cardinality").lower() == "many"
        self._binary = trigger_data.is_binary(function.trigger)
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
            after a failed one, and stays where it is as long as a policy without end is not used up.
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
            "SystemProperties": {**event.said, **event.system_properties},
        }
        return trigger_data.call(event.content if self._binary else _text(event), metadata)

    def _all(self, events: tuple[HubEvent, ...]) -> Call:
        system = [event.system_properties for event in events]
        metadata = {
            "PartitionContext": self._context(),
            "PropertiesArray": [event.properties for event in events],
            "SystemPropertiesArray": [{**event.said, **event.system_properties} for event in events],
            **{f"{name}Array": [each[name] for each in system] for name in system[0]},
        }
        if self._binary:
            data = TypedData(collection_bytes=SimpleNamespace(bytes=[event.content for event in events]))
        else:
            # The host leaves out empty texts, so that bodies and metadata no longer belong together.
            data = TypedData(collection_string=SimpleNamespace(string=[text for text in map(_text, events) if text]))
        return Call(data, encode_all(metadata))

    def _context(self) -> dict[str, str]:
        name = self.services.settings.resolve(self.function.trigger.text("eventHubName"))
        group = self.function.trigger.text("consumerGroup", "$Default")
        return {"PartitionId": "0", "EventHubName": name, "ConsumerGroup": group}


def _text(event: HubEvent) -> str:
    return event.content.decode(errors="replace")
