"""The checks of organizations, asked by this process with the configured credentials; nothing is shared or written."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from integration.clock import SystemClock
from integration.config import Configuration, load
from integration.config.keys.addresses import name_of
from integration.config.keys.health import Health
from integration.config.keys.model import Organization
from integration.config.settings.credentials import credential_problems, credentials
from integration.config.settings.settings import Environ
from integration.dataverse import Dataverse, open_http_client
from integration.errors import ConfigurationError, Problem, UnknownOrganization
from integration.finance_operations import FinanceOperations
from integration.health.probes.credential import CredentialProbe
from integration.health.probes.dataverse import DataverseProbe
from integration.health.probes.finance_operations import FinanceOperationsProbe
from integration.health.probes.link import LinkProbe
from integration.health.probes.organization import OrganizationProbe
from integration.health.probes.platform import PlatformProbe
from integration.health.probes.registrations import Registrations
from integration.health.probes.sender import SenderProbe
from integration.health.probes.token import TokenProbe
from integration.health.probes.views import Views
from integration.identity import Tokens
from integration.links import LinkResolver
from integration.links.tenants import Tenants
from integration.microsoft_graph import MicrosoftGraph
from integration.power_platform import PowerPlatform


def configured(said: str, environ: Environ) -> tuple[Configuration, Organization]:
    """Find an organization; neither queues nor targets need to be there.

    Args:
        said: The organization's name, URL or host.
        environ: The app settings.

    Returns:
        The configuration, and the organization in it.

    Raises:
        ConfigurationError: The configuration, or the organization's credentials, have problems.
        UnknownOrganization: It is not configured.
    """
    configuration = load(environ, offline=True)
    organizations = configuration.organizations
    name = name_of(organizations.values(), said)
    if name not in organizations:
        msg = f"no organization named {name[:64]!r} is configured"
        raise UnknownOrganization(msg)
    organization = organizations[name]
    problems = list(credential_problems(environ, name))
    if "%" in f"{organization.url}{organization.tenant}":
        problems.append(Problem(f"organizations.{name}", "uses an app setting that is not set", "set it"))
    if problems:
        raise ConfigurationError(problems)
    return configuration, organization


class Probes(msgspec.Struct, frozen=True):
    """What asks organizations.

    Args:
        checks: Asks the checks.
        platform: Asks the platform; None: that is switched off.
    """

    checks: OrganizationProbe
    platform: PlatformProbe | None


@asynccontextmanager
async def opened(
    organizations: Sequence[Organization], environ: Environ, settings: Health, *, beside: bool
) -> AsyncGenerator[Probes]:
    """Open what asks organizations. The links that it finds stay in this process.

    Args:
        organizations: Whom.
        environ: The app settings.
        settings: What is asked, and how long it may take.
        beside: Ask for credentials and failed system jobs, too, which no setup waits for.
    """
    clock, within = SystemClock(), settings.ask_within.total_seconds()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(open_http_client())
        tenants = Tenants(http)
        stack.push_async_callback(tenants.aclose)
        tokens = Tokens(lambda organization: credentials(environ, organization.name), clock=clock)
        stack.push_async_callback(tokens.aclose)
        dataverse = Dataverse(http, tokens, wordings=settings.wordings)
        links = await stack.enter_async_context(LinkResolver(organizations, dataverse, tenants, tokens=tokens))
        token = TokenProbe(tokens=tokens, clock=clock, within=within)
        client = FinanceOperations(http, tokens, clock=clock)
        linked = FinanceOperationsProbe(client=client, token=token, clock=clock, within=within)
        registrations = Registrations(graph=MicrosoftGraph(http, tokens), table=None, clock=clock)
        stack.push_async_callback(registrations.aclose)
        credential = CredentialProbe(
            credentials_for=lambda organization: credentials(environ, organization.name),
            registrations=registrations,
            token=token,
            clock=clock,
            days_of=lambda one: settings.thresholds(one.name, one.health).credential_days,
            within=within,
        )
        platform = PlatformProbe(
            client=PowerPlatform(http, tokens, dataverse, clock=clock),
            views=Views(table=None, clock=clock),
            clock=clock,
            within=within,
        )
        checks = OrganizationProbe(
            token=token,
            dataverse=DataverseProbe(dataverse=dataverse, within=within),
            link=LinkProbe(links=links, within=within),
            finance_operations=linked if settings.finance_operations else None,
            credential=credential if beside else None,
            sender=SenderProbe(dataverse=dataverse, clock=clock, within=within) if beside else None,
            clock=clock,
        )
        yield Probes(checks, platform if settings.platform else None)
