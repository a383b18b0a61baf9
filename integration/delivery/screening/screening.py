"""Before an event is routed: a guard may be against it, and one that was cut for its size is completed."""

from integration.config.keys.model import Configuration
from integration.dead_letters import reasons
from integration.delivery.screening.completion import Rows, complete
from integration.delivery.screening.guard import Echo, Guard, Refused, Verdict
from integration.events.event import Event, Variant


class Screening:
    """Guards events and completes them.

    Args:
        configuration: The checked configuration.
        rows: Dataverse, for events that were cut for their size.
        guard: Judges events before they are routed; None: by what is configured alone.
    """

    def __init__(self, configuration: Configuration, rows: Rows, guard: Guard | None = None) -> None:
        self._organizations = configuration.organizations
        self._rows = rows
        self._guard = guard or Guard(configuration)

    async def judge(self, event: Event, *, replay: int = 0) -> Event | Echo | Refused:
        """Return an event that may be routed, completed; or why it may not.

        Args:
            event: The event.
            replay: How often an operator has replayed it: who lets in what came under the id of another event.

        Raises:
            LinkUnknown: Dataverse has to be asked for it and cannot be now.
        """
        verdict = await self.guarded(event, replay=replay)
        return verdict if isinstance(verdict, Echo | Refused) else await self.completed(event)

    async def guarded(self, event: Event, *, replay: int = 0) -> Verdict:
        """Judge an event as it came; arguments and errors as in `judge`."""
        if event.variant is not None and not replay:
            return _differs(event.variant)
        return await self._guard.check(event)

    async def completed(self, event: Event) -> Event | Refused:
        """Return an event with its row where it was cut.

        Raises:
            LinkUnknown: Dataverse cannot be asked now.
        """
        organization = self._organizations.get(event.organization)
        return event if organization is None else await complete(event, organization, self._rows)


def _differs(variant: Variant) -> Refused:
    message = f"its id came first with other data: digest {variant.first}, that of this one {variant.digest}"
    hint = "Compare it with the first (`fno-link events show`); if it is right too, replay it: it goes beside that one."
    return Refused(reasons.DUPLICATE_DIFFERS, message, hint)
