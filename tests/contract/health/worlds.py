"""The probes of one emulated organization, by the real msal and httpx."""

from contextlib import asynccontextmanager

from integration.clock import SystemClock
from integration.config.keys.model import Credentials, Organization
from integration.dataverse import Dataverse, open_http_client
from integration.finance_operations import FinanceOperations
from integration.health.probes.credential import CredentialProbe
from integration.health.probes.dataverse import DataverseProbe
from integration.health.probes.finance_operations import FinanceOperationsProbe
from integration.health.probes.link import LinkProbe
from integration.health.probes.organization import OrganizationProbe
from integration.health.probes.registrations import Registrations
from integration.health.probes.sender import SenderProbe
from integration.health.probes.token import TokenProbe
from integration.identity import Tokens
from integration.links import LinkResolver
from integration.links.tenants import Tenants
from integration.microsoft_graph import MicrosoftGraph


def configured(emulated, tenant="contoso.onmicrosoft.com"):
    """Return an emulated organization as a configuration has it."""
    return Organization(name=emulated.name, url=emulated.base_url(), tenant=tenant)


class World:
    """What a worker has of the organizations."""

    def __init__(self, dynamics, organizations, http, credentials, within, table) -> None:  # noqa: PLR0917
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
        self.graph = MicrosoftGraph(http, self.tokens)
        self.registrations = Registrations(graph=self.graph, table=table, clock=self.clock)
        token = TokenProbe(tokens=self.tokens, clock=self.clock, within=within)
        self.credential = CredentialProbe(
            credentials_for=lambda _: self.credentials,
            registrations=self.registrations,
            clock=self.clock,
            days_of=lambda _: 30,
            token=token,
            within=within,
        )
        self.probe = OrganizationProbe(
            token=token,
            dataverse=DataverseProbe(dataverse=self.dataverse, within=within),
            link=LinkProbe(links=self.links, within=within),
            finance_operations=FinanceOperationsProbe(
                client=self.finance_operations, token=token, clock=self.clock, within=within
            ),
            credential=self.credential,
            sender=SenderProbe(dataverse=self.dataverse, clock=self.clock, within=within),
            clock=self.clock,
        )

    async def close(self):
        await self.registrations.aclose()
        await self.links.aclose()
        await self.tokens.aclose()


@asynccontextmanager
async def world(dynamics, *organizations, credentials=None, within=60.0, table=None):
    """Open the clients for these organizations."""
    async with open_http_client() as http:
        opened = World(dynamics, organizations, http, credentials, within, table)
        try:
            yield opened
        finally:
            await opened.close()
