"""`fno-link register plan|apply|drift|remove`: what sends from Dataverse, as fno-link.toml declares it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from integration.cli.app_settings import app_settings
from integration.cli.exit_code import ExitCode
from integration.cli.output import confirm, json_option, print_json, say
from integration.cli.register.shown import (
    print_beside,
    print_gone,
    print_made,
    print_not_kept,
    print_plan,
    print_refusals,
)

if TYPE_CHECKING:
    from integration.operations.registration import Planned, Registrar
    from integration.registration.applying import Applied
    from integration.registration.plan import Change

type Command = Callable[..., Any]

_organization = click.argument("organization", required=False, default="")
_app_url = click.option(
    "--app-url",
    metavar="URL",
    default="",
    help="The address of the function app, that webhooks are sent to; by default the app setting FNO_LINK_APP_URL.",
)
_solution = click.option(
    "--solution", metavar="NAME", default="", help="The unmanaged solution, by its unique name, to write into."
)
_experimental = click.option(
    "--experimental",
    is_flag=True,
    help="Write Finance & Operations' own business events, too, as far as its data entities take them.",
)
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.command()
@_organization
@_app_url
@_solution
@_experimental
@json_option
def plan(organization: str, app_url: str, solution: str, *, experimental: bool, as_json: bool) -> None:
    """Say what `apply` would write in Dataverse for ORGANIZATION, or for all that declare a sender.

    Finance & Operations' own endpoints and business events are compared, too, where they are declared: what differs is
    to be done there by hand, or by `apply --experimental`. Exit codes: 0 said, 1 it cannot be registered, with the
    reasons, 2 wrong usage, 3 Dataverse is away.
    """
    found = _run(organization, app_url, solution, _plan_only, experimental=experimental)
    _tell(found, as_json=as_json)


@click.command()
@_organization
@_app_url
@_solution
@_experimental
@_dry_run
@json_option
def apply(  # noqa: PLR0913  # its options
    organization: str, app_url: str, solution: str, *, experimental: bool, dry_run: bool, as_json: bool
) -> None:
    """Make the service endpoints, steps and images in Dataverse that fno-link.toml declares.

    What is there already is left or mended; what is not ours is never touched, and nothing is deleted. After a stop it
    goes on where it is run again. What was written is read again. Finance & Operations itself is written with
    --experimental alone; else what to do there is told. Exit codes: 0 done, 1 refused, with the reasons, or written and
    not kept, 2 wrong usage, 3 Dataverse is away, or with --experimental Finance & Operations.
    """
    if dry_run:
        _tell(_run(organization, app_url, solution, _plan_only, experimental=experimental), as_json=as_json)
        return

    async def made(registrar: "Registrar", planned: "Planned") -> "Applied | None":
        if planned.plan.refusals:
            return None
        return await registrar.apply(planned, lambda change: None if as_json else print_made(change))

    found = _run(organization, app_url, solution, made, experimental=experimental)
    refused = [planned for planned, _ in found if planned.plan.refusals]
    not_kept = any(done is not None and done.not_kept for _, done in found)
    _finish(found, as_json=as_json)
    if refused or not_kept:
        if not as_json:
            for planned in refused:
                print_refusals(planned.plan.refusals)
        click.get_current_context().exit(ExitCode.BAD)
    if experimental and any(planned.plan.unknown for planned, _ in found):
        click.get_current_context().exit(ExitCode.UNKNOWN)


@click.command()
@_organization
@_app_url
@json_option
def drift(organization: str, app_url: str, *, as_json: bool) -> None:
    """Compare what is registered in Dataverse, and in Finance & Operations, with what fno-link.toml declares.

    It only reads. Exit codes: 0 all is as declared, 1 something differs, which it names, 2 wrong usage, 3 Dataverse is
    away, or nothing differs but in Finance & Operations not all was seen.
    """

    async def compared(_registrar: "Registrar", _planned: "Planned") -> None:
        return None

    found = _run(organization, app_url, "", compared, catalogue=False)
    differs = [planned for planned, _ in found if planned.drift or planned.faults]
    if as_json:
        from integration.operations.registration import Shown  # noqa: PLC0415 (the HTTP client costs more than the rest)

        print_json(
            [
                {
                    "organization": planned.organization.name,
                    "ok": not planned.drift and not planned.faults and not planned.plan.unknown,
                    "differs": [Shown.of(change) for change in planned.drift],
                    "unknown": [Shown.of(change) for change in planned.plan.unknown],
                    "faults": planned.faults,
                    "notCompared": planned.wanted.refusals,
                }
                for planned, _ in found
            ]
        )
    else:
        for planned, _ in found:
            print_plan(planned, only=(*planned.drift, *planned.plan.unknown))
            print_refusals(planned.faults)
            if not planned.drift and not planned.faults and not planned.plan.unknown:
                say("all is as it is declared")
            for each in planned.wanted.refusals:
                say(f"not compared: {each}")
    if differs:
        click.get_current_context().exit(ExitCode.BAD)
    if any(planned.plan.unknown for planned, _ in found):
        click.get_current_context().exit(ExitCode.UNKNOWN)


@click.command()
@_organization
@click.option("--all", "everything", is_flag=True, help="What is declared, too: all that fno-link has registered.")
@_dry_run
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(organization: str, *, everything: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete from Dataverse what fno-link has registered and fno-link.toml does not declare any more; asks first.

    What is not ours is never deleted. Exit codes: 0 done, 1 it cannot be deleted, 2 wrong usage, 3 Dataverse is away.
    """
    from integration.operations.registration import Shown, to_remove  # noqa: PLC0415 (the HTTP client)

    if as_json and not (yes or dry_run):
        msg = "--json does not ask: say --yes, or --dry-run"
        raise click.UsageError(msg)
    shown: list[dict[str, Any]] = []
    refusals: list[Any] = []

    async def removed(registrar: "Registrar", planned: "Planned") -> "Applied | None":
        gone, refused = to_remove(planned, everything=everything)
        name = planned.organization.name
        shown.append({"organization": name, "removed": [Shown.of(change) for change in gone], "refusals": refused})
        refusals.extend(refused)
        if not as_json:
            print_gone(name, gone)
        if refused or dry_run or not gone:
            return None
        if not yes:
            confirm(f"Delete these {len(gone)} rows of {name}?")
        return await registrar.remove(planned, gone, lambda _: None)

    found = _run(organization, "", "", removed, catalogue=False, every=True, experimental=None)
    if as_json:
        print_json(shown)
    _raise_stopped(found)
    if refusals:
        if not as_json:
            print_refusals(refusals)
        click.get_current_context().exit(ExitCode.BAD)


async def _plan_only(_registrar: "Registrar", _planned: "Planned") -> None:
    return None


def _run(  # noqa: PLR0913  # what is done, and where
    said: str,
    app_url: str,
    solution: str,
    does: "Callable[[Registrar, Planned], Awaitable[Applied | None]]",
    *,
    catalogue: bool = True,
    every: bool = False,
    experimental: bool | None = False,
) -> "list[tuple[Planned, Applied | None]]":
    """Do something in one organization after the other; `experimental` None: without Finance & Operations."""
    from integration.cli.register.opened import chosen, registrar  # noqa: PLC0415 (the HTTP client and msal)

    environ = app_settings()
    configuration, organizations = chosen(said, environ, every=every)
    if not organizations:
        message = "no source declares what Dataverse or Finance & Operations is to send: see [sources.NAME.dataverse]"
        say(message, err=True)

    async def ran() -> "list[tuple[Planned, Applied | None]]":
        found: list[tuple[Planned, Applied | None]] = []
        async with registrar(
            configuration, environ, organizations, app_url=app_url, solution=solution, experimental=experimental
        ) as opened:
            for organization in organizations:
                planned = await opened.plan(organization, catalogue=catalogue)
                done = await does(opened, planned)
                found.append((planned, done))
                if done is not None and done.error is not None:
                    break
        return found

    return asyncio.run(ran())


def _tell(found: "list[tuple[Planned, Applied | None]]", *, as_json: bool) -> None:
    from integration.operations.registration import Shown  # noqa: PLC0415 (the HTTP client)

    if as_json:
        print_json(
            [
                {
                    "organization": planned.organization.name,
                    "changes": [Shown.of(change) for change in planned.plan.changes],
                    "refusals": planned.plan.refusals,
                }
                for planned, _ in found
            ]
        )
    else:
        for planned, _ in found:
            print_plan(planned, only=planned.plan.changes)
            print_refusals(planned.plan.refusals)
    if any(planned.plan.refusals for planned, _ in found):
        click.get_current_context().exit(ExitCode.BAD)


def _finish(found: "list[tuple[Planned, Applied | None]]", *, as_json: bool) -> None:
    from integration.operations.registration import Shown  # noqa: PLC0415 (the HTTP client)

    if as_json:
        print_json(
            [
                {
                    "organization": planned.organization.name,
                    "done": [Shown.of(change) for change in done.done] if done else [],
                    "refusals": planned.plan.refusals,
                    "byHand": [Shown.of(change) for change in planned.plan.by_hand],
                    "unknown": [Shown.of(change) for change in planned.plan.unknown],
                    "notKept": [Shown.of(change) for change in done.not_kept] if done else [],
                    "stoppedAt": Shown.of(done.stopped_at) if done and done.stopped_at else None,
                }
                for planned, done in found
            ]
        )
    else:
        for planned, done in found:
            left = sum(change.action == "leave" for change in planned.plan.changes)
            if done is not None:
                say(f"{planned.organization.name}: {len(done.done)} written, {left} as declared")
                print_not_kept(done.not_kept)
            print_beside(planned)
    _raise_stopped(found)


def _raise_stopped(found: "list[tuple[Planned, Applied | None]]") -> None:
    """Raise what stopped it, with where; what was done stands."""
    for _, done in found:
        if done is not None and done.error is not None:
            stopped: Change | None = done.stopped_at
            if stopped is None:
                say("all was written, but not read again: see `fno-link register drift`", err=True)
            else:
                say(f"stopped at the {stopped.what} {stopped.name}: run the command again to go on", err=True)
            raise done.error
