"""A tenant's id from its domain, out of the OpenID document of its authority."""

import re
from typing import TYPE_CHECKING

import msgspec

from integration.clock import Clock, SystemClock
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.dataverse.connection import get
from integration.dataverse.json_body import Unreadable, read
from integration.errors import Unauthenticated, UnexpectedAnswer
from integration.identity.refusals import interruption
from integration.retry_after import asked_wait
from integration.single_flight import SingleFlight

if TYPE_CHECKING:
    import httpx

_ID = re.compile(r"[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}")
_OK = 200
_TIMEOUT_SECONDS = 20.0


class _OpenId(msgspec.Struct, frozen=True):
    issuer: str


class Tenants:
    """Tenant ids, asked for once a process.

    Args:
        http: The process's client.
        clock: Time, for a Retry-After that is a date.
    """

    def __init__(self, http: "httpx.AsyncClient", clock: Clock | None = None) -> None:
        self._http = http
        self._clock = clock or SystemClock()
        self._ids: dict[tuple[str, str], str] = {}
        self._loads: SingleFlight[tuple[str, str], str] = SingleFlight()

    async def id_of(self, organization: Organization) -> str:
        """Return the organization's tenant as an id, in lower case.

        Raises:
            Unauthenticated: Entra knows no such tenant.
            Throttled: Entra asked to slow down.
            Unreachable: Entra could not be reached.
            UnexpectedAnswer: The document names no tenant.
        """
        tenant = organization.tenant.lower()
        if _ID.fullmatch(tenant):
            return tenant
        key = (CLOUDS[organization.cloud].authority, tenant)
        if key not in self._ids:
            self._ids[key] = await self._loads.join(key, lambda: self._ask(*key))
        return self._ids[key]

    async def aclose(self) -> None:
        """Stop asking."""
        await self._loads.aclose()

    async def _ask(self, authority: str, tenant: str) -> str:
        url = f"https://{authority}/{tenant}/v2.0/.well-known/openid-configuration"
        reply = await get(self._http, url, {"Accept": "application/json"}, within=_TIMEOUT_SECONDS)
        asked = reply.headers.get("retry-after") if reply.status != _OK else None
        trouble = interruption(reply.status, asked_wait(asked, self._clock.now(), by=authority))
        if trouble is not None:
            raise trouble
        if 400 <= reply.status < 500:  # noqa: PLR2004 (HTTP statuses read best as such)
            msg = f"Tenant {tenant} is not known to {authority}: check the organization's tenant and cloud."
            raise Unauthenticated(msg, status=reply.status, remote_code="AADSTS90002")
        try:
            found = _ID.search(read(reply.body, _OpenId).issuer.lower())
        except Unreadable:
            found = None
        if reply.status != _OK or not found:
            msg = f"{authority} answered {reply.status} without an issuer for tenant {tenant}."
            raise UnexpectedAnswer(msg, status=reply.status)
        return found.group()
