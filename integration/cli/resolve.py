"""`fno-link resolve`: which Finance & Operations environment an organization is linked to, with the reason."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from integration.cli.app_settings import app_settings
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from integration.links import Link


@click.command()
@click.argument("organization")
@json_option
def command(organization: str, *, as_json: bool) -> None:
    """Ask Dataverse which Finance & Operations environment ORGANIZATION (its name, URL or host) is linked to.

    Exit codes: 0 linked, 1 not linked, 2 no such organization, 3 unknown, with the reason on stderr.
    """
    from integration.operations.links import answer_of  # noqa: PLC0415 - the resolver's modules are needed by no other command

    answer = answer_of(asyncio.run(resolve(organization)))
    shown = msgspec.to_builtins(answer, builtin_types=(datetime,))
    if as_json:
        print_json(shown)
    else:
        print_table(("", organization), [(key, str(value)) for key, value in shown.items()])
    if shown["state"] != "linked":
        click.get_current_context().exit(ExitCode.BAD)


async def resolve(organization: str) -> "Link":
    """Ask for the link of an organization of fno-link.toml."""
    from integration.links import LinkResolver  # noqa: PLC0415 - the HTTP client costs more than the rest of the command line

    async with LinkResolver.from_environment(app_settings()) as resolver:
        return await resolver.resolve(resolver.name_of(organization))
