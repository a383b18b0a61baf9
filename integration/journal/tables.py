"""Which table holds an event: one a week, by the event's own time; and which of its partitions.

An organization has one partition in a table: what is written for its events at the same time goes as one transaction,
which is about one partition. Such a table has a letter behind its week. Those of before have none, and sixteen
partitions an organization; they are read and their rows go on in them until they are dropped with their week.
"""

import re
from datetime import UTC, date, datetime, timedelta

from integration.storage.names import JOURNAL

_NAME = re.compile(rf"{JOURNAL}(\d{{4}})w(\d{{2}})b?")
_WHOLE = "b"
"""Behind the name of a table in which each organization has one partition."""
_SIXTEENTHS = "0123456789abcdef"
_WEEK = timedelta(days=7)
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
    return organization if table.endswith(_WHOLE) else f"{organization}-{key[:1]}"


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
    return partition if table.endswith(_WHOLE) else partition.rpartition("-")[0]


def is_table(name: str) -> bool:
    """Tell whether a table is one of the journal's."""
    return _NAME.fullmatch(name) is not None


def tables_for(time: datetime | None, now: datetime, keep: timedelta) -> tuple[str, ...]:
    """Say where an event's row lies.

    An event without a time, or with one that no table is kept for (older than `keep`, or more than a day ahead), has
    its row in the table of the week it comes in; it is looked up in the week before, too, and in its own week while
    that table is still there: it may have come in when it was younger, and wait since, parked.

    Args:
        time: The event's own time.
        now: The time.
        keep: How long rows are kept.

    Returns:
        The table that a new row goes to, then the others to look into.
    """
    if time is not None and now - keep <= time <= now + _AHEAD:
        return (table_of(time),)
    tables = (table_of(now), table_of(now - _WEEK))
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
    end = datetime(monday.year, monday.month, monday.day, tzinfo=UTC) + _WEEK
    return end + keep + _WEEK < now
