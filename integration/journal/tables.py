"""Which table holds an event: one a week, by the event's own time; and which of its partitions.

An organization has one partition in a table: what is written for its events at the same time goes as one transaction,
which is about one partition. Such a table has a letter behind its week. Those of before have none, and sixteen
partitions an organization; they are read and their rows go on in them until they are dropped with their week.

An event without a time of its own lies in a table without a week: whenever it comes again, one insert finds it.
"""

import re
from datetime import UTC, date, datetime, timedelta

from integration.storage.names import JOURNAL

_NAME = re.compile(rf"{JOURNAL}(\d{{4}})w(\d{{2}})b?")
UNTIMED = f"{JOURNAL}untimed"
"""The table of events without a time of their own; its rows are removed one by one."""
NEVER = datetime(1, 1, 1, tzinfo=UTC)
_WHOLE = "b"
"""Behind the name of a table in which each organization has one partition."""
_SIXTEENTHS = "0123456789abcdef"
PAST_EVENTS = "g"
"""RowKeys of events are hexadecimal; what else lies in their partitions comes behind, from here on."""
WEEK = timedelta(days=7)
_AHEAD = timedelta(days=1)


def table_of(at: datetime) -> str:
    """Name the table of the ISO week that a time is in."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    return f"{JOURNAL}{year:04}w{week:02}{_WHOLE}"


def before(table: str) -> str:
    """Name the table of the same week as fno-link made it when an organization had sixteen partitions."""
    return table.removesuffix(_WHOLE)


def partition_in(table: str, organization: str, key: str) -> str:
    """Say which partition of a table an event's row is in.

    Args:
        table: The table.
        organization: The configured name.
        key: The event's storage key.
    """
    return organization if _is_whole(table) else f"{organization}-{key[:1]}"


def partitions_in(table: str, organization: str) -> tuple[str, str]:
    """Say between which partitions of a table an organization's rows are, those of some others perhaps, too.

    Args:
        table: The table.
        organization: The configured name.
    """
    first, last = (partition_in(table, organization, digit) for digit in (_SIXTEENTHS[0], _SIXTEENTHS[-1]))
    return first, last


def organization_in(table: str, partition: str) -> str:
    """Say whose rows are in a partition of a table.

    Args:
        table: The table.
        partition: PartitionKey.
    """
    return partition if _is_whole(table) else partition.rpartition("-")[0]


def is_table(name: str) -> bool:
    """Tell whether a table is one of the journal's."""
    return name == UNTIMED or is_weekly(name)


def is_weekly(name: str) -> bool:
    """Tell whether a table is that of a week."""
    return _NAME.fullmatch(name) is not None


def _is_whole(table: str) -> bool:
    return table.endswith(_WHOLE) or table == UNTIMED


def is_timed(time: datetime | None, now: datetime, keep: timedelta) -> bool:
    """Tell whether a table of a week is kept for an event's own time; arguments as in `tables_for`."""
    return time is not None and now - keep <= time <= now + _AHEAD


def tables_for(time: datetime | None, now: datetime, keep: timedelta, since: datetime = NEVER) -> tuple[str, ...]:
    """Say where an event's row lies.

    An event without a time, or with one that no table is kept for (older than `keep`, or more than a day ahead), has
    its row in the table without a week. It is looked up in its own week, too, while that table is still there: it may
    have come in when it was younger, and wait since, parked.

    Args:
        time: The event's own time.
        now: The time.
        keep: How long rows are kept.
        since: Since when there is a table without a week. Before, such events lay in the table of the week they came
            in, and were looked up in the week before.

    Returns:
        The table that a new row goes to, then the others to look into.
    """
    if time is not None and is_timed(time, now, keep):
        return (table_of(time),)
    last = table_of(since)
    tables = (UNTIMED, *(week for week in (table_of(now), table_of(now - WEEK)) if week <= last))
    own = table_of(time) if time is not None and time < now else ""
    return (*tables, own) if own and own not in tables and not outlived(own, now, keep) else tables


def outlived(table: str, now: datetime, keep: timedelta) -> bool:
    """Tell whether nothing in a table is needed any more; False for a table that is none of the journal's.

    Rows are placed by an event's own time, up to `keep` back; the extra week keeps such a late one for a week at least.
    """
    found = _NAME.fullmatch(table)
    if found is None:
        return False
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        return False
    end = datetime(monday.year, monday.month, monday.day, tzinfo=UTC) + WEEK
    return end + keep + WEEK < now
