"""Flapping: well and not well by turns, so often that each turn is no news any more."""

from datetime import datetime

import msgspec

from integration.config.keys.health import Thresholds
from integration.health.machine.state import State


def flapped(before: State, after: State, now: datetime, settings: Thresholds) -> State:
    """Tell whether it flaps.

    Args:
        before: The state without the answer.
        after: The same with the answer counted.
        now: When.
        settings: How many changes in which time are flapping, and how long none is stable.
    """
    if not settings.flapping:
        return msgspec.structs.replace(after, changes=(), flapping=False)
    if (before.bad and after.good) or (before.good and after.bad):
        after = msgspec.structs.replace(after, changes=(*after.changes, now), changed_at=now)
    changes = tuple(at for at in after.changes if now - at < settings.flapping_window)[-settings.flapping - 1 :]
    if not after.flapping:
        return msgspec.structs.replace(after, changes=changes, flapping=len(changes) > settings.flapping)
    if after.changed_at is None or now - after.changed_at >= settings.stable_for:
        return msgspec.structs.replace(after, changes=(), flapping=False)
    return msgspec.structs.replace(after, changes=changes)
