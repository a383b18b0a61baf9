"""The client for what concerns a tenant as a whole: its capacity, and who may create environments in it."""

from typing import TYPE_CHECKING

from integration.clock import Clock, SystemClock
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.dataverse.authorized import CALL_TIMEOUT_SECONDS, Authorized
from integration.dataverse.connection import Reply
from integration.dataverse.failures import failure
from integration.errors import Forbidden
from integration.identity import Tokens
from integration.power_platform.client import API_VERSION, api_url
from integration.power_platform.estate import Capacity, read_capacity, read_only_administrators

if TYPE_CHECKING:
    import httpx

SETTINGS_VERSION = "2020-10-01"
FOR_ADMINISTRATORS = "tells a tenant's capacity to those alone who administer its Power Platform"
FOR_PEOPLE = "tells a tenant's settings to people, and to management applications of the Power Platform"

_OK = 200


class Administration:
    """Calls to the Power Platform API and to the API behind the admin center, each of the organization's cloud.

    Args:
        http: The process's client.
        tokens: Gives the bearer tokens.
        clock: Time, for a Retry-After that is a date.
        timeout: Seconds for one call.
    """

    def __init__(
        self,
        http: "httpx.AsyncClient",
        tokens: Tokens,
        *,
        clock: Clock | None = None,
        timeout: float = CALL_TIMEOUT_SECONDS,
    ) -> None:
        self._authorized = Authorized(http, tokens, timeout)
        self._clock = clock or SystemClock()

    async def capacity(self, organization: Organization, tenant_id: str | None) -> Capacity:
        """Read how much database capacity the organization's tenant has and uses.

        Args:
            organization: Whose credentials, tenant and cloud.
            tenant_id: The tenant's id, which has to be that of the answer; None: it is not known.

        Raises:
            Forbidden: The caller does not administer the tenant.
            LinkUnknown: Another subclass says why there is no answer.
        """
        base = api_url(organization)
        url = f"{base}/licensing/tenantCapacity?api-version={API_VERSION}"
        reply = await self._authorized.ask(organization, url, resource=base)
        return read_capacity(self._told(base, reply, FOR_ADMINISTRATORS), tenant_id)

    async def only_administrators_create(self, organization: Organization) -> bool:
        """Read whether only administrators may create production environments in the organization's tenant.

        Args:
            organization: Whose credentials, tenant and cloud.

        Raises:
            Forbidden: The caller is an application that is no management application of the Power Platform.
            LinkUnknown: Another subclass says why there is no answer.
        """
        cloud = CLOUDS[organization.cloud]
        base = f"https://{cloud.administration}"
        url = f"{base}/providers/Microsoft.BusinessAppPlatform/listtenantsettings?api-version={SETTINGS_VERSION}"
        resource = f"https://{cloud.power_apps}"
        reply = await self._authorized.ask(organization, url, resource=resource, method="POST")
        return read_only_administrators(self._told(base, reply, FOR_PEOPLE))

    def _told(self, base: str, reply: Reply, whom: str) -> bytes:
        if reply.status == _OK:
            return reply.body
        host = base.removeprefix("https://")
        error = failure(host, reply, self._clock.now())
        if isinstance(error, Forbidden):
            msg = f"{host} {whom} ({reply.status})."
            raise Forbidden(msg, status=error.status, remote_code=error.remote_code)
        raise error
