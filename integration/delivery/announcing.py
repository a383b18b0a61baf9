"""What is said of circuits that were opened or closed: to the fleet by their row, to operators by an event."""

from collections.abc import Awaitable, Callable

from integration.delivery.breaking.circuits import Transition, alert_event
from integration.errors import FnoLinkError
from integration.events.event import Event
from integration.faults import summary
from integration.loggers import logger

log = logger("delivery")

type News = Callable[[Transition], Awaitable[Transition | None]]


class Announcing:
    """Says it, after whatever was delivered.

    Args:
        transitions: Gives what has happened to circuits since it was last called.
        news: Tells the fleet, and gives what is news to it; None: this process is alone.
        told: Takes note that such news was sent to whom it goes; None: nobody does.
        send: Delivers the event by every route that takes it.
    """

    def __init__(
        self,
        transitions: Callable[[], list[Transition]],
        news: News | None,
        told: Callable[[Transition], Awaitable[None]] | None,
        send: Callable[[Event, Transition], Awaitable[object]],
    ) -> None:
        self._transitions = transitions
        self._news = news
        self._told = told
        self._send = send

    async def announce(self) -> None:
        """Send what is to be said; the log has it in any case."""
        for moved in self._transitions():
            transition = await self._news_of(moved)
            if transition is None:
                continue
            event = alert_event(transition)
            log.error("%s: %s (%s)", event.type, transition.target, transition.code)
            try:
                await self._send(event, transition)
                if self._told is not None:
                    await self._told(transition)
            except FnoLinkError as error:
                log.error("the alert %s may not be sent: %s", event.type, summary(error))  # noqa: TRY400  # no payloads

    async def _news_of(self, moved: Transition) -> Transition | None:
        """Tell the fleet; where it cannot be told, what happened here is told as if it were alone."""
        if self._news is not None:
            try:
                return await self._news(moved)
            except FnoLinkError as error:
                log.error("the circuit of %s could not be written: %s", moved.target, summary(error))  # noqa: TRY400
        return moved if moved.told else None
