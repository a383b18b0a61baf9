"""The probes of one emulated organization, by the real msal and httpx."""

from contextlib import asynccontextmanager

from integration.clock import SystemClock
from integration.config.keys.model import Credentials, Organization
from integration.dataverse import Dataverse, open_http_client
from integration.finance_operations import FinanceOperations
from integration.health.probes.dataverse import DataverseProbe
from integration.health.probes.finance_operations import FinanceOperationsProbe
from integration.health.probes.link import LinkProbe
from integration.health.probes.organization import OrganizationProbe
from integration.health.probes.token import TokenProbe
from integration.identity import Tokens
from integration.links import LinkResolver
from integration.links.tenants import Tenants


def configured(emulated, tenant="contoso.onmicrosoft.com"):
    """Return an emulated organization as a configuration has it."""
    return Organization(name=emulated.name, url=emulated.base_url(), tenant=tenant)


class World:
    """What a worker has of the organizations."""

    def __init__(self, dynamics, organizations, http, credentials, within) -> None:
        self.control = dynamics.control
        self.clock = SystemClock()
        self.http = http
        self.credentials = credentials or Credentials(
            client_id=dynamics.client_id, client_secret=dynamics.client_secret
        )
        self.tokens = Tokens(lambda _: self.credentials, clock=self.clock)
        self.dataverse = Dataverse(http, self.tokens)
        self.links = LinkResolver(organizations, self.dataverse, Tenants(http, self.clock), tokens=self.tokens)
        self.finance_operations = FinanceOperations(http, self.tokens)
        token = TokenProbe(tokens=self.tokens, clock=self.clock, within=within)
        self.probe = OrganizationProbe(
            token=token,
            dataverse=DataverseProbe(dataverse=self.dataverse, within=within),
            link=LinkProbe(links=self.links, within=within),
            finance_operations=FinanceOperationsProbe(
                client=self.finance_operations, token=token, clock=self.clock, within=within
            ),
            clock=self.clock,
        )

    async def close(self):
        await self.links.aclose()
        await self.tokens.aclose()


@asynccontextmanager
async def world(dynamics, *organizations, credentials=None, within=60.0):
    """Open the clients for these organizations."""
    async with open_http_client() as http:
        opened = World(dynamics, organizations, http, credentials, within)
        try:
            yield opened
        finally:
            await opened.close()
