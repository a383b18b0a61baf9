"""What the app registrations tell of their secrets: asked of Microsoft Graph seldom, known to the whole fleet."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Credentials, Organization
from integration.errors import CorruptRecord, Forbidden, LinkUnknown, StorageUnavailable
from integration.loggers import logger
from integration.microsoft_graph import Secret
from integration.records import VERSION, Reader
from integration.single_flight import SingleFlight
from integration.storage import Table

log = logger("health")

PARTITION = "registration"
SILENT_FOR = timedelta(days=1)
"""A right that is missing is not granted from one round to the next."""

TOLD_FOR = timedelta(hours=1)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an app registration tells of the secret that is used.

    Args:
        checked_at: When it was asked.
        silent: Why it tells nothing; empty: it does.
        ends: When the secret expires; None: never.
        key_id: The secret's id, as the portal shows it.
        name: What it is called there.
        certain: Whether this is the used secret for sure; else the one of those that may be it that lasts longest.
        until: When Microsoft Graph may be asked again, where it asked for a wait.
    """

    checked_at: datetime
    silent: str = ""
    ends: datetime | None = None
    key_id: str = ""
    name: str = ""
    certain: bool = True
    until: datetime | None = None
    v: int = VERSION


_READER = Reader(msgspec.json.Decoder(Told), "app registration")


class ReadsSecrets(Protocol):
    """What is used of Microsoft Graph."""

    async def secrets(self, organization: Organization, client_id: str) -> tuple[Secret, ...] | None:
        """Read the secrets; None where there is no such app registration; raises LinkUnknown."""
        ...


class Registrations:
    """The used secret of each client: in memory, behind it in a table, behind it Microsoft Graph.

    Args:
        graph: Asks.
        table: Opens the table of links; None: memory only.
        clock: The time.
    """

    def __init__(self, *, graph: ReadsSecrets, table: Callable[[], Awaitable[Table]] | None, clock: Clock) -> None:
        self._graph = graph
        self._table = table
        self._clock = clock
        self._known: dict[str, Told] = {}
        self._loads: SingleFlight[str, Told] = SingleFlight()

    async def known(self, organization: Organization, credentials: Credentials, *, soon: timedelta) -> Told | None:
        """Return what is known of the used secret without asking Microsoft Graph; None: it has to be asked.

        Args:
            organization: Whose tenant and cloud.
            credentials: With a client secret.
            soon: An expiry that is nearer than this is asked anew each time: the secret may have been renewed.
        """
        told = self._known.get(_flight(organization, credentials)) or await self._read(_key(organization, credentials))
        return told if told is not None and self._holds(told, soon) else None

    async def ask(self, organization: Organization, credentials: Credentials) -> Told:
        """Ask Microsoft Graph when the used secret expires; once at a time for a client.

        Args:
            organization: Whose tenant and cloud.
            credentials: With a client secret.

        Returns:
            What was known last where there is no answer.

        Raises:
            LinkUnknown: There is no answer, and none is known.
        """
        flight = _flight(organization, credentials)
        told = await self._loads.join(flight, lambda: self._load(organization, credentials))
        self._known[flight] = told
        return told

    async def aclose(self) -> None:
        """Stop asking."""
        await self._loads.aclose()

    def _holds(self, told: Told, soon: timedelta) -> bool:
        now = self._clock.now()
        # A clock that was set back makes nothing newer than it is.
        age = abs(now - told.checked_at)
        if told.until is not None and now < told.until and age < TOLD_FOR:
            return True
        if told.silent:
            return told.until is None and age < SILENT_FOR
        return age < TOLD_FOR and (told.ends is None or told.ends - now > soon)

    async def _load(self, organization: Organization, credentials: Credentials) -> Told:
        key = _key(organization, credentials)
        now = self._clock.now().astimezone(UTC)
        try:
            secrets = await self._graph.secrets(organization, credentials.client_id)
        except Forbidden as refused:
            told = Told(checked_at=now, silent=str(refused))
        except LinkUnknown as unknown:
            kept = self._known.get(_flight(organization, credentials)) or await self._read(key)
            wait = unknown.retry_after if unknown.asked else None
            if kept is None or kept.silent:
                if wait is None:
                    raise
                kept = Told(checked_at=now, silent=str(unknown))
            log.warning("when the secret of client %s expires is not told: %s", credentials.client_id, unknown)
            if wait is None:
                return kept
            told = msgspec.structs.replace(kept, until=now + timedelta(seconds=wait))
        else:
            told = used(secrets, credentials.client_secret, now)
        await self._write(key, organization, told)
        return told

    async def _read(self, key: str) -> Told | None:
        if self._table is None:
            return None
        try:
            row = await (await self._table()).get(PARTITION, key)
            return _READER.read(row.entity.get("record")) if row is not None else None
        except (StorageUnavailable, CorruptRecord) as error:
            log.warning("what is known of an app registration cannot be used: %s", error)
            return None

    async def _write(self, key: str, organization: Organization, told: Told) -> None:
        if self._table is None:
            return
        record = msgspec.json.encode(told).decode()
        entity = {"PartitionKey": PARTITION, "RowKey": key, "organization": organization.name, "record": record}
        try:
            await (await self._table()).put(entity)
        except StorageUnavailable as unavailable:
            log.warning("the expiry of a secret is kept in this process only: %s", unavailable)


def _key(organization: Organization, credentials: Credentials) -> str:
    return hashlib.sha256(f"{organization.tenant}\x00{credentials.client_id}".encode()).hexdigest()


def _flight(organization: Organization, credentials: Credentials) -> str:
    # In this process a new secret is another question; outside it nothing is told of the secret, not even its hash.
    return f"{_key(organization, credentials)}\x00{credentials.client_secret}"


def used(secrets: tuple[Secret, ...] | None, secret: str, now: datetime) -> Told:
    """Find the used secret among those of an app registration; pure.

    Args:
        secrets: Those of the registration; None: there is no registration in this tenant.
        secret: The used one.
        now: When they were read.
    """
    if secrets is None:
        return Told(checked_at=now, silent="the app registration is not in this tenant")
    fitting = [each for each in secrets if each.hint and secret.startswith(each.hint)]
    candidates = fitting or list(secrets)
    if not candidates:
        return Told(checked_at=now, silent="the app registration lists no client secret")
    latest = max(candidates, key=lambda each: (each.end_date_time is None, _utc(each.end_date_time or now)))
    return Told(
        checked_at=now,
        ends=_utc(latest.end_date_time) if latest.end_date_time else None,
        key_id=latest.key_id or "",
        name=latest.display_name or "",
        certain=len(fitting) == 1,
    )


def _utc(at: datetime) -> datetime:
    """Read a time that has no zone as one in UTC, and one beyond the end of time as that end."""
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if at.year > 1 else datetime.min.replace(tzinfo=UTC)
