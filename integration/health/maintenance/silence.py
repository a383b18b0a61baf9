"""Whether notices about a subject are held back, why, and until when."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from integration.config.keys.health import Maintenance
from integration.health.maintenance.calls import MaintenanceCall
from integration.health.maintenance.platform import PlatformView
from integration.health.maintenance.windows import spell_at

HORIZON = timedelta(days=366)
"""Windows that follow one another without a gap are followed no further."""


class Silence(msgspec.Struct, frozen=True):
    """That notices are held back.

    Args:
        until: When they no longer are; None: as long as the platform says that it is in maintenance.
        because: What holds them back, in words, each once.
    """

    until: datetime | None
    because: tuple[str, ...]


def silence(
    organization: str,
    now: datetime,
    *,
    windows: Sequence[Maintenance],
    calls: Sequence[MaintenanceCall] = (),
    platform: PlatformView | None = None,
) -> Silence | None:
    """Tell whether notices about a subject are held back at an instant.

    Args:
        organization: The organization that it is, or belongs to; empty: none, as a target or the app itself. Windows
            and calls for all hold for it, too; those for others do not.
        now: The instant.
        windows: Those of the configuration.
        calls: Those of operators.
        platform: What the platform says of the organization; None: nothing.

    Returns:
        None where they are not.
    """
    theirs = [each for each in windows if not each.organizations or organization in each.organizations]
    called = [each for each in calls if each.organization in ("", organization)]
    found = list(_open(theirs, called, now))
    because = [reason for _, reason in found]
    says = platform is not None and platform.in_maintenance(now)
    if platform is not None and says:
        because.append(platform.because)
    if not because:
        return None
    until = None if says else _end(theirs, called, now, (end for end, _ in found))
    return Silence(until, tuple(dict.fromkeys(because)))


def _open(
    windows: Iterable[Maintenance], calls: Iterable[MaintenanceCall], at: datetime
) -> Iterator[tuple[datetime, str]]:
    """Yield the end of everything that is open at an instant, and what it is."""
    for window in windows:
        if spell := spell_at(window, at):
            day = ", ".join(window.weekdays) if window.date is None else window.date.isoformat()
            yield spell.end, f"window of fno-link.toml: {day} {window.start} {window.timezone}"
    for call in calls:
        if call.is_open(at):
            note = f": {call.note}" if call.note else ""
            yield call.until, f"called by {call.by or 'an operator'}{note}"


def _end(
    windows: Sequence[Maintenance], calls: Sequence[MaintenanceCall], now: datetime, ends: Iterable[datetime]
) -> datetime:
    """Return when nothing is open any more: what begins before the rest has ended goes on with it."""
    end = max(ends)
    while end < now + HORIZON:
        later = max((each for each, _ in _open(windows, calls, end)), default=end)
        if later <= end:
            break
        end = later
    return end
