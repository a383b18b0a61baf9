"""What registers, opened for a command."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import SystemRandom

from integration.cli.probing import configured
from integration.config import load
from integration.config.keys.model import Configuration, Organization
from integration.config.settings.credentials import credentials
from integration.config.settings.settings import Environ
from integration.dataverse import Dataverse, open_http_client
from integration.finance_operations import FinanceOperations
from integration.identity import Tokens
from integration.links import LinkResolver
from integration.links.tenants import Tenants
from integration.operations.registration import Registrar, app_address
from integration.registration.business_events.environments import Environments
from integration.registration.business_events.wanted import declares


def chosen(said: str, environ: Environ, *, every: bool) -> tuple[Configuration, tuple[Organization, ...]]:
    """Find the organizations that a command is about.

    Args:
        said: A name, URL or host; empty: all that declare a sender.
        environ: The app settings.
        every: Without a name: those that declare none, too.

    Raises:
        ConfigurationError: The configuration, or the credentials of one, have problems.
        UnknownOrganization: It is not configured.
    """
    configuration = load(environ, offline=True)
    sources = configuration.sources
    names = [said] if said else [name for name in configuration.organizations if every or declares(sources, name)]
    return configuration, tuple(configured(name, environ)[1] for name in names)


@asynccontextmanager
async def registrar(  # noqa: PLR0913  # what is registered, where and how
    configuration: Configuration,
    environ: Environ,
    organizations: Sequence[Organization],
    *,
    app_url: str,
    solution: str,
    experimental: bool | None = False,
) -> AsyncGenerator[Registrar]:
    """Open what registers.

    Args:
        configuration: What is declared.
        environ: The app settings.
        organizations: Whose linked environments may be asked.
        app_url: The address of the function app; empty: by the app settings.
        solution: A solution's unique name; empty: none.
        experimental: Write to Finance & Operations, too; None: do not even read it.

    Raises:
        InvalidRequest: The address is none.
    """
    address = app_address(app_url, environ)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(open_http_client())
        tenants = Tenants(http)
        stack.push_async_callback(tenants.aclose)
        tokens = Tokens(lambda organization: credentials(environ, organization.name))
        stack.push_async_callback(tokens.aclose)
        dataverse = Dataverse(http, tokens, wordings=configuration.health.wordings)
        links = await stack.enter_async_context(LinkResolver(organizations, dataverse, tenants, tokens=tokens))
        yield Registrar(
            dataverse,
            configuration,
            environ,
            app_url=address,
            rng=SystemRandom(),
            solution=solution,
            environments=None if experimental is None else Environments(links, FinanceOperations(http, tokens)),
            experimental=bool(experimental),
        )
