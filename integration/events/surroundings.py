"""What the transport says about a message, beside its body."""

from functools import cached_property

import msgspec

from integration.events.bindings import AMQP_PREFIXES, amqp_attributes, http_attributes, is_structured
from integration.events.event import Attribute
from integration.events.identity import guid, legal_text, trace_parent
from integration.events.inbound import Inbound, Property
from integration.events.kept import CLAIMS


class Surroundings(msgspec.Struct, frozen=True, dict=True):
    """Headers and properties of one message, read by meaning.

    Sources: "Use webhooks" and "Azure integration" of the Dataverse developer guide (headers, claims and the mark of
    a message cut for size); `events.bindings` for CloudEvents.
    """

    inbound: Inbound

    @property
    def is_silent(self) -> bool:
        """Whether the transport says nothing at all."""
        return not self.inbound.headers and not self.inbound.properties

    @cached_property
    def properties(self) -> dict[str, Property]:
        """The application properties under lower-case names."""
        return {name.lower(): value for name, value in self.inbound.properties.items()}

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """CloudEvents attributes of the binary content mode, if this message is in it.

        Raises:
            ValueError: A header's value is not as the binding has it.
        """
        if is_structured(self.inbound.content_type):
            return {}
        return http_attributes(self.inbound.headers) or amqp_attributes(self.properties)

    @cached_property
    def trace_parent(self) -> str:
        """The W3C trace context that the sender gave."""
        for value in (
            self.inbound.headers.get("ce-traceparent"),
            self.inbound.headers.get("traceparent"),
            *(self.properties.get(name) for name in ("traceparent", "diagnostic-id", *_named("traceparent"))),
        ):
            if trace := trace_parent(value):
                return trace
        return ""

    @cached_property
    def correlation_id(self) -> str:
        """The correlation id that Dataverse's webhook sends, or that of a broker's message where it is a GUID."""
        header = self.inbound.headers.get("x-ms-correlation-request-id")
        return legal_text(guid(header or self.properties.get("correlation-id")))

    @cached_property
    def organization_host(self) -> str:
        """Which organization the message says that it comes from."""
        header = self.inbound.headers.get("x-ms-dynamics-organization")
        return legal_text(header or str(self.properties.get(CLAIMS + "organization") or ""))

    @cached_property
    def is_stripped(self) -> bool:
        """Whether Dataverse says that it cut the context because the message was too large."""
        marks = (
            self.inbound.headers.get("x-ms-dynamics-msg-size-exceeded"),
            self.properties.get("messagemaxsizeexceeded"),
        )
        return any(mark is not None and str(mark).lower() not in {"", "false", "0"} for mark in marks)

    def claim(self, name: str) -> str:
        """Return one of Dataverse's claims, such as `user`, empty where it is not given."""
        return legal_text(str(self.properties.get(CLAIMS + name) or ""))


def _named(attribute: str) -> tuple[str, ...]:
    return tuple(prefix + attribute for prefix in AMQP_PREFIXES)
