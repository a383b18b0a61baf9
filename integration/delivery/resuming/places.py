"""The dead letters that a job is still about, oldest first."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from integration.dead_letters import DeadLetters, Job, Lying, Place


async def lying(dead_letters: DeadLetters, job: Job) -> AsyncGenerator[Lying]:
    """List what lies behind a job's cursor.

    Args:
        dead_letters: The dead letters.
        job: How far it is.

    Raises:
        StorageUnavailable: The account did not answer.
    """
    after = Place.of_id(job.cursor) if job.cursor else None
    if job.ids:
        for place in map(Place.of_id, job.ids):
            if after is None or place.order > after.order:
                yield Lying(place)
        return
    async with aclosing(dead_letters.lying(job.filter, after)) as found:
        async for each in found:
            yield each


async def places(dead_letters: DeadLetters, job: Job) -> AsyncGenerator[Place]:
    """List the same without their versions."""
    async with aclosing(lying(dead_letters, job)) as found:
        async for each in found:
            yield each.place
