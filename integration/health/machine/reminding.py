"""Reminders: an incident that lasts is told again, less and less often; and after a while to others, too.

Both stop once somebody has said that he knows.
"""

from datetime import datetime, timedelta
from math import log

import msgspec

from integration.config.keys.health import Escalation, Thresholds
from integration.health.machine.incident import Incident

LONGEST_WAIT = timedelta(days=3660)
"""No calendar reaches as far as a duration may be written."""


def wait(settings: Thresholds, reminders: int) -> timedelta:
    """Say how long after a notice the next reminder is due.

    Args:
        settings: The first wait, by how much each is longer, and the longest.
        reminders: How many there were.
    """
    longest = min(settings.reminder_cap, LONGEST_WAIT)
    first = min(settings.reminder_every, longest)
    # Compared by their logarithms: a power of many reminders is more than a number holds.
    if first and reminders * log(settings.reminder_factor) >= log(longest / first):
        return longest
    return first * settings.reminder_factor**reminders


def scheduled(incident: Incident, now: datetime, settings: Thresholds) -> Incident:
    """Keep the next reminder within one wait from now, whatever has become of the clock or the settings."""
    if incident.told_at is None or not settings.reminder_every:
        return msgspec.structs.replace(incident, next_reminder=None)
    latest = now + wait(settings, incident.reminders)
    due = incident.next_reminder
    return msgspec.structs.replace(incident, next_reminder=latest if due is None else min(due, latest))


def is_due(incident: Incident, now: datetime) -> bool:
    """Tell whether it is time for a reminder."""
    return incident.next_reminder is not None and incident.next_reminder <= now and not incident.acknowledged_by


def put_off(incident: Incident, now: datetime, settings: Thresholds) -> Incident:
    """Wait anew: something else was just told."""
    return scheduled(msgspec.structs.replace(incident, next_reminder=None), now, settings)


def reminded(incident: Incident, now: datetime, settings: Thresholds) -> Incident:
    """Count a reminder and wait for the next; those that were missed in silence are not caught up."""
    return put_off(msgspec.structs.replace(incident, reminders=incident.reminders + 1), now, settings)


def steps_due(incident: Incident, now: datetime, settings: Thresholds) -> tuple[Escalation, ...]:
    """Give the steps that are to be gone now, the first first."""
    if incident.told_at is None or incident.acknowledged_by:
        return ()
    passed = now - incident.told_at
    return tuple(step for step in settings.escalation[incident.escalated :] if step.after <= passed)
