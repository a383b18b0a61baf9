"""`fno-link dead-letters`: list, show, replay and purge, on a deployed app or directly on the storage account."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import click

from integration.cli.dead_letter_desk import DeadLetterDesk, Direct, Follower, Remote
from integration.cli.exit_code import ExitCode
from integration.cli.filters import ORGANIZATION, ROUTE, SINCE, UNTIL, filter_options, given
from integration.cli.output import app_option, confirm, json_option, overwrite, print_json, print_table, say
from integration.errors import InvalidRequest

_COLUMNS = ("acceptedAt", "organization", "reason", "route", "eventId", "type", "attempts", "id")


_filters = filter_options(organization=ORGANIZATION, reason="Of this reason.", route=ROUTE, since=SINCE, until=UNTIL)


def _work[F: Callable[..., Any]](function: F) -> F:
    function = click.option("--per-second", default=20.0, help="How many a second, at most.")(function)
    function = click.option("--all", "everything", is_flag=True, help="Every dead letter is meant.")(function)
    return click.argument("ids", nargs=-1)(function)


@click.group()
def command() -> None:
    """List, show, replay and purge dead letters."""


@command.command("list")
@_filters
@click.option("--limit", default=50, help="How many at most, 1 to 200.")
@click.option("--after", default="", help="The `next` of the page before.")
@app_option
@json_option
def list_(app: str | None, *, as_json: bool, limit: int, after: str, **filters: str) -> None:
    """List dead letters, oldest first."""

    async def run(desk: DeadLetterDesk) -> Any:
        return await desk.list(given(filters) | {"limit": str(limit)} | ({"after": after} if after else {}))

    page = _on(app, run)
    if as_json:
        print_json(page)
        return
    print_table(_COLUMNS, [[str(each.get(name, "")) for name in _COLUMNS] for each in page["deadLetters"]])
    if page["next"]:
        say(f"more: --after {page['next']}", err=True)


@command.command()
@click.argument("id_", metavar="ID")
@app_option
@json_option
def show(id_: str, app: str | None, *, as_json: bool) -> None:
    """Show one dead letter with its event or body."""
    found = _on(app, lambda desk: desk.show(id_))
    if as_json:
        print_json(found)
    else:
        print_table(("", found["reason"]), [(name, str(value)) for name, value in found.items()])


@command.command()
@_work
@_filters
@click.option("--current-environment", is_flag=True, help="Deliver to the environment that is linked now.")
@click.option("--job", default="", help="Go on with the replay or purge of this id, or see how far it is.")
@click.option("--no-wait", is_flag=True, help="Only order it from the function app.")
@app_option
@json_option
def replay(  # noqa: PLR0913 - one parameter an option
    app: str | None,
    *,
    as_json: bool,
    ids: tuple[str, ...],
    everything: bool,
    per_second: float,
    current_environment: bool,
    job: str,
    no_wait: bool,
    **filters: str,
) -> None:
    """Deliver dead letters again: those of IDS, those that the filters mean, or --all, oldest first."""
    order = _order(ids, filters, everything=everything, per_second=per_second)
    order["currentEnvironment"] = current_environment

    async def run(desk: DeadLetterDesk) -> Any:
        begun = await desk.job(job) if job else await desk.replay(order, wait=not no_wait)
        return begun if no_wait else await to_the_end(desk, begun, as_json=as_json)

    ended(_on(app, run), as_json=as_json)


@command.command()
@_work
@_filters
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@app_option
@json_option
def purge(  # noqa: PLR0913 - one parameter an option
    app: str | None,
    *,
    as_json: bool,
    ids: tuple[str, ...],
    everything: bool,
    per_second: float,
    dry_run: bool,
    yes: bool,
    **filters: str,
) -> None:
    """Remove dead letters for good: those of IDS, those that the filters mean, or --all. Counts first, and asks."""
    order = _order(ids, filters, everything=everything, per_second=per_second)
    counted = _on(app, lambda desk: desk.count(order))
    if dry_run or not counted["matching"]:
        if as_json:
            print_json(counted)
        else:
            print_table(("reason", "count"), [(reason, str(n)) for reason, n in counted["byReason"].items()])
        return
    if not yes:
        if as_json:
            msg = "--json does not ask: say --yes, or --dry-run"
            raise click.UsageError(msg)
        more = "" if counted["complete"] else " or more"
        confirm(f"Remove {counted['matching']}{more} dead letters for good?")

    async def run(desk: DeadLetterDesk) -> Any:
        return await to_the_end(desk, await desk.purge(order), as_json=as_json)

    ended(_on(app, run), as_json=as_json)


@command.command()
@click.argument("job", metavar="JOB")
@app_option
@json_option
def cancel(job: str, app: str | None, *, as_json: bool) -> None:
    """Stop a replay or purge; what it has done stays done."""
    ended(_on(app, lambda desk: desk.cancel(job)), as_json=as_json)


async def to_the_end(desk: Follower, job: dict[str, Any], *, as_json: bool) -> dict[str, Any]:
    """Follow a job until it is done, and say on stderr how far it is."""
    shown: dict[str, int] = {}
    if not as_json:
        say(
            f"{job['kind']} {job['id']} (go on after an interruption: fno-link dead-letters replay --job {job['id']})",
            err=True,
        )

    def tell(now: dict[str, Any]) -> None:
        if not as_json and now["counts"] != shown:
            shown.clear()
            shown.update(now["counts"])
            overwrite(_counts(now))

    done = await desk.follow(job, tell)
    if shown:
        say(err=True)
    return done


def ended(job: dict[str, Any], *, as_json: bool) -> None:
    """Print how a job ended; what failed again is bad."""
    if as_json:
        print_json(job)
    else:
        say(f"{job['kind']} {job['id']} {job['state']}: {_counts(job) or 'nothing'}")
    counts = job["counts"]
    if counts.get("deadLettered") or counts.get("kept"):
        click.get_current_context().exit(ExitCode.BAD)


def _counts(job: dict[str, Any]) -> str:
    return ", ".join(f"{number} {what}" for what, number in job["counts"].items())


def _order(ids: Sequence[str], filters: dict[str, str], *, everything: bool, per_second: float) -> dict[str, Any]:
    return {"ids": list(ids), "filter": given(filters), "all": everything, "perSecond": per_second}


def _on(app: str | None, run: Callable[[DeadLetterDesk], Coroutine[Any, Any, Any]]) -> Any:
    async def within() -> Any:
        async with Remote(app) if app else Direct() as desk:
            return await run(desk)

    try:
        return asyncio.run(within())
    except InvalidRequest as error:
        raise click.UsageError(str(error)) from error
