"""What an operator calls: maintenance from now on, or from then on, with an end."""

import hashlib
from datetime import datetime, timedelta

import msgspec

LONGEST_CALL = timedelta(days=30)
"""Whoever needs more writes a window, which others see in the configuration."""
LONGEST_NOTE = 500


class MaintenanceCall(msgspec.Struct, frozen=True, kw_only=True):
    """Maintenance that an operator has called.

    Args:
        organization: Whose alerts are silent; empty: all alerts.
        since: From here.
        until: Until just before here.
        by: Who called it.
        note: Why.
        v: The version of this record.
    """

    organization: str = ""
    since: datetime
    until: datetime
    by: str = ""
    note: str = ""
    v: int = 1

    @property
    def id(self) -> str:
        """Return what names this call: the same call, made twice, is one."""
        said = f"{self.organization}\x00{self.since.isoformat()}\x00{self.by}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def is_open(self, now: datetime) -> bool:
        """Tell whether it holds at an instant."""
        return self.since <= now < self.until

    def ended(self, now: datetime) -> "MaintenanceCall":
        """Return the call, over by now; one that was not to begin until later has never been."""
        return msgspec.structs.replace(self, until=max(self.since, min(self.until, now)))


def call_fault(call: MaintenanceCall, now: datetime) -> str:
    """Say what is wrong with a call; empty: nothing.

    Args:
        call: As it was asked for.
        now: The time.
    """
    if call.since.tzinfo is None or call.until.tzinfo is None:
        return "a time without an offset says nothing: write 2026-12-24T18:00:00Z or 2026-12-24T18:00:00+01:00"
    if call.until <= call.since:
        return f"it ends ({call.until.isoformat()}) before it begins ({call.since.isoformat()})"
    if call.until <= now:
        return f"it is over already: it ends at {call.until.isoformat()}, and it is {now.isoformat()}"
    if call.until - call.since > LONGEST_CALL:
        return f"it lasts longer than {LONGEST_CALL.days} days; write a window into [[health.maintenance]] instead"
    if len(call.note) > LONGEST_NOTE:
        return f"the note is {len(call.note)} characters long; at most {LONGEST_NOTE}"
    return ""
