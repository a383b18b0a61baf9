"""One lazily built Worker a process: what each kind of message does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from integration.dead_letters import Record, reasons
from integration.delivery import Envelope, JobOrder, Release, Work, decode_continuation
from integration.delivery.abandoned import abandon
from integration.delivery.envelope import QUEUE as EVENTS
from integration.delivery.envelope import inbound_of, redeem
from integration.delivery.retries import QUEUE as RETRIES
from integration.errors import CorruptRecord
from integration.events.inbound import Property
from integration.loggers import logger
from integration.worker.parts import Parts

if TYPE_CHECKING:
    from datetime import datetime

log = logger("worker")


class Worker(Parts):
    """What the triggers call."""

    async def take_envelope(self, message: bytes) -> None:
        """Process one message of `fno-link-events`.

        Raises:
            StorageUnavailable: Something could not be stored; the message must come back.
        """
        try:
            envelope = Envelope.decode(message)
            body = await redeem(envelope, self.retries.claim_checks)
        except CorruptRecord as corrupt:
            await self.bury_message(EVENTS, message, corrupt.code, str(corrupt), corrupt.hint)
            return
        if body is None:
            log.info("a message of %s has been dealt with before", envelope.source)
            return
        await self.take(
            envelope.source,
            body,
            received_at=envelope.received_at,
            content_type=envelope.content_type,
            headers=envelope.headers,
        )
        if envelope.payload:
            await self.retries.claim_checks.settle(envelope.payload)

    async def take(  # noqa: PLR0913  # a message has these parts
        self,
        source: str,
        body: bytes,
        *,
        received_at: "datetime",
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
        properties: Mapping[str, Property] | None = None,
    ) -> None:
        """Process one message of a source.

        Args:
            source: The configured source.
            body: As it came.
            received_at: When it was accepted from its sender.
            content_type: As sent.
            headers: Those that decoding reads.
            properties: A broker's application properties.

        Raises:
            StorageUnavailable: Something could not be stored; the message must come back.
        """
        configured = self.configuration.sources.get(source)
        if configured is None:
            message = f"the source {source} is no longer in the configuration"
            await self.bury_message(source, body, reasons.UNKNOWN_SOURCE, message, "Configure it again, then replay.")
            return
        inbound = inbound_of(
            configured,
            self.configuration.organizations[configured.organization],
            body,
            received_at,
            content_type=content_type,
            headers=headers,
            properties=properties,
        )
        await self.pipeline.receive(inbound)

    async def take_continuation(self, message: bytes) -> None:
        """Process one message of `fno-link-retries`.

        Raises:
            StorageUnavailable: Something could not be stored; the message must come back.
        """
        try:
            continuation = decode_continuation(message)
            if isinstance(continuation, Release):
                await self.releases.run(continuation)
            elif isinstance(continuation, JobOrder):
                await self.replays.carry_on(continuation)
            else:
                await self.pipeline.resume(continuation)
        except CorruptRecord as corrupt:
            record = self._buried(RETRIES, message, corrupt.code, str(corrupt), corrupt.hint)
            await self._abandon(message, record.reason, await self._bury(record))

    async def move_due(self) -> int:
        """Put the retries that are due within ten minutes on their queue; returns how many.

        Raises:
            StorageUnavailable: The account did not answer; what is left is moved the next time.
        """
        code, hint = CorruptRecord().code, CorruptRecord.hint
        return await self.retries.move_due(
            lambda key, row: self.bury_message(RETRIES, row, code, f"the due retry {key} cannot be read", hint)
        )

    async def take_poison(self, queue: str, message: bytes) -> None:
        """Make a dead letter of a message that could not be processed in many attempts.

        Args:
            queue: The queue, or the source, whose message it was.
            message: The message; what its sender sent is kept of an envelope or a retry message, not our wrapping.

        Raises:
            StorageUnavailable: It could not be stored; the message must come back.
        """
        text = f"the function failed on this message of {queue} too often; the host's log has the exceptions"
        record = self._buried(queue, message, reasons.POISON, text, "Mend the cause in the log, then replay it.")
        kept = await self.poison.unwrap(queue, message, record)
        if kept is None:
            log.warning("a poison message of %s had been dealt with: it was only never acknowledged", queue)
            return
        path = await self._bury(kept)
        if queue == RETRIES:
            await self._abandon(message, kept.reason, path)

    async def retain(self) -> None:
        """Delete what is over: the journal's tables with their payloads, claim-checks, jobs.

        Raises:
            StorageUnavailable: The account did not answer; what is left is deleted the next time.
        """
        await self.retries.sweep()
        if self.journal is not None:
            await self.journal.retain()
        await self.payloads.retain()
        await self.replays.sweep()

    async def bury_message(self, source: str, body: bytes, reason: str, message: str, hint: str) -> None:
        """Keep a message that no event can be made of as a dead letter.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        await self._bury(self._buried(source, body, reason, message, hint))

    async def _bury(self, record: Record) -> str:
        path = await self.dead_letters.bury(record)
        log.error("a message of %s is a dead letter (%s: %s): %s", record.source, record.reason, record.message, path)
        return path

    async def _abandon(self, message: bytes, reason: str, path: str) -> None:
        try:
            continuation = decode_continuation(message)
        except CorruptRecord:
            return  # nothing in it says what it was about
        if isinstance(continuation, Work):
            await abandon(self.journal, continuation, reason, path)

    def _buried(self, source: str, body: bytes, reason: str, message: str, hint: str) -> Record:
        now = self._clock.now()
        return Record(
            organization=self._organization_of(source),
            reason=reason,
            message=message,
            hint=hint,
            accepted_at=now,
            recorded_at=now,
            source=source,
            body=body,
        )

    def _organization_of(self, source: str) -> str:
        configured = self.configuration.sources.get(source)
        return configured.organization if configured else "unknown"
