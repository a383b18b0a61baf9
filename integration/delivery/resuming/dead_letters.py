"""Replays and purges of dead letters: oldest first, in slices, resumable, one job at a time.

A dead letter is removed only after what became of it is durable, and only if it is still the one that was read: what
fails again for the same reason lies at the same path. What is killed goes on behind its cursor, before which all is
done; nothing that was removed comes again, so only the deliveries that were under way are made twice, under the same
message ids.
"""

import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from integration.clock import Clock
from integration.config.keys.model import Configuration
from integration.dead_letters import DeadLetters, Filter, Job, Jobs, Place
from integration.delivery.pipeline import Pipeline
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import JobOrder
from integration.delivery.resuming.anew import Anew
from integration.delivery.resuming.order import Order
from integration.delivery.resuming.places import places
from integration.delivery.resuming.purging import Purging
from integration.delivery.resuming.removing import Removing
from integration.delivery.resuming.replaying import Replaying
from integration.delivery.resuming.slice import Slice
from integration.delivery.resuming.window import Window
from integration.errors import StorageUnavailable, UnknownJob
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.turn import Ended, Turn

if TYPE_CHECKING:
    from integration.dead_letters.jobs import Kind

log = logger("delivery")

SLICE_SECONDS = 60.0
"""For one run, well within a function's time."""

AGAIN = timedelta(seconds=30)


class Replays:
    """Replays and purges dead letters.

    Args:
        configuration: The checked configuration.
        dead_letters: The dead letters.
        pipeline: Delivers.
        retries: Where orders wait.
        storage: Where jobs are.
        clock: The time.
    """

    def __init__(  # noqa: PLR0913  # the composition root names each part once
        self,
        *,
        configuration: Configuration,
        dead_letters: DeadLetters,
        pipeline: Pipeline,
        retries: RetryQueue,
        storage: Storage,
        clock: Clock,
    ) -> None:
        self._configuration = configuration
        self._dead_letters = dead_letters
        self._jobs = Jobs(storage)
        self._retries = retries
        self._anew = Anew(configuration, pipeline, retries, clock)
        self._clock = clock

    @cached_property
    def _order(self) -> Order:
        return Order(self._configuration)

    async def ask(  # noqa: PLR0913  # what a job is
        self,
        kind: "Kind",
        wanted: Filter,
        ids: Sequence[str] = (),
        *,
        per_second: float = 20.0,
        current_environment: bool = False,
        order: bool = True,
    ) -> Job:
        """Keep what is to be done, and order it from the function app.

        Args:
            kind: Replay or purge.
            wanted: Which dead letters.
            ids: These alone, instead.
            per_second: How many a second, at most.
            current_environment: Deliver to the environment that is linked now.
            order: Whether the function app is to do it; else the caller runs it.

        Raises:
            UnknownDeadLetter: An id is not one.
            StorageUnavailable: It is not known to be ordered.
        """
        now = self._clock.now()
        job = Job(
            id=uuid.uuid4().hex,
            kind=kind,
            filter=wanted,
            ids=tuple(place.id for place in sorted(map(Place.of_id, set(ids)), key=lambda place: place.order)),
            requested_at=now,
            updated_at=now,
            per_second=per_second,
            current_environment=current_environment,
        )
        await self._jobs.save(job)
        if order:
            await self._retries.order(JobOrder(job=job.id, requested_at=now))
        return job

    async def carry_on(self, order: JobOrder) -> None:
        """Run one slice of a job in the function app, and order the next.

        Raises:
            StorageUnavailable: The account went away; the order stays on its queue.
            CorruptRecord: The job cannot be read.
        """
        try:
            job = await self.run(order.job)
        except UnknownJob as gone:
            log.warning("nothing to do: %s", gone)
            return
        if job is None:
            await self._retries.order(order, AGAIN)  # another one is at work, or has died: its lease will tell
        elif not job.over:
            await self._retries.order(order)

    async def job(self, job_id: str) -> Job:
        """Tell how far a job is.

        Raises:
            UnknownJob: There is none of this id.
            CorruptRecord: The job cannot be read.
            StorageUnavailable: The account did not answer.
        """
        return await self._jobs.load(job_id)

    async def cancel(self, job_id: str) -> Job:
        """Stop a job within seconds: nothing more begins, what is under way comes to its end and stays done.

        Returns:
            The job, cancelled already if nobody works on it; unchanged if it is over.

        Raises:
            UnknownJob: There is none of this id.
            CorruptRecord: The job cannot be read.
            StorageUnavailable: It is not known to be stopped.
        """
        job = await self._jobs.load(job_id)
        if job.over:
            return job
        await self._jobs.cancel(job_id)
        stopped = await self.run(job_id)
        return await self._jobs.load(job_id) if stopped is None else stopped

    async def sweep(self) -> int:
        """Delete jobs of long ago; returns how many blobs.

        Raises:
            StorageUnavailable: The account did not answer; what is left is deleted the next time.
        """
        return await self._jobs.sweep(self._clock.now())

    async def run(
        self, job_id: str, *, lasting: float = SLICE_SECONDS, seen: Callable[[Job], None] | None = None
    ) -> Job | None:
        """Work on a job for a while.

        Args:
            job_id: Which.
            lasting: Seconds to work at most.
            seen: Told how far it is.

        Returns:
            The job as it stands, None when another replay or purge is at work, or took over meanwhile.

        Raises:
            StorageUnavailable: The account went away; running it again goes on.
            UnknownJob: There is none of this id.
            CorruptRecord: The job cannot be read.
        """
        async with self._jobs.working() as lease:
            if lease is None:
                return None
            job = await self._jobs.load(job_id)
            if job.over:
                return job
            done = await self._work(job, Turn(lease, self._clock, lasting), seen or _nobody)
        if done is not None:
            log.info("the %s %s is %s: %s", done.kind, done.id, done.state, done.counts)
        return done

    async def _work(self, job: Job, turn: Turn, seen: Callable[[Job], None]) -> Job | None:
        """Work for a turn; None when the lease was lost: another may have written the job by now."""
        slice_ = Slice(job, self._jobs, turn, self._clock, seen)
        if await self._jobs.cancelled(job.id):
            ended: Ended | None = Ended.CALLED_OFF
        elif job.kind == "purge":
            ended = await Purging(slice_, self._dead_letters, self._clock).run()
        else:
            ended = await self._replay(slice_)
        if ended is Ended.LOST:
            log.warning("the %s %s is let go: its lease was lost", job.kind, job.id)
            return None
        if ended is not Ended.TIME:
            slice_.end("done" if ended is None else "cancelled")
        await slice_.save()
        return slice_.job

    async def _replay(self, slice_: Slice) -> Ended | None:
        job, delivery = slice_.job, self._configuration.delivery
        removing = Removing(slice_, self._dead_letters)
        duty = Replaying(
            slice_, self._dead_letters, self._anew, removing=removing, order=self._order, clock=self._clock
        )
        window = Window(duty, self._clock, at_once=delivery.replays_at_once, per_second=job.per_second)
        try:
            ended = await window.run(places(self._dead_letters, job))
            await removing.finish()
        except Exception:
            # What was done is removed and counted as far as the account still takes it; what failed first is what is to
            # be told.
            for each in (removing.finish, slice_.save):
                with suppress(StorageUnavailable):
                    await each()
            raise
        else:
            return ended
        finally:
            await removing.close()


def _nobody(job: Job) -> None:
    """Tell nobody how far a job is."""
