"""What one machine remembers between two answers: all that it has, stored in a row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from integration.health.check import Answer, Kind
from integration.health.machine.fields import Bits, Count, Instant, Width
from integration.health.machine.incident import Incident
from integration.health.machine.notice import Notice
from integration.health.probes.remembered import Remembered
from integration.links.values import Linked

VERSION = 1

type Phase = Literal["ok", "suspect", "firing", "recovering"]
"""`suspect`: not well, and not yet long enough. `recovering`: well again, and not yet long enough."""


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What silences a machine, and what it explains.

    Args:
        maintenance: It is to be silent now.
        inhibited_by: What explains its answer and is told in its place; empty: nothing does.
        children: What its own trouble explains, by name.
    """

    maintenance: bool = False
    inhibited_by: str = ""
    children: tuple[str, ...] = ()


class State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a machine is.

    Args:
        phase: As its answers have it, whatever is told.
        answer: The last one that counted; None: there was none yet.
        not_asked: Why nothing was asked the last time; empty: it was.
        checked_at: When the last answer came that counted.
        since: When it became as well, or as unwell, as it is.
        doubted_since: When the trouble was first seen that the last answers still hold.
        bad: How many of the last answers in a row were not well.
        good: How many were well.
        recent: A bit for each of the last 64 answers, the last one lowest; 1: not well.
        remembered: How many bits of it count.
        changes: When it changed between well and not well, as far as that counts for flapping.
        changed_at: When it changed the last time.
        flapping: It changes too often to be told.
        parts: The answers that this one is made of, for who shows them.
        incident: The open one.
        last: The one before, which has ended.
        opened: How many incidents and moved links there were.
        muted_until: Silent until then, whatever happens, but for ends; None: not muted.
        link: The environment that it is, or was last, linked to.
        previous: The environment that was told, where the move from it was not told yet.
        relinked_at: When a move was told the last time.
        outbox: What is to be told, the oldest first.
        v: Version of this record.
    """

    phase: Phase = "ok"
    answer: Answer | None = None
    not_asked: str = ""
    checked_at: Instant | None = None
    since: Instant | None = None
    doubted_since: Instant | None = None
    bad: Count = 0
    good: Count = 0
    recent: Bits = 0
    remembered: Width = 0
    changes: tuple[Instant, ...] = ()
    changed_at: Instant | None = None
    flapping: bool = False
    parts: Mapping[Kind, Remembered] = {}
    incident: Incident | None = None
    last: Incident | None = None
    opened: Count = 0
    muted_until: Instant | None = None
    link: Linked | None = None
    previous: Linked | None = None
    relinked_at: Instant | None = None
    outbox: tuple[Notice, ...] = ()
    v: int = VERSION

    def is_muted(self, now: datetime) -> bool:
        """Tell whether it was muted until later than now."""
        return self.muted_until is not None and now < self.muted_until
