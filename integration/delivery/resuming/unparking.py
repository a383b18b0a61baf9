"""Going on with one parked delivery: it is forgotten once every part of it is kept elsewhere."""

from collections.abc import Sequence

from integration.clock import Clock
from integration.dead_letters import DeadLetters, Parked, Place, Record
from integration.delivery.outcome import Held, Outcome, Waiting
from integration.delivery.pipeline import Pipeline
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.work import Work
from integration.errors import CorruptRecord
from integration.journal.scope import scope_of
from integration.links.values import Link
from integration.loggers import logger

log = logger("delivery")


class Unparking:
    """Reads parked deliveries, and goes on with them.

    Args:
        dead_letters: Where they lie.
        pipeline: Takes them on to their targets.
        clock: The time.
    """

    def __init__(self, dead_letters: DeadLetters, pipeline: Pipeline, clock: Clock) -> None:
        self._dead_letters = dead_letters
        self._pipeline = pipeline
        self._clock = clock

    async def release(
        self, parked: Parked, record: Record, link: Link, *, current_environment: bool = False
    ) -> list[Outcome]:
        """Go on with one.

        Args:
            parked: Where it lies.
            record: As it was read.
            link: The link that it is judged by.
            current_environment: Deliver to the environment that is linked now, whichever it was meant for.

        Raises:
            StorageUnavailable: Something could not be stored.
        """
        work = Work(
            scope=scope_of(record.route, whole=record.whole),
            accepted_at=record.accepted_at,
            event=record.event,
            environment="" if current_environment else record.environment,
            chain=Chain(attempt=record.attempts, last=record.last, replay=record.replays),
            trail=record.trail,
        )
        outcomes = await self._pipeline.release(work, link)
        if _kept_elsewhere(outcomes, record.reason):
            await self._dead_letters.unpark(parked.path)
        return outcomes

    async def read(self, parked: Parked) -> tuple[Record, int] | None:
        """Read one, and say how many bytes it takes; one that cannot be read becomes a dead letter.

        Returns:
            None where it is gone.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        body = await self._dead_letters.read_parked(parked.path)
        if body is None:
            return None
        try:
            return _with_event(Record.decode(body)), len(body)
        except CorruptRecord as corrupt:
            log.exception("the parked delivery %s is a dead letter: it cannot be read", parked.path)
            now, place = self._clock.now(), Place.read(parked.path)
            await self._dead_letters.bury(
                Record(
                    organization=parked.organization,
                    reason=corrupt.code,
                    message=f"parked as {parked.reason}: {corrupt}",
                    hint=corrupt.hint,
                    accepted_at=(place and place.accepted_at) or now,
                    recorded_at=now,
                    body=body,
                )
            )
            await self._dead_letters.unpark(parked.path)
            return None


def _with_event(record: Record) -> Record:
    if record.event is None:
        msg = "a parked delivery without an event"
        raise CorruptRecord(msg)
    return record


def _kept_elsewhere(outcomes: Sequence[Outcome], reason: str) -> bool:
    """Tell whether every part of a parked delivery is now delivered, deferred, a dead letter, or parked anew."""
    for outcome in outcomes:
        match outcome:
            case Held():
                return False
            case Waiting(reason=again) if again == reason:
                return False
            case _:
                pass
    return True
