"""The queue of deliveries to try again, with claim-check blobs for what does not fit in a message."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec

from integration.clock import Clock, SystemClock
from integration.delivery.queued.claim_checks import ClaimChecks
from integration.delivery.queued.due import DueRows
from integration.delivery.queued.work import JobOrder, Release, Work, encode_continuation
from integration.events.record import load, store
from integration.journal import Subject
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.names import EVENTS, RETRIES
from integration.storage.patience import persist
from integration.storage.queues import MAX_MESSAGE

SOON = timedelta(minutes=10)
STOOD_STILL_AFTER = timedelta(days=1)
"""Messages that have waited for so long say that the app stood still: what they refer to can be of any age."""

log = logger("delivery")


class RetryQueue:
    """What waits for its next attempt.

    The next ten minutes wait as messages, later ones as rows of a table that a timer looks at. A row can be seen,
    counted and cancelled, and the timer wakes the app; a hidden message wakes nobody, as Azure scales by those that
    are visible (`QueueMetricsProvider` peeks).

    Args:
        storage: The worker's storage account.
        clock: The time.
    """

    def __init__(self, storage: Storage, clock: Clock | None = None) -> None:
        self._storage = storage
        self._clock = clock or SystemClock()
        self._due = DueRows(storage)
        self.claim_checks = ClaimChecks(storage, self._clock)
        """The payloads of messages that are too large."""

    async def later(self, work: Work, delay: timedelta) -> None:
        """Store a delivery for a later attempt.

        Raises:
            StorageUnavailable: It is not known to be stored.
        """
        work = msgspec.structs.replace(work, trail=work.trail.left())
        message = encode_continuation(work)
        if len(message) > MAX_MESSAGE:
            event = work.require_event()
            path = work.payload or await persist(lambda: self.claim_checks.keep(event.key, store(event)), self._clock)
            about = Subject.of(event)
            message = encode_continuation(msgspec.structs.replace(work, event=None, payload=path, about=about))
        if delay > SOON:
            at = self._clock.now() + delay
            await persist(lambda: self._due.put(message, at), self._clock)
        else:
            await persist(lambda: self._storage.queue(RETRIES).put(message, delay=delay), self._clock)

    async def move_due(self, corrupt: Callable[[str, bytes], Awaitable[None]]) -> int:
        """Put on the queue what is due within the next ten minutes; returns how many.

        Args:
            corrupt: Keeps a row that cannot be read, given its key and what it holds.

        Raises:
            StorageUnavailable: The account did not answer; what is left is moved the next time.
        """
        queue = self._storage.queue(RETRIES)
        return await self._due.move(queue, self._clock, SOON, corrupt)

    async def sweep(self) -> int:
        """Delete the claim-checks that nothing can refer to any more; returns how many.

        Raises:
            StorageUnavailable: The account did not answer; what is left is swept the next time.
        """
        since = self._clock.now() - STOOD_STILL_AFTER
        names = [f"{queue}{suffix}" for queue in (EVENTS, RETRIES) for suffix in ("", "-poison")]
        waiting = [await self._storage.queue(name).oldest() for name in names]
        if any(oldest and oldest < since for oldest in waiting) or await self._due.overdue(since):
            log.warning(
                "no claim-check is swept: messages have waited for more than %s, so any may be needed",
                STOOD_STILL_AFTER,
            )
            return 0
        return await self.claim_checks.sweep()

    async def release(self, order: Release, delay: timedelta = timedelta(0)) -> None:
        """Order a release.

        Raises:
            StorageUnavailable: The order is not known to be stored.
        """
        await self._storage.queue(RETRIES).put(encode_continuation(order), delay=delay)

    async def order(self, order: JobOrder | Release, delay: timedelta = timedelta(0)) -> None:
        """Order a slice of a job, or a release.

        Raises:
            StorageUnavailable: The order is not known to be stored.
        """
        await self._storage.queue(RETRIES).put(encode_continuation(order), delay=delay)

    async def redeem(self, work: Work) -> Work | None:
        """Fetch the event of a delivery whose message only names its claim-check; None: it has been dealt with.

        Raises:
            CorruptRecord: The claim-check is gone or unreadable.
            StorageUnavailable: The account did not answer.
        """
        if work.event is not None:
            return work
        stored = await self.claim_checks.redeem(work.payload)
        return None if stored is None else msgspec.structs.replace(work, event=load(stored))
