"""Who we are in each organization, asked with WhoAmI once a day for the whole fleet."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from integration.clock import Clock
from integration.clouds import organization_url
from integration.config.keys.model import Organization
from integration.dataverse import Identity
from integration.errors import CorruptRecord, LinkUnknown, StorageUnavailable
from integration.loggers import logger
from integration.records import VERSION, Reader
from integration.single_flight import SingleFlight
from integration.storage import Table

log = logger("links")

PARTITION = "identity"
LASTS = timedelta(days=1)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An identity and when it was asked for."""

    identity: Identity
    checked_at: datetime
    v: int = VERSION


_READER = Reader(msgspec.json.Decoder(Known), "identity")


class WhoAmI(Protocol):
    """What is used of the Dataverse client."""

    async def who_am_i(self, organization: Organization) -> Identity:
        """Ask who we are; raises LinkUnknown."""
        ...


class Identities:
    """Our identity in each organization: in memory, behind it in the table of links, behind it WhoAmI.

    Args:
        dataverse: Asks.
        client_id: Our client id in an organization: another one is somebody else.
        table: Opens the table of links; None: memory only.
        clock: The time.
    """

    def __init__(
        self,
        dataverse: WhoAmI,
        client_id: Callable[[Organization], str],
        *,
        table: Callable[[], Awaitable[Table]] | None,
        clock: Clock,
    ) -> None:
        self._dataverse = dataverse
        self._client_id = client_id
        self._table = table
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._loads: SingleFlight[str, Known] = SingleFlight()

    async def of(self, organization: Organization, *, younger_than: timedelta | None = None) -> Identity:
        """Tell who we are.

        Args:
            organization: Where.
            younger_than: How old the answer may be; a day by default.

        Raises:
            LinkUnknown: It has never been known, and cannot be found out now.
        """
        key = hashlib.sha256(
            f"{organization_url(organization.url)}\x00{self._client_id(organization)}".encode()
        ).hexdigest()
        lasts = younger_than or LASTS
        known = self._known.get(key)
        if known is None or not self._fresh(known, lasts):
            known = await self._loads.join(key, lambda: self._load(key, organization, lasts))
        return known.identity

    async def aclose(self) -> None:
        """Stop asking."""
        await self._loads.aclose()

    def _fresh(self, known: Known, lasts: timedelta) -> bool:
        return self._clock.now() - known.checked_at < lasts

    async def _load(self, key: str, organization: Organization, lasts: timedelta) -> Known:
        kept = await self._read(key) or self._known.get(key)
        if kept is None or not self._fresh(kept, lasts):
            try:
                identity = await self._dataverse.who_am_i(organization)
            except LinkUnknown as unknown:
                if kept is None:
                    raise
                log.warning("%s: the identity known since %s is used: %s", organization.name, kept.checked_at, unknown)
            else:
                kept = Known(identity=identity, checked_at=self._clock.now().astimezone(UTC))
                await self._write(key, organization, kept)
        self._known[key] = kept
        return kept

    async def _read(self, key: str) -> Known | None:
        if self._table is None:
            return None
        try:
            row = await (await self._table()).get(PARTITION, key)
            return _READER.read(row.entity.get("record")) if row is not None else None
        except (StorageUnavailable, CorruptRecord) as error:
            log.warning("the shared identity cannot be used: %s", error)
            return None

    async def _write(self, key: str, organization: Organization, known: Known) -> None:
        if self._table is None:
            return
        record = msgspec.json.encode(known).decode()
        entity = {"PartitionKey": PARTITION, "RowKey": key, "organization": organization.name, "record": record}
        try:
            await (await self._table()).put(entity)
        except StorageUnavailable as unavailable:
            log.warning("the identity is kept in this process only: %s", unavailable)
