"""How the organizations stand, for the status page: pure. The worst come first; one page is written out."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from integration.config.keys.health import Health
from integration.config.keys.model import Organization
from integration.errors import InvalidRequest
from integration.health.levels import Level, level_of, level_of_organization, link_state, worst
from integration.health.machine import State
from integration.health.maintenance import MaintenanceCall, silence
from integration.health.standing import Standing, Watched
from integration.operations.status_shapes import OrganizationStatus

_RANK: Mapping[Level, int] = {"fail": 0, "warn": 1, "pass": 2}
_NEVER = Standing()


class Bookmark(msgspec.Struct, frozen=True, array_like=True, order=True):
    """The last organization of a page, by what organizations are sorted by.

    Args:
        rank: How bad it is, 0 the worst.
        name: Its name.
    """

    rank: int
    name: str

    @property
    def token(self) -> str:
        """The same as a text for who asks for the next page."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def of_token(cls, token: str) -> "Bookmark":
        """Read a text that `token` made.

        Raises:
            InvalidRequest: It is none.
        """
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=cls)
        except (ValueError, msgspec.MsgspecError) as error:
            raise InvalidRequest("after is the `following` of the page before") from error


class Listed(msgspec.Struct, frozen=True):
    """Organizations in their order.

    Args:
        page: Those that are shown.
        following: Gives the next page; empty: this is the last.
        worst: The level of the worst of all.
    """

    page: Sequence[tuple[str, Level]]
    following: str
    worst: Level


def listed(names: Sequence[str], standings: Mapping[Watched, Standing], after: Bookmark | None, limit: int) -> Listed:
    """Put organizations in their order, and choose those of one page.

    Args:
        names: The configured ones.
        standings: What the watch remembers.
        after: The last of the page before.
        limit: How many are shown.
    """
    levels: dict[str, Level] = {name: level_of_organization(standing_of(name, standings).states) for name in names}
    ordered = sorted(Bookmark(_RANK[level], name) for name, level in levels.items())
    rest = [each for each in ordered if after is None or each > after]
    page = rest[:limit]
    following = page[-1].token if len(rest) > len(page) else ""
    return Listed([(each.name, levels[each.name]) for each in page], following, worst(levels.values()))


def standing_of(name: str, standings: Mapping[Watched, Standing]) -> Standing:
    """Give what the watch remembers of an organization."""
    return standings.get(Watched("organization", name), _NEVER)


def integration_of(standing: Standing) -> State:
    """Give the machine of the link."""
    return standing.states.get("integration", State())


def organization_status(  # noqa: PLR0913  # what is shown, and what it is shown by
    organization: Organization,
    standing: Standing,
    now: datetime,
    *,
    settings: Health,
    calls: Sequence[MaintenanceCall] = (),
    parked: int = 0,
) -> OrganizationStatus:
    """Write one organization.

    Args:
        organization: As configured.
        standing: What the watch remembers of it.
        now: The time.
        settings: When the watch is silent.
        calls: Maintenance that was called.
        parked: How many deliveries of it are parked.
    """
    state = integration_of(standing)
    why = _why(standing)
    return OrganizationStatus(
        name=organization.name,
        url=organization.url,
        level=level_of_organization(standing.states),
        state=link_state(state),
        environment=state.link.url if state.link is not None else "",
        since=state.since,
        checked_at=state.checked_at,
        code=why.answer.code if why and why.answer else "",
        message=why.answer.message if why and why.answer else "",
        hint=why.answer.hint if why and why.answer else "",
        parked=parked,
        notes=tuple(_notes(organization.name, standing, now, settings, calls)),
        days=standing.days.until(now),
    )


def _why(standing: Standing) -> State | None:
    """Give the machine that says most of why it is not well: the worst one, and the link's before the others."""
    ill = [
        (_RANK[level_of(kind, state)], kind != "integration", kind, state)
        for kind, state in standing.states.items()
        if state.answer is not None and state.answer.is_unhealthy
    ]
    return min(ill, key=lambda each: each[:3])[3] if ill else None


def _notes(
    name: str, standing: Standing, now: datetime, settings: Health, calls: Sequence[MaintenanceCall]
) -> list[str]:
    state = integration_of(standing)
    notes: list[str] = []
    if state.answer is None:
        notes.append("Nobody has asked yet: the health timer does.")
    silent = silence(name, now, windows=settings.maintenance, calls=calls, platform=standing.platform)
    if silent is not None:
        until = f" until {silent.until:%Y-%m-%d %H:%M} UTC" if silent.until is not None else ""
        notes.append(f"In maintenance{until}: {'; '.join(silent.because)}")
    if state.flapping:
        notes.append("It changes too often to be told each time.")
    for kind, each in standing.states.items():
        if each.is_muted(now):
            notes.append(f"{kind} is silent until {each.muted_until:%Y-%m-%d %H:%M} UTC")
        if each.incident is not None and each.incident.acknowledged_by:
            said = f": {each.incident.note}" if each.incident.note else ""
            notes.append(f"{kind}: acknowledged by {each.incident.acknowledged_by}{said}")
    return notes
