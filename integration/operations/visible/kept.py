"""Dead letters and parked deliveries of some organizations."""

import msgspec

from integration.dead_letters import DeadLetters, Filter, Job, Place
from integration.delivery import Releases, Replays
from integration.errors import UnknownDeadLetter, UnknownJob
from integration.operations.dead_letters import Count, DeadLetterOperations, DeadLetterOrder, DeadLetterPage
from integration.operations.kept import Asked, Whole
from integration.operations.parked import Ordered, ParkedOperations, ParkedPage, Released, ReleaseOrder, gone
from integration.operations.visible.sight import Sight


class VisibleDeadLetters(DeadLetterOperations):
    """Their dead letters.

    Args:
        dead_letters: All.
        replays: Replays and purges them.
        sight: Which organizations are there.
    """

    def __init__(self, dead_letters: DeadLetters, replays: Replays, sight: Sight) -> None:
        super().__init__(dead_letters, replays)
        self._sight = sight

    async def list(self, asked: Asked) -> DeadLetterPage:
        """Read one page of one organization."""
        if self._sight.lacks(asked.filter.organization):
            return DeadLetterPage(dead_letters=(), next=None)
        return await super().list(_narrowed(asked, self._sight))

    async def show(self, id_: str) -> Whole:
        """Read one."""
        if Place.of_id(id_).organization not in self._sight.organizations:
            raise UnknownDeadLetter
        return await super().show(id_)

    async def replay(self, order: DeadLetterOrder, *, by_app: bool = True) -> Job:
        """Order a replay of theirs."""
        return await super().replay(self._theirs(order), by_app=by_app)

    async def purge(self, order: DeadLetterOrder, *, by_app: bool = True) -> Job:
        """Order a purge of theirs."""
        return await super().purge(self._theirs(order), by_app=by_app)

    async def count(self, order: DeadLetterOrder) -> Count:
        """Count theirs."""
        return await super().count(self._theirs(order))

    async def job(self, id_: str) -> Job:
        """Tell how far a job of theirs alone is."""
        job = await super().job(id_)
        if not self._sight.takes(job):
            msg = f"there is no job {id_[:40]!r}"
            raise UnknownJob(msg)
        return job

    async def cancel(self, id_: str) -> Job:
        """Stop a job of theirs alone."""
        await self.job(id_)
        return await super().cancel(id_)

    def _theirs(self, order: DeadLetterOrder) -> DeadLetterOrder:
        self._sight.check(order.ids)
        if order.ids:
            return order
        if self._sight.lacks(order.filter.organization):
            msg = f"no dead letter is of an organization named {order.filter.organization[:64]!r}"
            raise UnknownDeadLetter(msg)
        return msgspec.structs.replace(order, filter=_of_one(order.filter, self._sight))


class VisibleParked(ParkedOperations):
    """Their parked deliveries.

    Args:
        dead_letters: Where all lie.
        releases: Goes on with them.
        sight: Which organizations are there.
    """

    def __init__(self, dead_letters: DeadLetters, releases: Releases, sight: Sight) -> None:
        super().__init__(dead_letters, releases)
        self._sight = sight

    async def list(self, asked: Asked) -> ParkedPage:
        """Read one page of one organization."""
        if self._sight.lacks(asked.filter.organization):
            return ParkedPage(parked=(), next=None)
        return await super().list(_narrowed(asked, self._sight))

    async def show(self, id_: str) -> Whole:
        """Read one."""
        if Place.of_id(id_).organization not in self._sight.organizations:
            raise gone(id_)
        return await super().show(id_)

    async def release(self, order: ReleaseOrder) -> Ordered | Released:
        """Release theirs."""
        if order.organization:
            self._sight.one(order.organization)
        self._sight.check(order.ids)
        return await super().release(order)


def _narrowed(asked: Asked, sight: Sight) -> Asked:
    return msgspec.structs.replace(asked, filter=_of_one(asked.filter, sight))


def _of_one(wanted: Filter, sight: Sight) -> Filter:
    return msgspec.structs.replace(wanted, organization=sight.one(wanted.organization))
