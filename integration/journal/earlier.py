"""Which tables of before an organization had one partition are still there: rows lie in them as long as they are."""

from integration.journal.tables import before, is_table
from integration.single_flight import SingleFlight
from integration.storage import Storage
from integration.storage.names import JOURNAL


class Earlier:
    """The tables that an earlier version of fno-link has made.

    They are listed once, at first use: none is made any more. Where there are none, which is so three weeks after an
    update, nothing is looked up in any.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._listing: SingleFlight[str, frozenset[str]] = SingleFlight()
        self._known: frozenset[str] | None = None

    async def beside(self, tables: tuple[str, ...]) -> tuple[str, ...]:
        """Give tables, and behind them those of the same weeks that an earlier version has made.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        known = self._known
        if known is None:
            known = self._known = await self._listing.join(JOURNAL, self._listed)
        if not known:
            return tables
        return (*tables, *(earlier for earlier in map(before, tables) if earlier in known))

    async def _listed(self) -> frozenset[str]:
        names = [name async for name in self._storage.tables(JOURNAL)]
        return frozenset(name for name in names if is_table(name) and before(name) == name)
