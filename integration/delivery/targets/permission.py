"""Ask a receiver whether it wants our deliveries, before the first one, and how many a minute.

Source: "HTTP 1.1 Web Hooks for Event Delivery" of CloudEvents 1.0.2, section 4 (abuse protection): OPTIONS with
WebHook-Request-Origin; the answer's headers are the permission, its status is not. Event Grid asks the same.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from integration.clock import Clock
from integration.config.keys.model import WebhookTarget
from integration.delivery.targets.post import Answer, Request, ask, judged
from integration.errors import DeliveryFailed, NotPermitted, NotPermittedYet, RateReached
from integration.loggers import logger
from integration.single_flight import SingleFlight
from integration.storage import Storage
from integration.storage.names import CIRCUITS

if TYPE_CHECKING:
    import httpx

VERSION = 1
_PARTITION = "permission"
_TRIES = 5
_MOST = 1000
"""URLs that a process remembers: a template may make many, and the table has them all."""

_SHARES = 10
"""Of a minute's deliveries a process takes the tenth part at once, so that few requests go to the table."""

_TRANSIENT = frozenset({408, 425, 429})
_WITHDRAWN = frozenset({401, 403, 410})
_DIGITS = 9

log = logger("delivery")


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver permits.

    Args:
        rate: Deliveries a minute; 0: as many as we like.
        at: When it said so.
        minute: The minute, counted from 1970, in which
        used: so many of them are taken.
        v: Version of this record.
    """

    rate: int
    at: datetime
    minute: int = 0
    used: int = 0
    v: int = VERSION


def permission_of(answer: Answer, origin: str, asked: int, now: datetime) -> Permission | None:
    """Read the answer to the question; None: it does not permit. Pure.

    Args:
        answer: The answer to OPTIONS; only its headers count.
        origin: Who asked.
        asked: The rate that was asked for; 0: none.
        now: The time.
    """
    allowed = answer.headers.get("webhook-allowed-origin", "").strip()
    if allowed != "*" and allowed.lower() != origin.lower():
        return None
    said = answer.headers.get("webhook-allowed-rate", "").strip()
    if said == "*":
        return Permission(rate=0, at=now)
    is_number = said.isascii() and said.isdigit() and len(said) <= _DIGITS and int(said) > 0
    # One that says no rate, or none that can be: what was asked for is kept, as it was not refused.
    return Permission(rate=int(said) if is_number else asked, at=now)


class Permissions:
    """What the receivers of one target have permitted: asked once, remembered for the fleet.

    Args:
        target: The target, with `validate`.
        http: The process's client.
        storage: The worker's storage account.
        clock: Time.
    """

    def __init__(self, target: WebhookTarget, http: "httpx.AsyncClient", storage: Storage, clock: Clock) -> None:
        self._target = target
        self._http = http
        self._storage = storage
        self._clock = clock
        self._known: dict[str, Permission] = {}
        self._left: dict[str, tuple[int, int]] = {}
        self._flights: SingleFlight[str, Permission] = SingleFlight()

    async def permit(self, url: str) -> dict[str, str]:
        """Return when a delivery to a URL is permitted now.

        Returns:
            The headers that it must have.

        Raises:
            NotPermitted: The receiver did not permit it, and the configuration has that as its end.
            NotPermittedYet: The same, and it is asked again.
            RateReached: So many deliveries a minute were made; nothing is sent.
            TargetUnavailable: It could not be asked.
            StorageUnavailable: Nobody can say what was permitted.
        """
        known = self._known.get(url) or await self._flights.join(url, lambda: self._learn(url))
        if known.rate:
            while not self._spare(url):
                await self._flights.join(f"{url} ", lambda: self._count(url))
            minute, left = self._left[url]
            self._left[url] = minute, left - 1
        return {"webhook-request-origin": self._target.origin}

    async def refused(self, url: str, failure: DeliveryFailed) -> None:
        """Forget a permission that a receiver has withdrawn: the next delivery asks anew.

        Args:
            url: Where the delivery went.
            failure: Why it failed.
        """
        if failure.status in _WITHDRAWN and self._known.pop(url, None):
            await (await self._storage.table(CIRCUITS)).remove(_PARTITION, self._key(url))

    async def close(self) -> None:
        """End what is being asked."""
        await self._flights.aclose()

    async def _learn(self, url: str) -> Permission:
        table = await self._storage.table(CIRCUITS)
        row = await table.get(_PARTITION, self._key(url))
        known = _decoded(row.entity) if row is not None else None
        if known is None:
            known = await self._ask(url)
            await table.put(self._row(url, known))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[url] = known
        return known

    async def _ask(self, url: str) -> Permission:
        target, now = self._target, self._clock.now()
        headers = {name.lower(): value for name, value in target.headers.items()}
        headers["webhook-request-origin"] = target.origin
        if target.rate:
            headers["webhook-request-rate"] = str(target.rate)
        request = Request(
            method="OPTIONS",
            url=url,
            body=b"",
            headers=headers,
            name=target.name,
            timeout=target.timeout.total_seconds(),
            now=now,
            configured=target.url,
            public=("webhook-request-origin", "webhook-request-rate"),
        )
        answer = await ask(self._http, request)
        if answer.status >= 500 or answer.status in _TRANSIENT:  # noqa: PLR2004 - HTTP statuses read best as such
            judged(answer, target.name)
        permission = permission_of(answer, target.origin, target.rate, now)
        if permission is None:
            msg = f"{target.name} was asked whether {target.origin} may send, and its answer ({answer.status}) permits "
            msg += "nothing: it has no WebHook-Allowed-Origin, or another's"
            kind = NotPermitted if target.not_permitted == "dead_letter" else NotPermittedYet
            raise kind(msg, status=answer.status, response=answer.text, retry_after=answer.retry_after)
        log.info("%s permits deliveries, %s", target.name, f"{permission.rate} a minute" if permission.rate else "all")
        return permission

    def _spare(self, url: str) -> bool:
        minute, left = self._left.get(url, (0, 0))
        return minute == self._minute() and left > 0

    async def _count(self, url: str) -> Permission:
        """Take a share of this minute's deliveries for this process."""
        table = await self._storage.table(CIRCUITS)
        for _ in range(_TRIES):
            row = await table.get(_PARTITION, self._key(url))
            known = _decoded(row.entity) if row is not None else None
            if row is None or known is None:
                self._known.pop(url, None)
                break  # another process has heard that it was withdrawn
            minute = self._minute()
            used = known.used if known.minute == minute else 0
            share = min(max(known.rate // _SHARES, 1), known.rate - used)
            if share <= 0:
                break
            taken = msgspec.structs.replace(known, minute=minute, used=used + share)
            if await table.replace(self._row(url, taken), row.etag) is not None:
                self._left = {each: kept for each, kept in self._left.items() if kept[0] == minute}
                self._left[url] = minute, share
                return taken
        raise self._reached()

    def _reached(self) -> RateReached:
        now = self._clock.now()
        msg = f"{self._target.name} takes no more deliveries this minute, as it has said"
        return RateReached(msg, retry_after=60.0 - now.second - now.microsecond / 1e6)

    def _minute(self) -> int:
        return int(self._clock.now().astimezone(UTC).timestamp() // 60)

    def _row(self, url: str, permission: Permission) -> dict[str, str]:
        written = msgspec.json.encode(permission).decode()
        return {"PartitionKey": _PARTITION, "RowKey": self._key(url), "permission": written}

    def _key(self, url: str) -> str:
        """Name what was asked: of whom, by whom, for how many; another question is asked anew."""
        asked = (url, self._target.origin, self._target.rate)
        return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


def _decoded(entity: Mapping[str, object]) -> Permission | None:
    try:
        permission = msgspec.json.decode(str(entity.get("permission", "")), type=Permission)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    return permission if permission.v == VERSION else None
