"""Events, and ControlNumbers, of some organizations."""

from collections.abc import Mapping, Sequence

import msgspec

from integration.clock import Clock
from integration.dead_letters import DeadLetters
from integration.delivery.screening.newest_row import WantedKinds
from integration.delivery.screening.newest_rows import NewestRows
from integration.errors import UnknownEvent
from integration.journal import Found, Listing, Payloads
from integration.operations.control_numbers import ControlNumberOperations, ControlNumbers, Reset
from integration.operations.event_orders import EventOrders, Forgotten, Purge
from integration.operations.event_shapes import EventPage
from integration.operations.events import Asked, EventOperations
from integration.operations.visible.sight import Sight


class VisibleEvents(EventOperations):
    """Their events.

    Args:
        listing: Reads the journal.
        dead_letters: Where failed deliveries lie.
        payloads: The payloads that were kept.
        groups: The groups of sources of each of these organizations.
        clock: The time.
        sight: Which organizations are there.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self,
        listing: Listing,
        dead_letters: DeadLetters,
        payloads: Payloads,
        groups: Mapping[str, Sequence[str]],
        clock: Clock,
        *,
        sight: Sight,
    ) -> None:
        super().__init__(listing, dead_letters, payloads, groups, clock)
        self._sight = sight

    async def list(self, asked: Asked) -> EventPage:
        """Read one page of one organization."""
        if self._sight.lacks(asked.wanted.organization):
            return EventPage(events=(), next=None)
        organization = self._sight.one(asked.wanted.organization)
        wanted = msgspec.structs.replace(asked.wanted, organization=organization)
        return await super().list(msgspec.structs.replace(asked, wanted=wanted))

    async def find(self, id_: str, organization: str = "") -> Found:
        """Find one of theirs."""
        if self._sight.lacks(organization):
            msg = f"the journal has no event {id_[:80]!r}"
            raise UnknownEvent(msg)
        return await super().find(id_, organization)

    async def _search(self, id_: str, organization: str) -> Sequence[Found]:
        found: list[Found] = []
        for each in [organization] if organization else sorted(self._sight.organizations):
            found += await super()._search(id_, each)
        return found


class VisibleEventOrders(EventOrders):
    """What can be ordered of their events; the events that it is given are theirs."""

    sight: Sight = Sight(frozenset())

    async def purge(self, purge: Purge) -> Forgotten:
        """Forget rows of one organization."""
        if self.sight.lacks(purge.wanted.organization):
            counted = {"matching": 0} if purge.dry_run else {"purged": 0}
            return Forgotten(dry_run=purge.dry_run, kept=0, next=None, **counted)
        organization = self.sight.one(purge.wanted.organization)
        wanted = msgspec.structs.replace(purge.wanted, organization=organization)
        return await super().purge(msgspec.structs.replace(purge, wanted=wanted))


class VisibleControlNumbers(ControlNumberOperations):
    """Their ControlNumbers.

    Args:
        rows: The newest of each kind.
        clock: The time.
        sight: Which organizations are there.
    """

    def __init__(self, rows: NewestRows, clock: Clock, sight: Sight) -> None:
        super().__init__(rows, clock)
        self._sight = sight

    async def list(self, wanted: WantedKinds) -> ControlNumbers:
        """List the newest of each kind of one organization."""
        if self._sight.lacks(wanted.organization):
            return ControlNumbers(control_numbers=())
        return await super().list(self._of_one(wanted))

    async def reset(self, wanted: WantedKinds, *, everything: bool = False) -> Reset:
        """Forget the newest of kinds of one organization."""
        if self._sight.lacks(wanted.organization):
            return Reset(reset=())
        if wanted == WantedKinds() and not everything:
            return await super().reset(wanted)
        return await super().reset(self._of_one(wanted))

    def _of_one(self, wanted: WantedKinds) -> WantedKinds:
        return msgspec.structs.replace(wanted, organization=self._sight.one(wanted.organization))
