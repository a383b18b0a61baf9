"""Walk over blobs that lie in folders by their day: `{root}YYYY/MM/DD/…`."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.storage.blobs import Blobs

_PARTS = (4, 7, 10)
"""How long a year, a month and a day are as they are written."""


async def days(blobs: "Blobs", root: str, *, since: str = "", before: str = "") -> AsyncIterator[str]:
    """List the folders of the days, oldest first; those outside are not asked for.

    Args:
        blobs: The container.
        root: What stands before the year, with its slash.
        since: The first day, YYYY/MM/DD; empty: from the beginning.
        before: The day after the last; empty: to the end.

    Yields:
        The folders, each with its slash at the end. What is no date in its place is passed over.

    Raises:
        StorageUnavailable: The account did not answer.
    """
    async for year in blobs.folders(root):
        if _within(year, root, since, before, _PARTS[0]):
            async for month in blobs.folders(year):
                if _within(month, root, since, before, _PARTS[1]):
                    async for day in blobs.folders(month):
                        written = day.removeprefix(root).rstrip("/")
                        if _within(day, root, since, before, _PARTS[2]) and (not before or written < before):
                            yield day


def _within(folder: str, root: str, since: str, before: str, length: int) -> bool:
    """Tell whether some day of a year or month, or a day itself, can be wanted."""
    written = folder.removeprefix(root).rstrip("/")
    if len(written) != length or not written.replace("/", "").isdigit():
        return False
    return written >= since[:length] and (not before or written <= before[:length])
