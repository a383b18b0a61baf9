"""The Power Platform client: the environment that an organization is in, what is being done to it, its application."""

from typing import TYPE_CHECKING
from urllib.parse import quote

from integration.clock import Clock, SystemClock
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.dataverse.authorized import CALL_TIMEOUT_SECONDS, Authorized
from integration.dataverse.client import Dataverse
from integration.dataverse.failures import failure
from integration.errors import Forbidden, Unauthenticated, UnexpectedAnswer
from integration.identity import Tokens
from integration.power_platform.answers import (
    Application,
    Environment,
    Operation,
    read_application,
    read_environment,
    read_environment_id,
    read_operations,
)

if TYPE_CHECKING:
    import httpx

API_VERSION = "2024-10-01"
CURRENT = "RetrieveCurrentOrganization(AccessType=@p)?@p=Microsoft.Dynamics.CRM.EndpointAccessType'Default'"
APPLICATION = "msprov_getfinopsapplicationdetails"
MOST_PAGES = 4
"""Of operations; the page does not say in which order they come, and there may be years of them."""
LET_IN = (
    "Nothing has to be done: it is optional. To let fno-link see maintenance of the platform, give the application a "
    "role on the environment in the Power Platform admin center; platform = false in [health] switches it off."
)

_OK = 200


class PowerPlatform:
    """Calls to the Power Platform API of each organization's cloud, and to Dataverse for what it knows of itself.

    Args:
        http: The process's client.
        tokens: Gives the bearer tokens.
        dataverse: Asks the organizations.
        clock: Time, for a Retry-After that is a date.
        timeout: Seconds for one call.
    """

    def __init__(
        self,
        http: "httpx.AsyncClient",
        tokens: Tokens,
        dataverse: Dataverse,
        *,
        clock: Clock | None = None,
        timeout: float = CALL_TIMEOUT_SECONDS,
    ) -> None:
        self._authorized = Authorized(http, tokens, timeout)
        self._dataverse = dataverse
        self._clock = clock or SystemClock()

    async def environment_id(self, organization: Organization) -> str:
        """Ask Dataverse for the id of the environment that the organization is in.

        Raises:
            LinkUnknown: The subclass says why there is no answer.
        """
        body = await self._dataverse.function(organization, CURRENT)
        return read_environment_id(body or b"")

    async def application(self, organization: Organization) -> Application | None:
        """Ask Dataverse what it knows of the environment's Finance & Operations application.

        Returns:
            None where it has no such function: the environment is not a unified one.

        Raises:
            LinkUnknown: The subclass says why there is no answer.
        """
        body = await self._dataverse.function(organization, APPLICATION)
        return None if body is None else read_application(body)

    async def environment(self, organization: Organization, environment_id: str) -> Environment:
        """Read an environment.

        Args:
            organization: Whose credentials, tenant and cloud.
            environment_id: The environment's id.

        Raises:
            Forbidden: The application has no role by which it may read it.
            Unauthenticated: The tenant or the API does not know the application.
            UnexpectedAnswer: With status 404, there is no such environment for it; else nobody can read the answer.
            LinkUnknown: Another subclass says why there is no answer.
        """
        return read_environment(await self._get(organization, environment_id, ""), environment_id)

    async def operations(self, organization: Organization, environment_id: str) -> list[Operation]:
        """Read what is being done, and was done, to an environment.

        Args:
            organization: Whose credentials, tenant and cloud.
            environment_id: The environment's id.

        Raises:
            LinkUnknown: As `environment`.
        """
        found: list[Operation] = []
        token = ""
        for _ in range(MOST_PAGES):
            more = f"&continuationToken={quote(token, safe='')}" if token else ""
            page, token = read_operations(await self._get(organization, environment_id, "/operations", more))
            found += page
            if not token:
                break
        return found

    async def _get(self, organization: Organization, environment_id: str, rest: str, more: str = "") -> bytes:
        base = api_url(organization)
        named = quote(environment_id, safe="")
        url = f"{base}/environmentmanagement/environments/{named}{rest}?api-version={API_VERSION}{more}"
        reply = await self._authorized.ask(organization, url, resource=base)
        if reply.status == _OK:
            return reply.body
        host = base.removeprefix("https://")
        error = failure(host, reply, self._clock.now())
        if isinstance(error, Forbidden | Unauthenticated):
            msg = f"{host} does not let this application read environment {environment_id} ({reply.status})."
            raise type(error)(msg, status=error.status, remote_code=error.remote_code, hint=LET_IN)
        if reply.status == 404:  # noqa: PLR2004 (HTTP statuses read best as such)
            msg = f"{host} has no environment {environment_id} for this application."
            raise UnexpectedAnswer(msg, status=404, remote_code=error.remote_code, hint=LET_IN)
        raise error


def api_url(organization: Organization) -> str:
    """Return the URL of the Power Platform API that knows an organization's tenant."""
    return f"https://{CLOUDS[organization.cloud].power_platform}"
