"""`fno-link health`: every question asked once, now; or what a deployed app has found."""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import click

from integration.cli import shapes
from integration.cli.app_option import app_option
from integration.cli.app_settings import app_settings
from integration.cli.exit_code import ExitCode
from integration.cli.here import as_json as written
from integration.cli.output import json_option, print_json, print_table, say
from integration.cli.remote import App

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.operations.health import AskOthers, Round

_COLORS = {"pass": "green", "warn": "yellow", "unknown": "yellow", "fail": "red"}
_EXIT_CODES = {"pass": ExitCode.OK, "warn": ExitCode.OK, "fail": ExitCode.BAD}


@click.command()
@click.argument("organization", required=False)
@app_option
@json_option
def command(organization: str | None, app: str | None, *, as_json: bool) -> None:
    """Ask every question of the health timer once, now: of ORGANIZATION (its name, URL or host), or of everything.

    It asks only: nothing is written, nobody is told, and a single bad answer counts.

    Exit codes: 0 all is well, 1 something is bad, 3 nothing is bad, but something could not be asked.
    """
    if app is not None:
        if organization is not None:
            msg = "with --app it shows the whole app: leave ORGANIZATION out"
            raise click.UsageError(msg)
        found: dict[str, Any] = asyncio.run(_there(app))
    else:
        found = written(asyncio.run(_ask(organization)))
    if as_json:
        print_json(found)
    else:
        _print(found)
    code = _EXIT_CODES.get(found["status"], ExitCode.UNKNOWN)
    if code is not ExitCode.OK:
        click.get_current_context().exit(code)


async def _there(url: str) -> dict[str, Any]:
    app = App(url)
    try:
        return await app.get("health/details", shapes.HealthAnswer, answer="application/health+json")
    finally:
        await app.aclose()


async def _ask(said: str | None) -> "Round":
    # Imported after the usage is known to be right: the HTTP client costs more than the rest of the command line.
    from integration.cli.probing import configured, opened  # noqa: PLC0415
    from integration.operations.health import HealthOperations  # noqa: PLC0415

    environ = app_settings()
    async with AsyncExitStack() as stack:
        others: Sequence[AskOthers] = ()
        if said is not None:
            configuration, chosen = configured(said, environ)
            organizations = [chosen]
        else:
            from integration.cli.app_probing import asks_of  # noqa: PLC0415 - not for one organization
            from integration.cli.here import open_worker  # noqa: PLC0415 - not for one organization

            worker = open_worker()
            stack.push_async_callback(worker.close)
            configuration, others = worker.configuration, asks_of(worker)
            organizations = list(configuration.organizations.values())
        settings = configuration.health
        probes = await stack.enter_async_context(opened(organizations, environ, settings, beside=configuration))
        asks = HealthOperations(
            organizations,
            lambda organization, causes: probes.checks.ask(organization, causes=causes),
            others,
            at_once=settings.concurrency,
        )
        return await asks.ask()


def _print(found: dict[str, Any]) -> None:
    rows: list[tuple[str, ...]] = []
    for subject, by_kind in found.get("checks", {}).items():
        if "status" in by_kind:  # as an app answers
            rows.append((subject, "", *_cells(by_kind, "status")))
        else:
            rows += [(subject, kind, *_cells(answer, "health")) for kind, answer in by_kind.items()]
    rows += [(name, "target", *_cells(answer, "status")) for name, answer in found.get("targets", {}).items()]
    print_table(("subject", "check", "health", "code", "message"), rows)
    say(found["status"], fg=_COLORS.get(found["status"]), bold=True)


def _cells(answer: dict[str, Any], health: str) -> tuple[str, str, str]:
    said = answer.get("message") or answer.get("output") or answer.get("url") or ""
    hint = f" → {answer['hint']}" if answer.get("hint") else ""
    return str(answer.get(health, "")), str(answer.get("code", "")), f"{said}{hint}"
