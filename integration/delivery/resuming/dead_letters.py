"""Replays and purges of dead letters: oldest first, in slices, resumable, one at a time.

A dead letter is removed only after what became of it is durable, and only if it is still the one that was read: what
fails again for the same reason lies at the same path. What is killed goes on behind its cursor; nothing that was
removed comes again, so only the delivery that was under way is made twice, under the same message id.
"""

import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Configuration
from integration.dead_letters import DeadLetters, Filter, Job, Jobs, Place, Record
from integration.delivery.outcome import Outcome, Stale, named
from integration.delivery.pipeline import Pipeline
from integration.delivery.queued.arrivals import Arrivals, Message
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.envelope import Envelope
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import JobOrder, Work, decode_continuation
from integration.errors import CorruptRecord, Unforeseen, UnknownJob, UnknownOrganization
from integration.faults import netted
from integration.journal import ANEW
from integration.journal.scope import WholeEvent, scope_of
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.names import EVENTS, RETRIES
from integration.storage.turn import Turn

if TYPE_CHECKING:
    from integration.dead_letters.jobs import Kind
    from integration.storage.blobs import BlobLease

log = logger("delivery")

SLICE_SECONDS = 60.0
"""For one run, well within a function's time."""

AGAIN = timedelta(seconds=30)
SAVE_AFTER_SECONDS = 3.0


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
        self._pipeline = pipeline
        self._retries = retries
        self._arrivals = Arrivals(configuration, lambda: retries, clock)
        self._clock = clock

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
            await self._retries.order(JobOrder(job=job.id))
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
        """Stop a job, before its next dead letter or a few seconds later; what was done stays done.

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
            The job as it stands, None when another replay or purge is at work.

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
            job = await self._slice(lease, job, lasting, seen or _nobody)
            await self._save(job)
        log.info("the %s %s is %s: %s", job.kind, job.id, job.state, job.counts)
        return job

    async def _slice(self, lease: "BlobLease", job: Job, lasting: float, seen: Callable[[Job], None]) -> Job:
        if await self._jobs.cancelled(job.id):
            return msgspec.structs.replace(job, state="cancelled")
        job = msgspec.structs.replace(job, state="running")
        turn = Turn(lease, self._clock, lasting)
        saved = free = self._clock.monotonic()
        async with aclosing(self._places(job)) as places:
            async for place in places:
                now = self._clock.monotonic()
                if await turn.ended(at=free):
                    return job
                if now - saved > SAVE_AFTER_SECONDS:
                    if await self._jobs.cancelled(job.id):
                        return msgspec.structs.replace(job, state="cancelled")
                    await self._save(job)
                    saved = now
                if free > now:
                    await self._clock.sleep(free - now)
                done = await netted(self._one(job, place), partial(_kept, job, place))
                if done.counts != job.counts:
                    free = max(free, now) + 1 / job.per_second  # the earliest time of the next one, by the rate
                job = msgspec.structs.replace(done, cursor=place.id)
                seen(job)
        return msgspec.structs.replace(job, state="done")

    async def _places(self, job: Job) -> AsyncGenerator[Place]:
        after = Place.of_id(job.cursor) if job.cursor else None
        if job.ids:
            for place in map(Place.of_id, job.ids):
                if after is None or place.order > after.order:
                    yield place
            return
        async with aclosing(self._dead_letters.places(job.filter, after)) as places:
            async for place in places:
                yield place

    async def _save(self, job: Job) -> None:
        await self._jobs.save(msgspec.structs.replace(job, updated_at=self._clock.now()))

    async def _one(self, job: Job, place: Place) -> Job:
        stored = await self._dead_letters.read(place)
        if stored is None:
            return job
        body, version = stored
        try:
            record = Record.decode(body)
        except CorruptRecord:
            if job.kind == "purge":
                return await self._purge(job, place, version)
            log.exception("the dead letter %s is kept: it cannot be read", place.path)
            return job.counted("kept")
        if record.recorded_at > job.requested_at:
            return job  # it became one after this was asked for, perhaps by this very replay
        return await (self._purge if job.kind == "purge" else self._replay)(job, place, version, record)

    async def _purge(self, job: Job, place: Place, version: str, record: Record | None = None) -> Job:
        if not await self._dead_letters.remove(place, version):
            return job
        log.info("purged %s (%s)", place.path, record.message if record else "it could not be read")
        return job.counted("purged")

    async def _replay(self, job: Job, place: Place, version: str, record: Record) -> Job:
        outcomes = await self._again(record, current_environment=job.current_environment)
        if Stale() in outcomes:
            # Another run has the event or has settled it. Nothing was done for this dead letter, so it stays.
            return job.counted("kept")
        await self._dead_letters.remove(place, version)
        return job.counted(*(map(named, outcomes) if outcomes else ("ignored",)))

    async def _again(self, record: Record, *, current_environment: bool) -> list[Outcome]:
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
        )
        return await self._pipeline.resume(work.anew("reopen", record.replays + 1))

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


async def _kept(job: Job, place: Place, fault: Unforeseen) -> Job:
    # One dead letter that cannot be processed must not keep the job from the others.
    log.error("the dead letter %s is kept: %s", place.path, fault)
    return job.counted("kept")


def _nobody(job: Job) -> None:
    """Tell nobody how far a job is."""
