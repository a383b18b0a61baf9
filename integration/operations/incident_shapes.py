"""How an incident is written for who asks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType


class Summary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incident as a listing shows it.

    Args:
        id: Its id.
        state: Whether it has ended.
        subject: About whom: the name of an organization, a target or a source; `app` for the worker itself.
        organization: The same, where the subject is an organization.
        kind: The kind of check.
        code: Why, as of the last answer: an error code.
        message: The same in words.
        since: When what is wrong began, which is before it was an incident.
        opened_at: When it became one.
        ended_at: When it ended.
        acknowledged_by: Who works on it.
        muted_until: Until when nothing of its subject is told.
        inhibited_by: The id of the incident that is told in its place; null: there is none.
        cause: What explains it (`entra:contoso.com`); null: nothing does.
        reminders: How often it was reminded of.
        escalated: How many steps of escalation were taken.
        told: The routes that were told.
    """

    id: str
    state: Literal["open", "ended"]
    subject: str
    organization: str | UnsetType = UNSET
    kind: str
    code: str
    message: str
    since: datetime
    opened_at: datetime
    ended_at: datetime | None = None
    acknowledged_by: str | None = None
    muted_until: datetime | None = None
    inhibited_by: str | None = None
    cause: str | None = None
    reminders: int = 0
    escalated: int = 0
    told: Sequence[str] = ()


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an incident.

    Args:
        at: When.
        phase: Where the check stood from then on.
        code: Why: an error code.
        message: The same in words.
        told: What was told by it: `triggered`, `changed`, `resolved` …; empty: nothing.
    """

    at: datetime
    phase: str
    code: str
    message: str
    told: str


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A notice that has not reached all it is for.

    Args:
        transition: What it tells.
        at: Of when it is.
        settled: The routes that have it.
    """

    transition: str
    at: datetime
    settled: Sequence[str]


class Whole(Summary, frozen=True, kw_only=True, rename="camel"):
    """An incident with all that is known of it.

    Args:
        hint: What to do.
        acknowledged_at: When it was acknowledged.
        note: What is being done, as who acknowledged it said.
        told_at: When it was first told.
        next_reminder: When it is reminded of next.
        children: The subjects that it explains, which have no alert of their own.
        notices: How many notices there were, by what they told: `triggered`, `reminder`, `resolved` …
        reasons: Its steps in time.
        due: What is still to be told.
    """

    hint: str = ""
    acknowledged_at: datetime | None = None
    note: str = ""
    told_at: datetime | None = None
    next_reminder: datetime | None = None
    children: Sequence[str] = ()
    notices: Mapping[str, int] = {}
    reasons: Sequence[Moment] = ()
    due: Sequence[Due] = ()
