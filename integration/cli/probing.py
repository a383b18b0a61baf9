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
from integration.health.probes.organization import OrganizationProbe
from integration.health.probes.over_clients import drift_probe, organization_probe, platform_probe
from integration.health.probes.platform import PlatformProbe
from integration.health.probes.registrations import Registrations
from integration.identity import Tokens
from integration.links import LinkResolver
from integration.links.tenants import Tenants
from integration.microsoft_graph import MicrosoftGraph
from integration.operations.registration import app_address


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
    organizations: Sequence[Organization], environ: Environ, settings: Health, *, beside: Configuration | None
) -> AsyncGenerator[Probes]:
    """Open what asks organizations. The links that it finds stay in this process.

    Args:
        organizations: Whom.
        environ: The app settings.
        settings: What is asked, and how long it may take.
        beside: By it ask for credentials, failed system jobs and what is registered, too, which no setup waits for;
            None: do not.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(open_http_client())
        tenants = Tenants(http)
        stack.push_async_callback(tenants.aclose)
        tokens = Tokens(lambda organization: credentials(environ, organization.name), clock=clock)
        stack.push_async_callback(tokens.aclose)
        dataverse = Dataverse(http, tokens, wordings=settings.wordings)
        links = await stack.enter_async_context(LinkResolver(organizations, dataverse, tenants, tokens=tokens))
        registrations = drift = None
        if beside is not None:
            registrations = Registrations(graph=MicrosoftGraph(http, tokens), table=None, clock=clock)
            stack.push_async_callback(registrations.aclose)
            drift = drift_probe(
                dataverse=dataverse,
                finance_operations=FinanceOperations(http, tokens, clock=clock),
                configuration=beside,
                environ=environ,
                address=lambda: app_address("", environ),
                clock=clock,
            )
        checks = organization_probe(
            http=http,
            tokens=tokens,
            dataverse=dataverse,
            links=links,
            registrations=registrations,
            credentials_for=lambda organization: credentials(environ, organization.name),
            settings=settings,
            clock=clock,
            drift=drift,
        )
        platform = platform_probe(http=http, tokens=tokens, dataverse=dataverse, settings=settings, clock=clock)
        yield Probes(checks, platform)
