"""What earlier versions of fno-link have left in the account: rows lie in it as long as it is there."""

from datetime import datetime

from integration.journal.tables import NEVER, PAST_EVENTS, UNTIMED, before, is_weekly
from integration.single_flight import SingleFlight
from integration.storage import Storage, Where
from integration.storage.names import JOURNAL

_MARK = f"{PAST_EVENTS}since"


class Earlier:
    """The tables that an earlier version of fno-link has made, and until when events without a time lie in them.

    They are listed once, at first use: none is made any more. Where there are none, which is so three weeks after an
    update, nothing is looked up in any.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._listing: SingleFlight[str, frozenset[str]] = SingleFlight()
        self._known: frozenset[str] | None = None
        self._since: datetime | None = None

    async def beside(self, tables: tuple[str, ...], now: datetime) -> tuple[str, ...]:
        """Give tables, and behind them those of the same weeks that an earlier version has made.

        Args:
            tables: Where an event's row may lie.
            now: The time.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        known = self._known
        if known is None:
            known = self._known = await self._listing.join(JOURNAL, lambda: self._listed(now))
        if not known:
            return tables
        return (*tables, *(earlier for earlier in map(before, tables) if earlier in known))

    async def untimed_since(self) -> datetime:
        """Say since when there is a table without a week; call `beside` before.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        if self._since is None:
            table = await self._storage.table(UNTIMED)
            mark = await table.get(_MARK, _MARK)
            at = mark.entity.get("at") if mark is not None else None
            self._since = at if isinstance(at, datetime) else NEVER
        return self._since

    async def _has_events(self, name: str) -> bool:
        table = await self._storage.table(name)
        return bool((await table.page([Where("RowKey", "lt", PAST_EVENTS)], limit=1)).rows)

    async def _listed(self, now: datetime) -> frozenset[str]:
        names = [name async for name in self._storage.tables(JOURNAL)]
        weekly = [name for name in names if is_weekly(name)]
        if UNTIMED not in names:
            # Whoever comes first notes when that was; where no event was written yet, there is nothing of before. A
            # table of this week may be there all the same: the newest numbers are read from it before any event.
            table = await self._storage.table(UNTIMED)
            since = {"at": now} if any([await self._has_events(name) for name in weekly]) else {}
            await table.insert({"PartitionKey": _MARK, "RowKey": _MARK, **since})
        return frozenset(name for name in weekly if before(name) == name)
