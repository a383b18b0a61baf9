"""What registers, opened for a command."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import SystemRandom

from integration.cli.probing import configured
from integration.config import load
from integration.config.keys.model import Configuration, Organization
from integration.config.settings.credentials import credentials
from integration.config.settings.settings import Environ
from integration.dataverse import Dataverse, open_http_client
from integration.identity import Tokens
from integration.operations.registration import Registrar, app_address
from integration.registration.wanted import declared


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
    names = [said] if said else [name for name in configuration.organizations if every or declared(sources, name)]
    return configuration, tuple(configured(name, environ)[1] for name in names)


@asynccontextmanager
async def registrar(
    configuration: Configuration, environ: Environ, *, app_url: str, solution: str
) -> AsyncGenerator[Registrar]:
    """Open what registers.

    Args:
        configuration: What is declared.
        environ: The app settings.
        app_url: The address of the function app; empty: by the app settings.
        solution: A solution's unique name; empty: none.

    Raises:
        InvalidRequest: The address is none.
    """
    address = app_address(app_url, environ)
    async with open_http_client() as http:
        tokens = Tokens(lambda organization: credentials(environ, organization.name))
        try:
            yield Registrar(
                Dataverse(http, tokens),
                configuration,
                environ,
                app_url=address,
                rng=SystemRandom(),
                solution=solution,
            )
        finally:
            await tokens.aclose()
