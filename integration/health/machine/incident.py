"""An incident: from what opened it to its one end."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from integration.events.alerts.types import Transition
from integration.health.check import Health
from integration.health.machine.fields import Count, Instant


class Reason(msgspec.Struct, frozen=True):
    """Why something is not well, as far as it makes a difference to who hears of it.

    Args:
        health: `bad` or `unknown`.
        code: An error code.
    """

    health: Health
    code: str


class Incident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of an incident; it is opened in silence too, and then told when the silence ends.

    Args:
        id: Stays the same from the first notice to the last.
        kind: The machine's.
        opened_at: When it was opened.
        since: When the trouble was first seen.
        health: Of the last answer that was not well.
        code: Why it was not; the reason of an open incident may change.
        message: The same in words.
        hint: What to do.
        reasons: The reasons that were told.
        transitions: How many notices of each transition there were.
        told: The routes that have a notice of it, where its end goes; None: not remembered, its end goes to all.
        told_at: When its trigger was told; None: it was not yet.
        is_confirmed: It was not well for long enough; else all that is known is that it flaps.
        reminders: How many reminders there were.
        next_reminder: When the next is due; None: none is.
        escalated: How many steps were gone.
        escalation: The targets of those steps.
        flapping_told: That it flaps now was told.
        acknowledged_by: Who knows of it; empty: nobody said so.
        acknowledged_at: When.
        note: What was said with that.
        inhibited_by: The cause by which it is explained now, and which is told in its place.
        children: What this one explained.
        ended_at: When it ended.
    """

    id: str
    kind: str
    opened_at: Instant
    since: Instant
    health: Health = "bad"
    code: str = ""
    message: str = ""
    hint: str = ""
    reasons: tuple[Reason, ...] = ()
    transitions: Mapping[Transition, Count] = {}
    told: tuple[str, ...] | None = ()
    told_at: Instant | None = None
    is_confirmed: bool = True
    reminders: Count = 0
    next_reminder: Instant | None = None
    escalated: Count = 0
    escalation: tuple[str, ...] = ()
    flapping_told: bool = False
    acknowledged_by: str = ""
    acknowledged_at: Instant | None = None
    note: str = ""
    inhibited_by: str = ""
    children: tuple[str, ...] = ()
    ended_at: Instant | None = None

    @property
    def is_told(self) -> bool:
        """Whether anybody was told of it, and hears of its end."""
        return bool(self.transitions)

    @property
    def reason(self) -> Reason:
        """Why it was not well the last time that it was not."""
        return Reason(self.health, self.code)


def id_of(subject: str, kind: str, opened_at: datetime, number: int) -> str:
    """Name an incident.

    Args:
        subject: About whom.
        kind: The machine's.
        opened_at: When it is opened.
        number: How many this machine has opened before: a clock that was set back shows the same time twice.
    """
    text = "\x00".join((subject, kind, opened_at.isoformat(), str(number)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
