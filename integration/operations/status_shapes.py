"""How fno-link stands, as the status page, its JSON and its feed tell it.

Names and texts are as they were configured or received: whoever shows them escapes them. There are no payloads, no
secrets and no queries of URLs in it.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from integration.health.days import Day
from integration.health.levels import Level

__all__ = ["Day", "Level"]


class OrganizationStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How an organization stands.

    Args:
        name: The configured name.
        url: Its URL.
        level: How bad it is.
        state: `linked`, `not_linked` or `unknown`.
        environment: URL of the linked environment, or of the last one; empty: none was ever seen.
        since: When this state began.
        checked_at: When it was asked last.
        code: Why it is not well: an error code.
        message: The same in words.
        hint: What to do.
        parked: How many deliveries of it are parked.
        notes: What else is to be known, such as `in maintenance until 04:00 UTC`.
        days: The last 90 days, oldest first.
    """

    name: str
    url: str
    level: Level
    state: str
    environment: str = ""
    since: datetime | None = None
    checked_at: datetime | None = None
    code: str = ""
    message: str = ""
    hint: str = ""
    parked: int = 0
    notes: tuple[str, ...] = ()
    days: tuple[Day, ...] = ()


class IncidentStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incident.

    Args:
        id: Its id.
        subject: What it is about.
        check: Which question is answered badly.
        since: When the trouble began.
        ended_at: When it was over; None: it is not.
        code: Why.
        message: The same in words.
        hint: What to do.
        acknowledged_by: Who has taken it; empty: nobody.
        muted_until: Until when it is silent.
        explains: How many others fail by the same cause, and are not told.
    """

    id: str
    subject: str
    check: str
    since: datetime
    ended_at: datetime | None = None
    code: str = ""
    message: str = ""
    hint: str = ""
    acknowledged_by: str = ""
    muted_until: datetime | None = None
    explains: int = 0


class Hour(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was counted in one hour, beginning `at`."""

    at: datetime
    received: int = 0
    delivered: int = 0
    deferred: int = 0
    dead_lettered: int = 0


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A source: its last event, and what fails in it.

    Args:
        name: The configured name.
        kind: Its kind.
        level: How bad it is.
        last_event_at: When it had its latest event.
        failed: How many of its messages had to go back in 24 hours, since nothing could be stored.
        dead_lettered: How many deliveries of its events became dead letters in 24 hours.
        code: Why it is not well.
        message: The same in words.
    """

    name: str
    kind: str
    level: Level = "pass"
    last_event_at: datetime | None = None
    failed: int = 0
    dead_lettered: int = 0
    code: str = ""
    message: str = ""


class TargetStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A target.

    Args:
        name: The configured name.
        kind: Its kind.
        circuit: `closed`, `open` or `half_open`, for the fleet.
        since: When the circuit was opened.
        code: Why.
        error_rate: The share of attempts of the last 24 hours that it did not take, 0 to 1; None: there was none.
        oldest_waiting: The oldest delivery that waits for it.
    """

    name: str
    kind: str
    level: Level = "pass"
    circuit: str = "closed"
    since: datetime | None = None
    code: str = ""
    error_rate: float | None = None
    oldest_waiting: datetime | None = None


class LetterStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A recent dead letter, and the command that replays it."""

    id: str
    at: datetime
    organization: str
    reason: str
    type: str = ""
    event: str = ""
    route: str = ""
    command: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How fno-link stands.

    Args:
        at: When this was read.
        level: The worst of all.
        oldest_waiting: Since when the oldest event that is not delivered waits; None: none does.
        parked: How many deliveries are parked, by reason.
        dead_letters: How many became dead letters in 24 hours, by reason.
        circuits_open: The targets that are left alone.
        linked: How many organizations are linked.
        linked_since: When the last change of a link was seen.
        last_round: When the watch has asked everything last.
        organizations: Worst first, one page.
        organizations_in_all: How many there are.
        following: Gives the next page: `after`; empty: this is the last.
        open_incidents: Oldest first; those that another one explains are not in it.
        open_in_all: How many are open, with those that are explained.
        ended_incidents: Latest first.
        hours: The last 24, oldest first.
        sources: By name, those with trouble first.
        sources_in_all: How many there are.
        targets: By name, those with trouble first.
        targets_in_all: How many there are.
        letters: The latest dead letters, latest first.
        notes: What could not be read, and why: the rest is shown all the same.
    """

    at: datetime
    level: Level
    oldest_waiting: datetime | None = None
    parked: Mapping[str, int] = {}
    dead_letters: Mapping[str, int] = {}
    circuits_open: tuple[str, ...] = ()
    linked: int = 0
    linked_since: datetime | None = None
    last_round: datetime | None = None
    organizations: tuple[OrganizationStatus, ...] = ()
    organizations_in_all: int = 0
    following: str = ""
    open_incidents: tuple[IncidentStatus, ...] = ()
    open_in_all: int = 0
    ended_incidents: tuple[IncidentStatus, ...] = ()
    hours: tuple[Hour, ...] = ()
    sources: tuple[SourceStatus, ...] = ()
    sources_in_all: int = 0
    targets: tuple[TargetStatus, ...] = ()
    targets_in_all: int = 0
    letters: tuple[LetterStatus, ...] = ()
    notes: tuple[str, ...] = ()


class OrganizationState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What anybody may know of an organization, where the page is public: its name and its state."""

    name: str
    level: Level
    state: str


class PublicStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What anybody may know, where the page is public.

    Args:
        at: When this was read.
        level: The worst of the organizations.
        organizations: All of them, worst first.
    """

    at: datetime
    level: Level
    organizations: tuple[OrganizationState, ...] = ()
