"""The checks of one organization's setup, asked by this process with the configured credentials."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from integration.clock import SystemClock
from integration.config import load
from integration.config.keys.addresses import name_of
from integration.config.settings.credentials import credential_problems, credentials
from integration.config.settings.settings import Environ
from integration.dataverse import Dataverse, open_http_client
from integration.errors import ConfigurationError, Problem, UnknownOrganization
from integration.finance_operations import FinanceOperations
from integration.health.probes.dataverse import DataverseProbe
from integration.health.probes.finance_operations import FinanceOperationsProbe
from integration.health.probes.link import LinkProbe
from integration.health.probes.organization import OrganizationProbe
from integration.health.probes.token import TokenProbe
from integration.identity import Tokens
from integration.links import LinkResolver
from integration.links.tenants import Tenants
from integration.operations.watch import Seen

if TYPE_CHECKING:
    from integration.operations.watch import Look


@asynccontextmanager
async def opened(said: str, environ: Environ) -> AsyncGenerator[tuple[str, "Look"]]:
    """Open what asks one organization; nothing is shared with other processes, and nothing is written.

    Args:
        said: The organization's name, URL or host.
        environ: The app settings.

    Yields:
        Its name, and what asks every check once.

    Raises:
        ConfigurationError: The configuration, or the organization's credentials, have problems.
        UnknownOrganization: It is not configured.
    """
    # Offline: neither queues nor targets are needed.
    organizations = load(environ, offline=True).organizations
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
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(open_http_client())
        tenants = Tenants(http)
        stack.push_async_callback(tenants.aclose)
        tokens = Tokens(lambda _: credentials(environ, name), clock=clock)
        stack.push_async_callback(tokens.aclose)
        dataverse = Dataverse(http, tokens)
        links = await stack.enter_async_context(LinkResolver([organization], dataverse, tenants, tokens=tokens))
        token = TokenProbe(tokens=tokens, clock=clock)
        client = FinanceOperations(http, tokens, clock=clock)
        probe = OrganizationProbe(
            token=token,
            dataverse=DataverseProbe(dataverse=dataverse),
            link=LinkProbe(links=links),
            finance_operations=FinanceOperationsProbe(client=client, token=token, clock=clock),
            clock=clock,
        )

        async def look() -> Seen:
            return Seen(await probe.ask(organization))

        yield name, look
