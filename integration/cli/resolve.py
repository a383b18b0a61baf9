"""`fno-link resolve`: which Finance & Operations environment an organization is linked to, with the reason."""

import asyncio
from typing import TYPE_CHECKING, Any

import click

from integration.cli.app_settings import app_settings
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from integration.links import Link


@click.command()
@click.argument("organization")
@json_option
def command(organization: str, *, as_json: bool) -> None:
    """Ask Dataverse which Finance & Operations environment ORGANIZATION is linked to.

    Exit codes: 0 linked, 1 not linked, 2 no such organization, 3 unknown, with the reason on stderr.
    """
    link = asyncio.run(resolve(organization))
    shown = as_written(link)
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
        return await resolver.resolve(organization)


def as_written(link: "Link") -> dict[str, Any]:
    """Return a link the way the link endpoint writes it."""
    from integration.links import Linked  # noqa: PLC0415 - as above

    if not isinstance(link, Linked):
        return {"state": "not_linked", "code": link.code, "message": link.message, "checkedAt": link.checked_at}
    extras = {
        "distrust": link.distrust or None,
        "isUnifiedDatabase": link.is_unified_database,
        "lifecycleStatus": link.lifecycle_status,
    }
    return {
        "state": "linked",
        "url": link.url,
        "tenantId": link.tenant_id,
        "id": link.id,
        "trusted": link.trusted,
        **{key: value for key, value in extras.items() if value is not None},
        "stale": link.stale,
        "checkedAt": link.checked_at,
    }
