"""From an outbox to events: each notice is sent by its routes, and each route is settled for itself.

The row was written before anything is sent. What is sent and not settled, because the process died between the two, is
sent again as the same event, under the same id.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from integration.config.keys.model import Organization, Source
from integration.delivery.notifying import Told
from integration.errors import FnoLinkError
from integration.events.alerts import Alert, Environment, command_of, event_of, type_of
from integration.events.event import Event
from integration.faults import summary
from integration.health.machine import Notice, due, settle
from integration.health.machine.state import State
from integration.health.probes.targets import TOLD
from integration.health.standing import Standing, Watched
from integration.health.standings import Kept, Standings
from integration.loggers import logger

log = logger("health")

_OURS = frozenset({TOLD, "incident"})
"""Facts that are for the watch alone."""


class Notifies(Protocol):
    """What this room needs of the pipeline."""

    def notify(
        self,
        event: Event,
        at: datetime,
        *,
        routes: Sequence[str] | None = None,
        targets: Sequence[str] = (),
        settled: Sequence[str] = (),
    ) -> Awaitable[Told]:
        """Deliver an alert, each route for itself."""
        ...

    def takes(self, event: Event) -> tuple[str, ...]:
        """Name the routes that take an alert."""
        ...


class Notices:
    """Sends what is due.

    Args:
        pipeline: Delivers.
        standings: Where outboxes lie.
        organizations: The configured ones.
        sources: The configured ones.
        page: The address of the status page; empty: none.
    """

    def __init__(
        self,
        *,
        pipeline: Notifies,
        standings: Standings,
        organizations: Mapping[str, Organization],
        sources: Mapping[str, Source],
        page: str = "",
    ) -> None:
        self._pipeline = pipeline
        self._standings = standings
        self._organizations = organizations
        self._sources = sources
        self._page = page

    async def send(self, watched: Watched, kept: Kept) -> tuple[Kept, int]:
        """Send what is due of a subject, the oldest first.

        Args:
            watched: Whose.
            kept: As it was written last.

        Returns:
            As it is written then, and how many notices were settled. What could not be sent stays.

        Raises:
            StorageUnavailable: A row could not be written: what was sent may be sent again.
        """
        sent = 0
        for kind in list(kept.standing.states):
            tried: set[str] = set()
            while notice := next(iter(_open(kept.standing, kind, tried)), None):
                tried.add(notice.key)
                told = await self._told(watched, notice)
                if told is None:
                    continue
                key, done = notice.key, not told.left
                kept = await self._standings.change(watched, _settling(kind, key, told.taken, done=done), kept)
                sent += done
        return kept, sent

    async def _told(self, watched: Watched, notice: Notice) -> Told | None:
        organization = self._organization(watched)
        type_ = type_of(notice.kind, notice.health, notice.code, notice.transition)
        event = event_of(
            type_,
            self._alert(watched, notice, organization),
            notice.at,
            organization=next(iter(self._organizations), ""),
            source="" if organization else f"{next(iter(self._organizations.values())).url}/fno-link",
        )
        say = log.warning if notice.transition in ("resolved", "relinked") else log.error
        say("%s: %s: %s (%s, incident %s)", type_, watched.name, notice.message, notice.code, notice.incident)
        if notice.kind == "target" and notice.transition in ("triggered", "resolved") and _was_told(notice):
            return Told(self._pipeline.takes(event))
        try:
            return await self._pipeline.notify(
                event, notice.at, routes=notice.routes, targets=notice.escalation, settled=notice.settled
            )
        except FnoLinkError as error:
            log.error("the alert %s is sent at the next round: %s", event.id, summary(error))  # noqa: TRY400  # no payloads
            return None

    def _alert(self, watched: Watched, notice: Notice, organization: Organization | None) -> Alert:
        name = organization.name if organization else ""
        first = notice.failed[0] if notice.failed else None
        return Alert(
            organization=name,
            organization_url=organization.url if organization else "",
            subject=watched.name,
            check=notice.kind,
            incident=notice.incident,
            transition=notice.transition,
            n=notice.n,
            since=notice.since,
            code=notice.code,
            message=notice.message,
            hint=notice.hint,
            link=Environment.of(notice.link),
            previous=Environment.of(notice.previous),
            children=notice.children,
            failed=notice.failed,
            facts={fact: value for fact, value in notice.facts.items() if fact not in _OURS},
            page=f"{self._page}#incident-{notice.incident}" if self._page else "",
            command=command_of(
                notice.kind,
                incident=notice.incident,
                organization=name,
                subject=watched.name,
                route=first.route if first else "",
                reason=_reason(notice),
                code=notice.code,
            ),
        )

    def _organization(self, watched: Watched) -> Organization | None:
        if watched.sort == "organization":
            return self._organizations.get(watched.name)
        source = self._sources.get(watched.name) if watched.sort == "source" else None
        return self._organizations.get(source.organization) if source else None


def _open(standing: Standing, kind: str, tried: set[str]) -> list[Notice]:
    state = standing.states.get(kind, State())
    return [notice for notice in due(state) if notice.key not in tried]


def _settling(kind: str, key: str, routes: tuple[str, ...], *, done: bool) -> Callable[[Standing], Standing]:
    def settled(standing: Standing) -> Standing:
        state = standing.states.get(kind)
        return standing if state is None else standing.with_state(kind, settle(state, key, routes, done=done))

    return settled


def _was_told(notice: Notice) -> bool:
    return notice.facts.get(TOLD) == "true"


def _reason(notice: Notice) -> str:
    reasons = {failed.code for failed in notice.failed}
    return next(iter(reasons)) if len(reasons) == 1 and notice.kind == "dead_letters" else ""


def has_outbox(standing: Standing) -> bool:
    """Tell whether something is to be sent."""
    return any(state.outbox for state in standing.states.values())


def emptied(standing: Standing) -> bool:
    """Tell whether nothing is open and nothing is to be sent: the row of who is not configured may go."""
    return not has_outbox(standing) and not standing.incidents
