"""What the platform said of each organization, in memory and, behind it, in a table: a refusal holds for the fleet."""

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.errors import CorruptRecord, StorageUnavailable
from integration.health.maintenance.platform import PlatformView
from integration.loggers import logger
from integration.records import Reader
from integration.storage import Table, Where

log = logger("health")

PARTITION = "platform"
READ_AGAIN_SECONDS = 60.0
"""Rows are read all at once, a thousand a request, no more often than this."""

_READER = Reader(msgspec.json.Decoder(PlatformView), "view of the platform")


class Views:
    """The last view of each organization.

    Args:
        table: Opens the table of links; None: memory only.
        clock: The time.
    """

    def __init__(self, *, table: Callable[[], Awaitable[Table]] | None, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._known: dict[str, PlatformView] = {}
        self._read_at: float | None = None

    async def last(self, organization: Organization) -> PlatformView | None:
        """Return what was said last, None where nothing was."""
        now = self._clock.monotonic()
        if self._table is not None and (self._read_at is None or now - self._read_at >= READ_AGAIN_SECONDS):
            self._read_at = now
            await self._read(self._table)
        return self._known.get(key_of(organization))

    async def keep(self, organization: Organization, view: PlatformView) -> None:
        """Keep what is said now; where storage does not answer, in this process alone."""
        key = key_of(organization)
        self._known[key] = view
        if self._table is None:
            return
        record = msgspec.json.encode(view).decode()
        entity = {"PartitionKey": PARTITION, "RowKey": key, "organization": organization.name, "record": record}
        try:
            await (await self._table()).put(entity)
        except StorageUnavailable as unavailable:
            log.warning("what the platform says of %s is kept in this process only: %s", organization.name, unavailable)

    async def _read(self, open_table: Callable[[], Awaitable[Table]]) -> None:
        try:
            async for row in (await open_table()).select([Where("PartitionKey", "eq", PARTITION)]):
                try:
                    self._known[row.key] = _READER.read(row.entity.get("record"))
                except CorruptRecord as corrupt:
                    log.warning("what the platform said cannot be used: %s", corrupt)
        except StorageUnavailable as unavailable:
            log.warning("what the platform said before is not known: %s", unavailable)


def key_of(organization: Organization) -> str:
    """Return the key of an organization's row: its URL and its tenant, whatever it is called."""
    return hashlib.sha256(f"{organization.tenant}\x00{organization.url}".encode()).hexdigest()
