"""Making a dead letter again: its delivery, its event, or the message that no event could be made of."""

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Configuration
from integration.dead_letters import Record
from integration.delivery.outcome import Outcome, Stale
from integration.delivery.pipeline import Pipeline
from integration.delivery.queued.arrivals import Arrivals, Message
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.envelope import Envelope
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import Work, decode_continuation
from integration.errors import CorruptRecord, UnknownOrganization
from integration.journal import ANEW
from integration.journal.scope import WholeEvent, scope_of
from integration.storage.names import EVENTS, RETRIES


class Anew:
    """Makes dead letters again.

    Args:
        configuration: The checked configuration.
        pipeline: Delivers.
        retries: Where claim-checks are.
        clock: The time.
    """

    def __init__(self, configuration: Configuration, pipeline: Pipeline, retries: RetryQueue, clock: Clock) -> None:
        self._configuration = configuration
        self._pipeline = pipeline
        self._arrivals = Arrivals(configuration, lambda: retries, clock)

    async def make(self, record: Record, path: str, *, current_environment: bool) -> list[Outcome]:
        """Make one again; the caller removes it.

        Args:
            record: As it was stored.
            path: Where it lies.
            current_environment: Deliver to the environment that is linked now.

        Returns:
            What became of it; Stale among it: nothing was done.

        Raises:
            UnknownOrganization: Its organization is not configured.
            CorruptRecord: What it holds cannot be read.
            StorageUnavailable: Something could not be stored.
        """
        if record.event is None:
            return await self._decode(record)
        if record.event.organization not in self._configuration.organizations:
            msg = f"the organization {record.event.organization} is no longer configured"
            raise UnknownOrganization(msg)
        scope = WholeEvent() if record.reason in ANEW else scope_of(record.route, whole=record.whole)
        work = Work(
            scope=scope,
            accepted_at=record.accepted_at,
            event=record.event,
            environment="" if current_environment else record.environment,
            chain=Chain(attempt=record.attempts, last=record.last),
            trail=record.trail,
            letter=path,
        )
        return await self._pipeline.resume(work.anew("reopen", record.replays + 1))

    def remembers(self, record: Record) -> bool:
        """Tell whether what was delivered of a dead letter is not made once more, should it be made again.

        Args:
            record: As it was stored. Of a message that no event could be made of this is not known.
        """
        return record.event is not None and self._pipeline.remembers(record.event)

    async def _decode(self, record: Record) -> list[Outcome]:
        """Decode a message again that no event could be made of."""
        message, replay = Message.of(record), record.replays + 1
        if message.source == RETRIES:
            continuation = decode_continuation(message.body)
            if isinstance(continuation, Work):
                return await self._pipeline.resume(continuation.anew("reopen", replay))
            msg = f"a {type(continuation).__name__} is ordered anew by itself"
            raise CorruptRecord(msg)
        if message.source == EVENTS:
            opened = await self._arrivals.opened(Envelope.decode(message.body))
            if opened is None:
                return [Stale()]
            message = msgspec.structs.replace(opened, properties=message.properties)
        return await self._pipeline.receive(self._arrivals.inbound(message), replay=replay)
