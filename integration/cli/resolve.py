"""`fno-link resolve`: which Finance & Operations environment an organization is linked to, with the reason."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from integration.cli.app_settings import app_settings
from integration.cli.caller import Choice, credential_options
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from integration.links import Link


@click.command()
@click.argument("organization")
@credential_options
@json_option
def command(organization: str, *, device_code: bool, client_id: str, as_json: bool) -> None:
    """Ask Dataverse which Finance & Operations environment ORGANIZATION (its name, URL or host) is linked to.

    A URL needs no configuration: its tenant is asked for, and without credentials the Azure CLI's are used.

    Exit codes: 0 linked, 1 not linked, 2 no such organization, 3 unknown, with the reason on stderr.
    """
    from integration.operations.links import answer_of  # noqa: PLC0415 - the resolver's modules are needed by no other command

    answer = answer_of(asyncio.run(resolve(organization, Choice(device_code, client_id))))
    shown = msgspec.to_builtins(answer, builtin_types=(datetime,))
    if as_json:
        print_json(shown)
    else:
        print_table(("", organization), [(key, str(value)) for key, value in shown.items()])
    if shown["state"] != "linked":
        click.get_current_context().exit(ExitCode.BAD)


async def resolve(said: str, choice: Choice) -> "Link":
    """Ask for the link of an organization of fno-link.toml, or of one at a URL."""
    from integration.cli.addressed import opened  # noqa: PLC0415 - the HTTP client costs more than the rest of the command line
    from integration.links import LinkResolver  # noqa: PLC0415 (same)

    async with opened(said, app_settings(), choice) as clients:
        organization = clients.organization
        async with LinkResolver([organization], clients.dataverse, clients.tenants, tokens=clients.tokens) as resolver:
            return await resolver.resolve(organization.name)
