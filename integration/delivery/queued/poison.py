"""What is inside a message that could not be processed: the dead letter keeps that, not our wrapping."""

from collections.abc import Mapping

import msgspec

from integration.config.keys.model import Source
from integration.dead_letters import Record
from integration.delivery.queued.envelope import QUEUE as EVENTS
from integration.delivery.queued.envelope import Envelope, redeem
from integration.delivery.queued.queue import QUEUE as RETRIES
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import JobOrder, Release, decode_continuation
from integration.errors import CorruptRecord
from integration.journal.scope import Recheck, WholeEvent
from integration.loggers import logger

log = logger("delivery")


class Poison:
    """Unwraps messages of the worker's own queues.

    Args:
        sources: The configured ones, by name.
        retries: Where claim-checks are.
    """

    def __init__(self, sources: Mapping[str, Source], retries: RetryQueue) -> None:
        self._sources = sources
        self._retries = retries

    async def unwrap(self, queue: str, message: bytes, record: Record) -> Record | None:
        """Make the record say what the message holds; None when the message has been dealt with.

        Args:
            queue: Where the message was.
            message: As it was there.
            record: Of the message as it is; returned unchanged when there is nothing inside that can be read.

        Raises:
            StorageUnavailable: The claim-check could not be fetched.
        """
        try:
            if queue == EVENTS:
                return await self._of_envelope(record, Envelope.decode(message))
            if queue == RETRIES:
                return await self._of_continuation(record, message)
        except CorruptRecord as corrupt:
            log.warning("the message of %s is kept as it is: %s", queue, corrupt)
        return record

    async def _of_envelope(self, record: Record, envelope: Envelope) -> Record | None:
        body = await redeem(envelope, self._retries.claim_checks)
        if body is None:
            return None
        source = self._sources.get(envelope.source)
        return msgspec.structs.replace(
            record,
            organization=source.organization if source else record.organization,
            source=envelope.source,
            accepted_at=envelope.received_at,
            content_type=envelope.content_type,
            headers=envelope.headers,
            body=body,
        )

    async def _of_continuation(self, record: Record, message: bytes) -> Record | None:
        continuation = decode_continuation(message)
        if isinstance(continuation, JobOrder):
            return record
        if isinstance(continuation, Release):
            return msgspec.structs.replace(record, organization=continuation.organization)
        work = await self._retries.redeem(continuation)
        if work is None:
            return None
        event = work.subject_matter
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
