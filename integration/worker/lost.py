"""Messages that no delivery can be made of: each is a dead letter as it came, and the journal says so of its events."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from integration.clock import Clock
from integration.config import Configuration
from integration.dead_letters import DeadLetters, Record
from integration.delivery import Poison, Work, decode_continuation
from integration.delivery.journalled.abandoned import abandon
from integration.delivery.journalled.salvage import RowSalvage
from integration.delivery.queued.envelope import inbound_of
from integration.delivery.queued.queue import QUEUE as RETRIES
from integration.errors import CorruptRecord, FnoLinkError, Unforeseen
from integration.events.decode import decode
from integration.events.inbound import Inbound, Property
from integration.faults import netted
from integration.journal import Journal
from integration.journal.scope import Recheck
from integration.loggers import logger

log = logger("worker")

UNKNOWN = "unknown"
"""The organization of what comes by a source that is not configured."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a source, or of a queue of ours, as it came.

    Args:
        source: The configured source, or the queue.
        body: As it came.
        received_at: When it was accepted from its sender; None: not known.
        content_type: As sent.
        headers: Those that decoding reads.
        properties: A broker's application properties.
    """

    source: str
    body: bytes
    received_at: datetime | None = None
    content_type: str = ""
    headers: Mapping[str, str] = {}
    properties: Mapping[str, Property] = {}


class LostMessages:
    """Buries messages.

    Args:
        configuration: The checked configuration.
        dead_letters: Where they go.
        journal: Gives the journal, None: there is none. Not opened before a message is kept: it may be what fails.
        poison: Gives what unwraps messages of our own queues.
        clock: The time.
    """

    def __init__(
        self,
        configuration: Configuration,
        dead_letters: DeadLetters,
        journal: Callable[[], Journal | None],
        poison: Callable[[], Poison],
        clock: Clock,
    ) -> None:
        self._configuration = configuration
        self._dead_letters = dead_letters
        self._journal = journal
        self._poison = poison
        self._clock = clock

    async def bury(self, message: Message, error: FnoLinkError) -> None:
        """Make a dead letter of a message because of an error, and end its events in the journal as far as that goes.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        record = self._record(message, error.code, str(error), error.hint)
        path = await self._keep(record)
        await netted(self._end(message.source, record, path), _unended)

    async def bury_poison(self, message: Message, reason: str, text: str, hint: str) -> bool:
        """Make a dead letter of what was inside a message that could not be processed in many attempts.

        Returns:
            False while a run that may still be alive holds one of its events: the message is to come again.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        record = self._record(message, reason, text, hint)

        async def as_it_is(fault: Unforeseen) -> Record | None:
            log.error("the message of %s is kept as it is: %s", message.source, fault)
            return record

        kept = await netted(self._unwrapped(message, record), as_it_is)
        if kept is None:
            log.warning("a poison message of %s had been dealt with: it was only never acknowledged", message.source)
            return True
        path = await self._keep(kept)
        return await netted(self._end(message.source, kept, path, message.body), _unended)

    async def _unwrapped(self, message: Message, record: Record) -> Record | None:
        return await self._poison().unwrap(message.source, message.body, record)

    def inbound(self, message: Message) -> Inbound | None:
        """Make of a message what decoding takes; None: its source is not configured."""
        source = self._configuration.sources.get(message.source)
        if source is None:
            return None
        return inbound_of(
            source,
            self._configuration.organizations[source.organization],
            message.body,
            message.received_at or self._clock.now(),
            content_type=message.content_type,
            headers=message.headers,
            properties=message.properties,
        )

    async def _keep(self, record: Record) -> str:
        path = await self._dead_letters.bury(record)
        log.error("a message of %s is a dead letter (%s: %s): %s", record.source, record.reason, record.message, path)
        return path

    async def _end(self, queue: str, record: Record, path: str, message: bytes | None = None) -> bool:
        """End the rows of what a dead letter is about; False while another run holds one."""
        salvage = RowSalvage(self._dead_letters, self._clock)
        if queue == RETRIES:
            try:
                continuation = decode_continuation(record.body or b"" if message is None else message)
            except CorruptRecord:
                return True  # nothing in it says what it was about
            if not isinstance(continuation, Work):
                return True
            return await abandon(self._journal(), continuation, record.reason, path, salvage)
        inbound = self.inbound(
            Message(
                source=record.source,
                body=record.body or b"",
                received_at=record.accepted_at,
                content_type=record.content_type,
                headers=record.headers,
                properties=record.properties,
            )
        )
        journal = self._journal()
        if inbound is None or journal is None:
            return True
        ended = True
        for event in decode(inbound).events:
            own = Work(scope=Recheck(), accepted_at=record.accepted_at, event=event)
            ended &= await abandon(journal, own, record.reason, path, salvage)
        return ended

    def _record(self, message: Message, reason: str, text: str, hint: str) -> Record:
        now = self._clock.now()
        configured = self._configuration.sources.get(message.source)
        return Record(
            organization=configured.organization if configured else UNKNOWN,
            reason=reason,
            message=text,
            hint=hint,
            accepted_at=message.received_at or now,
            recorded_at=now,
            source=message.source,
            body=message.body,
            content_type=message.content_type,
            headers=dict(message.headers),
            properties=dict(message.properties),
        )


async def _unended(fault: Unforeseen) -> bool:
    # The dead letter is there: nothing of this may bring the message back.
    log.error("the journal does not say that a message is a dead letter: %s", fault)
    return True
