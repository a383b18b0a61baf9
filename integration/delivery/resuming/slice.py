"""One instance's turn at a replay or purge: how far the job is, and whether it goes on."""

from collections.abc import Callable
from typing import Literal

import msgspec

from integration.clock import Clock
from integration.dead_letters import Job, Jobs, Place
from integration.errors import Unforeseen
from integration.loggers import logger
from integration.storage.turn import Ended, Turn

log = logger("delivery")

SAVE_AFTER_SECONDS = 3.0


class Came(msgspec.Struct, frozen=True):
    """What became of a dead letter.

    Args:
        whats: In the words of a job's counts; none: nothing was to be done.
        gone: It is not seen again, should the job be cut short: it was removed, or written anew.
        version: It is done and still to be removed, if it still is this version; empty: nothing is left to be removed.
    """

    whats: tuple[str, ...] = ()
    gone: bool = True
    version: str = ""


KEPT = Came(("kept",), gone=False)


async def kept(place: Place, fault: Unforeseen) -> Came:
    """Leave one that cannot be processed where it is: it must not keep the job from the others."""
    log.error("the dead letter %s is kept: %s", place.path, fault)
    return KEPT


class Slice:
    """A job while it is worked on.

    What is done before the cursor has passed it is counted at once if it is gone, else when the cursor passes: whoever
    goes on after a kill sees it again, and counts it then.

    Args:
        job: As it was stored.
        jobs: Keeps it.
        turn: The turn at it.
        clock: The time.
        seen: Told how far it is.
    """

    def __init__(self, job: Job, jobs: Jobs, turn: Turn, clock: Clock, seen: Callable[[Job], None]) -> None:
        self.job = msgspec.structs.replace(job, state="running")
        self._jobs = jobs
        self._turn = turn
        self._clock = clock
        self._seen = seen
        self._saved = clock.monotonic()
        self._again: dict[str, tuple[str, ...]] = {}

    async def check(self, at: float) -> Ended | None:
        """Say why no further dead letter may be begun; now and then write how far the job is.

        Args:
            at: The monotonic second at which it would begin.

        Raises:
            StorageUnavailable: The lease could not be renewed, or the job not be written.
        """
        if (ended := await self._turn.ended(at=at)) is not None:
            return ended
        now = self._clock.monotonic()
        if now - self._saved > SAVE_AFTER_SECONDS:
            if await self._jobs.cancelled(self.job.id):
                return Ended.CALLED_OFF
            await self.save()
            self._saved = now
        return None

    def end(self, state: Literal["done", "cancelled"]) -> None:
        """Let the job be over."""
        self.job = msgspec.structs.replace(self.job, state=state)

    async def save(self) -> None:
        """Write how far the job is.

        Raises:
            StorageUnavailable: It is not known to be written.
        """
        await self._jobs.save(msgspec.structs.replace(self.job, updated_at=self._clock.now()))

    def done(self, place: Place, came: Came) -> None:
        """Take note of what became of a dead letter, which may be ahead of the cursor."""
        if came.gone:
            self.count(*came.whats)
        elif came.whats:
            self._again[place.path] = came.whats

    def passed(self, place: Place) -> None:
        """Move the cursor over a dead letter: it and all before it are over."""
        self.job = msgspec.structs.replace(self.job, cursor=place.id)
        self.count(*self._again.pop(place.path, ()))

    def count(self, *whats: str) -> None:
        """Count what became of dead letters."""
        if whats:
            self.job = self.job.counted(*whats)
            self._seen(self.job)
