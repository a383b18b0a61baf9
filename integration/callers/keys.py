"""The keys that a tenant's tokens are signed with, as Entra publishes them.

Source: the page "Signing key rollover in the Microsoft identity platform": keys change at any time and without notice;
who meets a key that he does not know looks again, and who has keys looks again once a day.
"""

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from integration.clock import Clock
from integration.clouds import CLOUDS
from integration.config.keys.clients import Entra
from integration.dataverse.connection import get
from integration.dataverse.json_body import Unreadable, read
from integration.errors import LinkUnknown, UnexpectedAnswer, Unreachable
from integration.identity.refusals import interruption
from integration.loggers import logger
from integration.retry_after import asked_wait
from integration.single_flight import SingleFlight

if TYPE_CHECKING:
    import httpx
    import jwt

log = logger("callers")

FRESH_SECONDS = 24 * 3600.0
"""How old keys may be before they are fetched anew."""
KEPT_SECONDS = 3 * FRESH_SECONDS
"""How long they go on while Entra cannot be reached."""
MOST_FETCHES, WITHIN_SECONDS = 3, 120.0
"""How often keys are fetched at most: who invents key ids must not make us ask Entra without end."""
_TIMEOUT_SECONDS = 10.0
_OK = 200
_MOST_KEYS = 100


class _OpenId(msgspec.Struct, frozen=True):
    issuer: str
    jwks_uri: str


class _Keys(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


class SigningKeys:
    """The published keys of one tenant, fetched when a token needs them.

    Args:
        entra: The tenant.
        issuer: Who issues its tokens of version 2.0.
        http: The process's client.
        clock: The time.
    """

    def __init__(self, entra: Entra, issuer: str, http: "httpx.AsyncClient", clock: Clock) -> None:
        self._authority = CLOUDS[entra.cloud].authority
        self._tenant = entra.tenant.lower()
        self._issuer = issuer
        self._http = http
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetches = deque[float](maxlen=MOST_FETCHES)
        self._loads = SingleFlight[str, None]()

    async def key(self, key_id: str) -> "jwt.PyJWK | None":
        """Return the key of an id; None where the tenant publishes none.

        Raises:
            LinkUnknown: Entra could not be asked, and no keys are known that are young enough.
        """
        age = self._clock.monotonic() - self._fetched_at
        if key_id in self._keys and age <= FRESH_SECONDS:
            return self._keys[key_id]
        if self._may_fetch():
            await self._loads.join("keys", self._fetched)
            age = self._clock.monotonic() - self._fetched_at
        if age > KEPT_SECONDS:
            msg = f"{self._authority} does not say which keys sign the tokens of its tenant"
            raise Unreachable(msg)
        return self._keys.get(key_id)

    async def aclose(self) -> None:
        """Stop asking."""
        await self._loads.aclose()

    def _may_fetch(self) -> bool:
        now = self._clock.monotonic()
        return len(self._fetches) < MOST_FETCHES or now - self._fetches[0] >= WITHIN_SECONDS

    async def _fetched(self) -> None:
        self._fetches.append(self._clock.monotonic())
        try:
            self._keys = await self._fetch()
        except LinkUnknown as error:
            log.warning("the signing keys of Entra are not known: %s", error)
            return
        # Those that are published no more are gone with this.
        self._fetched_at = self._clock.monotonic()

    async def _fetch(self) -> "Mapping[str, jwt.PyJWK]":
        base = f"https://{self._authority}/{self._tenant}"
        document = await self._get(f"{base}/v2.0/.well-known/openid-configuration", _OpenId)
        if document.issuer != self._issuer or not document.jwks_uri.startswith(f"https://{self._authority}/"):
            msg = f"{self._authority} names another issuer, or keys that lie elsewhere."
            raise UnexpectedAnswer(msg)
        found = await self._get(document.jwks_uri, _Keys)
        return dict(filter(None, map(self._read, found.keys[:_MOST_KEYS])))

    async def _get[T](self, url: str, shape: type[T]) -> T:
        reply = await get(self._http, url, {"Accept": "application/json"}, within=_TIMEOUT_SECONDS)
        asked = reply.headers.get("retry-after") if reply.status != _OK else None
        trouble = interruption(reply.status, asked_wait(asked, self._clock.now(), by=self._authority))
        if trouble is not None:
            raise trouble
        try:
            if reply.status == _OK:
                return read(reply.body, shape)
        except Unreadable:
            pass
        msg = f"{self._authority} answered {reply.status} with something else than its signing keys."
        raise UnexpectedAnswer(msg, status=reply.status)

    def _read(self, said: Mapping[str, Any]) -> "tuple[str, jwt.PyJWK] | None":
        """Read one key; one that is no RSA key for signatures, or of another issuer's tokens, is none."""
        import jwt  # noqa: PLC0415  # imported with the first token: import budget

        key_id, issuer = said.get("kid"), str(said.get("issuer", self._issuer))
        if not isinstance(key_id, str) or said.get("kty") != "RSA" or said.get("use", "sig") != "sig":
            return None
        if issuer.replace("{tenantid}", self._tenant) != self._issuer:
            return None
        try:
            return key_id, jwt.PyJWK(dict(said), algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            log.warning("a signing key of Entra cannot be read: %s", type(error).__name__)
            return None
