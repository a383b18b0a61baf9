"""Deliver to a Service Bus queue or topic.

Source: "CloudEvents AMQP Protocol Binding" 1.0.2, binary content mode; "Service Bus quotas" for the length of ids.
"""

import hashlib
from typing import TYPE_CHECKING, Any, cast

from integration.config.keys.model import ServiceBusTarget
from integration.delivery.shipment import Receipt, Shipment, content
from integration.delivery.targets.service_bus import Namespaces, Writer
from integration.events.cloudevents import amqp
from integration.routing.templates import Landing, Template
from integration.telemetry.carrier import here
from integration.telemetry.operations import HEADER

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusMessage

_LONGEST_SESSION = 128


class ServiceBus:
    """A queue or topic.

    Args:
        target: Its configuration.
        namespaces: The clients.
    """

    def __init__(self, target: ServiceBusTarget, namespaces: Namespaces) -> None:
        self._target = target
        self._session = _template(target, "session")
        self._subject = _template(target, "subject")
        self._writer = Writer(
            target.queue or target.topic,
            lambda: namespaces.sender(target.connection, queue=target.queue, topic=target.topic),
        )

    async def deliver(self, shipment: Shipment) -> Receipt:
        """Send one message; those that are under way at once go together.

        Raises:
            TargetUnavailable: The broker did not take it now; an unknown entity and a refused key are among these,
                since they can be mended without the message.
            TargetRejected: The message is too large, or the broker refused it.
            TemplateField: A template names a field that the event does not have.
        """
        await self._writer.send(self._message(shipment))
        return Receipt()

    async def close(self) -> None:
        """Send what waits and close the sender."""
        await self._writer.close()

    def _message(self, shipment: Shipment) -> "ServiceBusMessage":
        from azure.servicebus import ServiceBusMessage  # noqa: PLC0415  # imported at first use: import budget

        event = shipment.event
        session = self._session.render(event) if self._session else None
        subject = self._subject.render(event) if self._subject else event.subject
        if self._target.body == "cloudevent":
            properties, content_type, body = amqp(event)
        else:
            body, content_type = content(event, self._target.body)
            properties = {}
        if now := here():
            # What Microsoft's own clients write and read: page "Distributed tracing and correlation through Service Bus
            # messaging".
            properties = {**properties, "Diagnostic-Id": now, HEADER: now}
        correlation = event.extensions.get("correlationid")
        return ServiceBusMessage(
            body,
            message_id=shipment.message_id,
            session_id=_shortened(session) if session else None,
            subject=subject,
            content_type=content_type or None,
            correlation_id=str(correlation) if correlation else None,
            application_properties=cast("Any", properties) or None,
        )


def _template(target: ServiceBusTarget, key: Landing) -> Template | None:
    text = str(getattr(target, key))
    return Template.compile(text, landing=key, key=f"targets.{target.name}.{key}") if text else None


def _shortened(session: str) -> str:
    """Return a session id that Service Bus takes; one that is too long keeps grouping by its hash."""
    return session if len(session) <= _LONGEST_SESSION else hashlib.sha256(session.encode()).hexdigest()
