"""Something that is to be told of an incident."""

from collections.abc import Mapping

import msgspec

from integration.events.alerts import Failed
from integration.events.alerts.types import Transition
from integration.health.check import Health
from integration.health.machine.fields import Count, Instant
from integration.links.values import Linked


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A notice lies in the outbox, stored with the state that it came of, until it is settled.

    Args:
        incident: Whose notice it is.
        transition: What is told.
        n: Which one of this incident's notices of this transition, from 1.
        kind: The machine's.
        subject: About whom.
        health: Of the answer that it came of.
        at: When it came to be.
        since: When the trouble was first seen.
        code: Why. Of an end: why it was not well.
        message: The same in words.
        hint: What to do.
        link: The environment that the answer was about.
        previous: The environment before.
        children: What has the same cause, by name.
        facts: What was seen beside.
        failed: What failed.
        routes: None: it goes by all routes that match. Else by these alone, of those that are still there; `()`: by
            none, it is only logged, and sent to the targets of `escalation`.
        escalation: Targets that it goes to besides, whatever matches.
        settled: Routes that have it already.
    """

    incident: str
    transition: Transition
    n: Count
    kind: str
    subject: str
    health: Health
    at: Instant
    since: Instant
    code: str = ""
    message: str = ""
    hint: str = ""
    link: Linked | None = None
    previous: Linked | None = None
    children: tuple[str, ...] = ()
    facts: Mapping[str, str] = {}
    failed: tuple[Failed, ...] = ()
    routes: tuple[str, ...] | None = None
    escalation: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name it: no two have the same key, and the same one is sent again under its own."""
        return f"{self.incident}:{self.transition}:{self.n}"
