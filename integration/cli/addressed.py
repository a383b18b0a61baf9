"""The organization that a command line names: one of fno-link.toml, or any by its URL alone."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from integration.cli.caller import Caller, Choice, caller_of
from integration.clock import SystemClock
from integration.clouds import CLOUDS, CloudName, organization_host
from integration.config import Configuration, check
from integration.config.keys.addresses import name_of
from integration.config.keys.model import Organization
from integration.config.settings.credentials import credentials
from integration.config.settings.settings import Environ
from integration.dataverse import Dataverse, open_http_client
from integration.dataverse.challenge import ask_whose
from integration.errors import ConfigurationError, InvalidRequest, Problem, UnknownOrganization
from integration.identity import Tokens
from integration.links.tenants import Tenants

if TYPE_CHECKING:
    import httpx

_GCC = re.compile(r"\.crm9\.dynamics\.com$")
_NO_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 40


class Clients(msgspec.Struct, frozen=True):
    """What an organization is asked with.

    Args:
        organization: The organization.
        configuration: Where it stands in; None: in none.
        caller: Who calls.
        http: The process's client.
        tokens: Gives the bearer tokens.
        dataverse: Asks organizations.
        tenants: Asks for tenant ids.
    """

    organization: Organization
    configuration: Configuration | None
    caller: Caller
    http: "httpx.AsyncClient"
    tokens: Tokens
    dataverse: Dataverse
    tenants: Tenants


def cloud_of(host: str) -> CloudName | None:
    """Tell whose cloud a Dataverse host is in; None: it is no Dataverse host."""
    if _GCC.search(host):
        return "gcc"
    return next((name for name, cloud in CLOUDS.items() if host.endswith(cloud.dataverse)), None)


def named_in(configuration: Configuration | None, said: str) -> Organization | None:
    """Find an organization of the configuration by its name, URL or host; None: it is not there."""
    if configuration is None:
        return None
    organizations = configuration.organizations
    return organizations.get(name_of(organizations.values(), said))


def address_of(said: str, configuration: Configuration | None, problems: tuple[Problem, ...]) -> tuple[str, CloudName]:
    """Return the host and cloud of an organization that is in no configuration.

    Args:
        said: What the command line says.
        configuration: The configuration, where there is one.
        problems: Why there is none.

    Raises:
        ConfigurationError: It is a name, and there is no configuration to look it up in.
        UnknownOrganization: It is a name, and the configuration does not have it.
        InvalidRequest: It is an address, but no organization's.
    """
    host = organization_host(said)
    if not host:
        if configuration is None:
            raise ConfigurationError(problems)
        msg = f"no organization named {said[:64]!r} is configured"
        raise UnknownOrganization(msg)
    cloud = cloud_of(host)
    if cloud is None:
        ends = ", ".join(sorted({suffix for each in CLOUDS.values() for suffix in each.dataverse}))
        msg = f"{host} is not the address of a Dataverse organization: these end in {ends}."
        raise InvalidRequest(msg)
    return host, cloud


def given_name(host: str) -> str:
    """Return a name for an organization that has none in a configuration: the first label of its host."""
    return _NO_NAME.sub("-", host.partition(".")[0])[:_LONGEST_NAME].strip("-") or "organization"


async def organization_at(http: "httpx.AsyncClient", host: str, cloud: CloudName) -> Organization:
    """Make an organization of an address, with the tenant that it names itself.

    Raises:
        LinkUnknown: It does not tell; the subclass says why.
    """
    challenge = await ask_whose(http, f"https://{host}", cloud, SystemClock().now())
    return Organization(name=given_name(host), url=f"https://{host}", tenant=challenge.tenant, cloud=cloud)


@asynccontextmanager
async def opened(said: str, environ: Environ, choice: Choice) -> AsyncGenerator[Clients]:
    """Open what an organization is asked with.

    Args:
        said: The organization's name, URL or host.
        environ: The app settings.
        choice: What the command line says of who calls.

    Raises:
        ConfigurationError: The configuration, or the organization's credentials, have problems.
        UnknownOrganization: It is a name that is not configured.
        InvalidRequest: It is an address, but no organization's.
        LinkUnknown: It is an address, and did not tell its tenant.
    """
    checked = check(environ, offline=True)
    organization = named_in(checked.configuration, said)
    address = None if organization else address_of(said, checked.configuration, checked.problems)
    if organization and "%" in f"{organization.url}{organization.tenant}":
        raise ConfigurationError([Problem(f"organizations.{organization.name}", "uses an app setting that is not set")])
    # Before anything is asked: what is wrong with the app settings needs no answer.
    name = organization.name if organization else given_name(address[0] if address else "")
    caller = caller_of(name, environ, choice)
    async with AsyncExitStack() as stack:
        stack.callback(caller.close)
        http = await stack.enter_async_context(open_http_client())
        if organization is None and address:
            organization = await organization_at(http, *address)
        assert organization is not None  # noqa: S101 (it was found, or made of its address)
        tenants = Tenants(http)
        stack.push_async_callback(tenants.aclose)
        tokens = Tokens(lambda each: credentials(environ, each.name), timeout=caller.timeout, sign_in=caller.sign_in)
        stack.push_async_callback(tokens.aclose)
        # After an interruption the tokens' threads are waited for: the one that waits for a person has to end first.
        stack.callback(caller.close)
        wordings = checked.configuration.health.wordings if checked.configuration else ()
        dataverse = Dataverse(http, tokens, wordings=wordings)
        yield Clients(organization, checked.configuration, caller, http, tokens, dataverse, tenants)
