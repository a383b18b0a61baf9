"""How a message of any transport becomes what decoding takes, and what is kept of one that cannot be processed."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Configuration, EventGridSource, HttpSource
from integration.config.keys.sources import group_of
from integration.dead_letters import Record
from integration.delivery.queued.envelope import Envelope, redeem
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import JobOrder, Release, Work, decode_continuation
from integration.errors import CorruptRecord, UnknownSource
from integration.events.inbound import Inbound, Limits, Property
from integration.events.kept import kept_headers, kept_properties, whole
from integration.journal.scope import Recheck, WholeEvent
from integration.loggers import logger
from integration.storage.names import EVENTS, RETRIES
from integration.telemetry.operations import HEADER, QUEUES, SYSTEMS

log = logger("delivery")

UNKNOWN = "unknown"
"""The organization of what comes by a source that is not configured."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a source, or of a queue of ours, as it came.

    Args:
        source: The configured source, or the queue.
        body: As it came.
        received_at: When it was accepted from its sender, or put on a queue of ours: the same each time it comes. None:
            not known.
        content_type: As sent.
        headers: Those that decoding reads.
        properties: A broker's application properties.
        traceparent: Of the span that put it on a queue of ours.
    """

    source: str
    body: bytes
    received_at: datetime | None = None
    content_type: str = ""
    headers: Mapping[str, str] = {}
    properties: Mapping[str, Property] = {}
    traceparent: str = ""

    @property
    def made_in(self) -> str:
        """The span that its sender made it in, as clients of Service Bus and Event Hubs write it; empty: not told.

        `traceparent`, and `Diagnostic-Id` before that: page "Distributed tracing and correlation through Service Bus
        messaging".
        """
        named = {name.lower(): value for name, value in self.properties.items()} if self.properties else {}
        return str(named.get(HEADER) or named.get("diagnostic-id") or "")

    @classmethod
    def of(cls, record: Record) -> "Message":
        """Give the message that a dead letter keeps as it came."""
        return cls(
            source=record.source,
            body=record.body or b"",
            received_at=record.accepted_at,
            content_type=record.content_type,
            headers=record.headers,
            properties=record.properties,
        )


class Arrivals:
    """Reads messages of every transport.

    Args:
        configuration: The checked configuration.
        retries: Gives where claim-checks are. Not opened before one is redeemed: it may be what fails.
        clock: The time.
    """

    def __init__(self, configuration: Configuration, retries: Callable[[], RetryQueue], clock: Clock) -> None:
        self._configuration = configuration
        self._retries = retries
        self._clock = clock

    async def opened(self, envelope: Envelope) -> Message | None:
        """Give the message in an envelope, from its claim-check where it lies in one; None when it is dealt with.

        Raises:
            CorruptRecord: The claim-check is gone, or another than was put there.
            StorageUnavailable: The account did not answer.
        """
        body = await redeem(envelope, self._retries().claim_checks)
        if body is None:
            return None
        return Message(
            source=envelope.source,
            body=body,
            received_at=envelope.received_at,
            content_type=envelope.content_type,
            headers=envelope.headers,
            traceparent=envelope.traceparent or "",
        )

    def inbound(self, message: Message) -> Inbound:
        """Make of a source's message what decoding takes; what intake accepts is never too large for it.

        Raises:
            UnknownSource: Its source is not in the configuration.
        """
        source = self._configuration.sources.get(message.source)
        if source is None:
            msg = f"the source {message.source[:64]!r} is not in the configuration"
            raise UnknownSource(msg)
        limits = Limits()
        if isinstance(source, HttpSource) and source.max_body > limits.max_bytes:
            limits = Limits(max_bytes=source.max_body)
        organization = self._configuration.organizations[source.organization]
        return Inbound(
            body=message.body,
            ingress=source.name,
            group=group_of(source),
            organization=organization.name,
            organization_url=organization.url,
            received_at=message.received_at or self._clock.now(),
            content_type=whole(message.content_type),
            headers=kept_headers(message.headers),
            properties=kept_properties(message.properties),
            limits=limits,
        )

    def record(self, message: Message, reason: str, text: str, hint: str) -> Record:
        """Make the dead letter of a message as it came; one that comes again has the same place.

        Args:
            message: The message.
            reason: An error code.
            text: The same in words.
            hint: What to do.
        """
        now = self._clock.now()
        source = self._configuration.sources.get(message.source)
        return Record(
            organization=source.organization if source else UNKNOWN,
            reason=reason,
            message=text,
            hint=hint,
            accepted_at=self._accepted(message) or now,
            recorded_at=now,
            source=message.source,
            body=message.body,
            content_type=message.content_type,
            headers=dict(message.headers),
            properties=dict(message.properties),
        )

    @staticmethod
    def _accepted(message: Message) -> datetime | None:
        """Say when what a message holds was accepted: copies of one message have the same time, however they came."""
        try:
            if message.source == EVENTS:
                return Envelope.decode(message.body).received_at
            if message.source == RETRIES:
                match decode_continuation(message.body):
                    case Work(accepted_at=at):
                        return at
                    case JobOrder(requested_at=datetime() as at):
                        return at
                    case _:
                        pass  # an order of its own
        except Exception as unreadable:  # noqa: BLE001  # it may be the reader that fails; the message is to be kept
            log.debug("%s does not say when it was accepted: %s", message.source, unreadable)
        return message.received_at

    def system(self, message: Message) -> str:
        """Say over which messaging system a source's message came; over HTTP it came by our own queue."""
        source = self._configuration.sources.get(message.source)
        kind = str(source.__struct_config__.tag) if source else ""
        return (
            QUEUES
            if message.traceparent or isinstance(source, HttpSource | EventGridSource)
            else SYSTEMS.get(kind, QUEUES)
        )

    async def unwrapped(self, message: Message, record: Record) -> Record | None:
        """Make a dead letter say what a message of our own queues holds, and not how we had wrapped it.

        Args:
            message: The message.
            record: Its dead letter; returned unchanged when there is nothing inside that can be read.

        Returns:
            None when what it holds has been dealt with.

        Raises:
            StorageUnavailable: The claim-check could not be fetched.
        """
        try:
            if message.source == EVENTS:
                return await self._of_envelope(record, Envelope.decode(message.body))
            if message.source == RETRIES:
                return await self._of_continuation(record, message.body)
        except CorruptRecord as corrupt:
            log.warning("the message of %s is kept as it is: %s", message.source, corrupt)
        return record

    async def _of_envelope(self, record: Record, envelope: Envelope) -> Record | None:
        inner = await self.opened(envelope)
        if inner is None:
            return None
        source = self._configuration.sources.get(inner.source)
        return msgspec.structs.replace(
            record,
            organization=source.organization if source else record.organization,
            source=inner.source,
            accepted_at=envelope.received_at,
            content_type=inner.content_type,
            headers=dict(inner.headers),
            body=inner.body,
        )

    async def _of_continuation(self, record: Record, message: bytes) -> Record | None:
        continuation = decode_continuation(message)
        if isinstance(continuation, JobOrder):
            return record
        if isinstance(continuation, Release):
            return msgspec.structs.replace(record, organization=continuation.organization)
        work = await self._retries().redeem(continuation)
        if work is None:
            return None
        event = work.require_event()
        return msgspec.structs.replace(
            record,
            organization=event.organization,
            source=event.ingress,
            accepted_at=work.accepted_at,
            event=event,
            body=None,
            route=work.scope.route,
            attempts=work.chain.attempts,
            last=work.chain.last,
            environment=work.environment,
            whole=isinstance(work.scope, WholeEvent | Recheck),
            replays=work.chain.replay,
        )
