"""A journal row that cannot be read is kept before another is written in its place."""

from datetime import datetime

from integration.clock import Clock
from integration.dead_letters import DeadLetters, Record
from integration.errors import CorruptRecord
from integration.journal import Subject
from integration.storage.patience import persist


class RowSalvage:
    """Makes a dead letter of what lies where a row should be.

    Args:
        dead_letters: Where it goes.
        clock: The time.
    """

    def __init__(self, dead_letters: DeadLetters, clock: Clock) -> None:
        self._dead_letters = dead_letters
        self._clock = clock

    async def __call__(self, subject: Subject, row: str, accepted_at: datetime) -> None:
        """Keep a journal row that cannot be read.

        Args:
            subject: The event.
            row: What is in its place.
            accepted_at: When its event was accepted: the same row, the same place.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        record = Record(
            organization=subject.organization,
            reason=CorruptRecord().code,
            message=f"the journal row of {subject.key} could not be read; the event was processed as a new one",
            hint=CorruptRecord.hint,
            accepted_at=accepted_at,
            recorded_at=self._clock.now(),
            source=subject.source,
            body=row.encode(),
        )
        await persist(lambda: self._dead_letters.bury(record), self._clock)
