"""`fno-link watch`: follow the setup of a link until Finance & Operations answers."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from integration.cli.app_settings import app_settings
from integration.cli.durations import Duration
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_json, say
from integration.cli.setup_bar import line_of, shown

if TYPE_CHECKING:
    from integration.health.maintenance.platform import PlatformView
    from integration.operations.watch import Progress

_LONGEST = timedelta(days=7)
_EXIT_CODES = {"ready": ExitCode.OK, "refused": ExitCode.BAD, "timeout": ExitCode.UNKNOWN}


@click.command()
@click.argument("organization")
@click.option(
    "--timeout",
    type=Duration(timedelta(0), _LONGEST),
    default="90m",
    show_default=True,
    metavar="DURATION",
    help="How long to wait: 90m, 2h.",
)
@click.option(
    "--every",
    type=Duration(timedelta(seconds=1), timedelta(hours=1)),
    default="30s",
    show_default=True,
    metavar="DURATION",
    help="How often to look: 30s, 1m.",
)
@json_option
def command(organization: str, *, timeout: timedelta, every: timedelta, as_json: bool) -> None:
    """Follow the setup of ORGANIZATION (its name, URL or host) until Finance & Operations answers.

    Asks for a token, the Dataverse environment, the link and Finance & Operations, again and again, with the configured
    credentials; 60 to 90 minutes are normal. Needs no storage account, and writes nothing.

    Exit codes: 0 linked, and Finance & Operations answers; 1 refused, waiting does not help; 3 not in this time.
    """
    end = asyncio.run(_follow(organization, timeout=timeout, every=every, silent=as_json))
    if as_json:
        print_json(end)
    else:
        say(line_of(end) if end.state != "timeout" else f"after {timeout}: still {line_of(end)}", bold=True)
        if end.state != "ready" and end.hint:
            say(f"→ {end.hint}")
    click.get_current_context().exit(_EXIT_CODES[end.state])


async def _follow(organization: str, *, timeout: timedelta, every: timedelta, silent: bool) -> "Progress":  # noqa: ASYNC109  # an answer, not a deadline of this call
    # Imported after the usage is known to be right: the HTTP client costs more than the rest of the command line.
    from integration.cli.probing import configured, opened  # noqa: PLC0415
    from integration.clock import SystemClock  # noqa: PLC0415
    from integration.operations.watch import STAGES, Seen, SetupWatch, platform_words, standing  # noqa: PLC0415

    environ = app_settings()
    configuration, chosen = configured(organization, environ)
    # Finance & Operations is what a setup ends with, whatever the health timer is to ask.
    settings = msgspec.structs.replace(configuration.health, finance_operations=True)
    view: PlatformView | None = None
    async with opened([chosen], environ, settings, beside=None) as probes:

        async def look() -> Seen:
            nonlocal view
            seen = Seen(await probes.checks.ask(chosen))
            if probes.platform is None or standing(seen)[0] is None:
                return seen
            view = await probes.platform.ask(chosen, before=view)
            return Seen(seen.answers, platform_words(view))

        with shown(len(STAGES), silent=silent) as tell:
            watch = SetupWatch(chosen.name, look, SystemClock())
            return await watch.follow(within=timeout.total_seconds(), every=every.total_seconds(), tell=tell)
