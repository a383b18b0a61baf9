"""One lazily built Worker a process: what each kind of message does.

Whatever happens to a message, it is durable somewhere before its function returns. A function raises only when nothing
can be stored: a message that comes back again and again ends in the broker's own dead-letter queue, and an event hub's
stands in the way of its partition.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from integration.dead_letters import reasons
from integration.delivery import Envelope, JobOrder, Release, decode_continuation
from integration.delivery.backoff import FAULTS
from integration.delivery.queued.arrivals import Message
from integration.delivery.queued.due import due_at
from integration.errors import CorruptRecord, StorageUnavailable, Unforeseen, UnknownSource
from integration.faults import netted
from integration.journal.tables import UNTIMED
from integration.loggers import logger
from integration.storage.names import EVENTS, RETRIES
from integration.tally import Key
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import WAITING
from integration.telemetry.operations import RECEIVE
from integration.telemetry.providers import PROVIDERS
from integration.telemetry.spans import span
from integration.worker.faces import Faces

if TYPE_CHECKING:
    from datetime import datetime

    from integration.events.inbound import Property

log = logger("worker")


class Worker(Faces):
    """What the triggers call."""

    async def take_envelope(self, message: bytes, *, queued_at: "datetime | None" = None) -> None:
        """Process one message of `fno-link-events`.

        Args:
            message: As it lies there.
            queued_at: When it was put there; a message that comes again has the same.

        Raises:
            StorageUnavailable: Something could not be stored; the message must come back.
        """
        own = Message(source=EVENTS, body=message, received_at=queued_at)
        try:
            await netted(
                self._take_envelope(message), lambda fault: self.lost.bury(own, fault), passing=(CorruptRecord,)
            )
        except CorruptRecord as corrupt:
            await self.lost.bury(own, corrupt)

    async def _take_envelope(self, message: bytes) -> None:
        envelope = Envelope.decode(message)
        opened = await self.arrivals.opened(envelope)
        if opened is None:
            log.info("a message of %s has been dealt with before", envelope.source)
            return
        await self._take_message(opened)
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
        properties: "Mapping[str, Property] | None" = None,
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
        message = Message(
            source=source,
            body=body,
            received_at=received_at,
            content_type=content_type,
            headers=headers or {},
            properties=properties or {},
        )
        await self._take_message(message)

    async def _take_message(self, message: Message) -> None:
        try:
            await netted(self._take(message), lambda fault: self.lost.bury(message, fault))
        except StorageUnavailable as unavailable:
            self._went_back(message.source, unavailable)
            raise

    def _went_back(self, source: str, unavailable: StorageUnavailable) -> None:
        """Count a message that has to go back to where it came from."""
        configured = self.configuration.sources.get(source)
        organization = configured.organization if configured is not None else ""
        self.tally(Key("failed", organization, source, "", unavailable.code))

    async def _take(self, message: Message) -> None:
        source = message.source
        system = self.arrivals.system(message)
        links = (message.made_in,)
        with span(RECEIVE, source, parent=message.traceparent, links=links, system=system, source=source):
            await self._received(message)

    async def _received(self, message: Message) -> None:
        try:
            inbound = self.arrivals.inbound(message)
        except UnknownSource as unknown:
            await self.lost.bury(message, unknown)
            return
        await self.pipeline.receive(inbound)

    async def take_continuation(self, message: bytes, *, queued_at: "datetime | None" = None) -> None:
        """Process one message of `fno-link-retries`.

        Args:
            message: As it lies there.
            queued_at: When it was put there; a message that comes again has the same.

        Raises:
            StorageUnavailable: Something could not be stored; the message must come back.
        """
        own = Message(source=RETRIES, body=message, received_at=queued_at)
        try:
            await netted(
                self._take_continuation(message), lambda fault: self._put_off(own, fault), passing=(CorruptRecord,)
            )
        except CorruptRecord as corrupt:
            await self.lost.bury(own, corrupt)
        except StorageUnavailable as unavailable:
            self._went_back(RETRIES, unavailable)
            raise

    async def _take_continuation(self, message: bytes) -> None:
        continuation = decode_continuation(message)
        if isinstance(continuation, Release):
            await self.releases.run(continuation)
        elif isinstance(continuation, JobOrder):
            await self.replays.carry_on(continuation)
        else:
            await self.pipeline.resume(continuation)

    async def _put_off(self, message: Message, fault: Unforeseen) -> None:
        """Give an order that failed some more attempts; deliveries have had theirs."""
        log.error("a message of %s: %s", RETRIES, fault)
        try:
            order = decode_continuation(message.body)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001  # it may be the reader that fails
            order = None
        if isinstance(order, Release | JobOrder) and order.faults < len(FAULTS):
            again = msgspec.structs.replace(order, faults=order.faults + 1)
            await self.retries.order(again, FAULTS[order.faults])
        else:
            await self.lost.bury(message, fault)

    async def move_due(self) -> int:
        """Put the retries that are due within ten minutes on their queue; returns how many.

        Raises:
            StorageUnavailable: The account did not answer; what is left is moved the next time.
        """
        moved = await self.retries.move_due(
            lambda key, row: self.lost.bury(
                Message(source=RETRIES, body=row, received_at=due_at(key)),
                CorruptRecord(f"the due retry {key} cannot be read"),
            )
        )
        await self._tell_waiting()
        return moved

    async def _tell_waiting(self) -> None:
        """Measure how long the oldest message of each of our queues has waited."""
        if PROVIDERS.meter() is None:
            return
        now = self._clock.now()
        for name in (EVENTS, RETRIES):
            oldest = await self.storage.queue(name).oldest()
            tell(WAITING, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0, queue=name)

    async def take_poison(
        self,
        queue: str,
        message: bytes,
        *,
        received_at: "datetime | None" = None,
        content_type: str = "",
        properties: "Mapping[str, Property] | None" = None,
    ) -> None:
        """Make a dead letter of a message that could not be processed in many attempts.

        Args:
            queue: The queue, or the source, whose message it was.
            message: The message; what its sender sent is kept of an envelope or a retry message, not our wrapping.
            received_at: When it was accepted, or put where it lies; a message that comes again has the same.
            content_type: As sent, where the broker says so.
            properties: A broker's application properties.

        Raises:
            StorageUnavailable: It could not be stored, or a run that may be alive holds its event; the message must
                come back.
        """
        text = f"the function failed on this message of {queue} too often; the host's log has the exceptions"
        hint = "Mend the cause in the log, then replay it."
        lost = Message(
            source=queue,
            body=message,
            received_at=received_at,
            content_type=content_type,
            properties=properties or {},
        )
        if not await self.lost.bury_poison(lost, reasons.POISON, text, hint):
            msg = f"a poison message of {queue} is a dead letter; its event is held by a run that may be alive"
            raise StorageUnavailable(msg)

    async def retain(self) -> None:
        """Delete what is over: the journal's tables with their payloads, claim-checks, jobs, counts, incidents.

        Raises:
            StorageUnavailable: The account did not answer; what is left is deleted the next time.
        """
        await self.retries.sweep()
        if self.journal is not None:
            await self.newest_rows.retain(self._clock.now(), self.configuration.journal.keep)
            kept = await self.payloads.any_in(UNTIMED)
            await self.journal.retain(self.payloads.delete if kept else None)
        await self.payloads.retain()
        await self.replays.sweep()
        await self.sums.retain()
        await self.history.retain()
        await self.incidents.retain()
