"""`fno-link dead-letters`: list, show, replay and purge, on a deployed app or directly on the storage account."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import msgspec

from integration.cli import shapes
from integration.cli.app_option import app_option
from integration.cli.filters import ORGANIZATION, ROUTE, SINCE, UNTIL, filter_options, given
from integration.cli.here import ask
from integration.cli.jobs import ended, follow_here, follow_there, read_there
from integration.cli.output import confirm, json_option, print_json, print_table, say

if TYPE_CHECKING:
    from integration.cli.remote import App
    from integration.operations.dead_letters import DeadLetterOrder
    from integration.worker import Worker

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
    query = given(filters) | {"limit": str(limit)} | ({"after": after} if after else {})
    page = ask(
        app,
        lambda there: there.get("dead-letters", shapes.DeadLetterPage, query),
        lambda here: _page(here, query),
    )
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
    found = ask(
        app,
        lambda there: there.get(f"dead-letters/{quote(id_, safe='')}", shapes.Kept),
        lambda here: here.dead_letter_operations.show(id_),
    )
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

    async def at_app(there: "App") -> Any:
        begun = await (read_there(there, job) if job else there.post("dead-letters/replay", shapes.JobState, order))
        return begun if no_wait else await follow_there(there, begun, as_json=as_json)

    async def in_place(here: "Worker") -> Any:
        operations = here.dead_letter_operations
        begun = await (operations.job(job) if job else operations.replay(_read(order), by_app=no_wait))
        return begun if no_wait else await follow_here(here, begun, as_json=as_json)

    ended(ask(app, at_app, in_place), as_json=as_json)


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
    counted = ask(
        app,
        lambda there: there.post("dead-letters/purge", shapes.Count, order | {"dryRun": True}),
        lambda here: here.dead_letter_operations.count(_read(order)),
    )
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

    async def at_app(there: "App") -> Any:
        begun = await there.post("dead-letters/purge", shapes.JobState, order | {"dryRun": False})
        return await follow_there(there, begun, as_json=as_json)

    async def in_place(here: "Worker") -> Any:
        begun = await here.dead_letter_operations.purge(_read(order), by_app=False)
        return await follow_here(here, begun, as_json=as_json)

    ended(ask(app, at_app, in_place), as_json=as_json)


@command.command()
@click.argument("job", metavar="JOB")
@app_option
@json_option
def cancel(job: str, app: str | None, *, as_json: bool) -> None:
    """Stop a replay or purge; what it has done stays done."""
    done = ask(
        app,
        lambda there: there.post(f"dead-letters/jobs/{quote(job, safe='')}/cancel", shapes.JobState, {}),
        lambda here: here.dead_letter_operations.cancel(job),
    )
    ended(done, as_json=as_json)


def _order(ids: Sequence[str], filters: dict[str, str], *, everything: bool, per_second: float) -> dict[str, Any]:
    return {"ids": list(ids), "filter": given(filters), "all": everything, "perSecond": per_second}


async def _page(worker: "Worker", query: dict[str, str]) -> Any:
    from integration.operations.kept import read_query  # noqa: PLC0415 - not for --app

    return await worker.dead_letter_operations.list(read_query(query))


def _read(order: dict[str, Any]) -> "DeadLetterOrder":
    from integration.operations.dead_letters import DeadLetterOrder  # noqa: PLC0415 - not for --app

    return DeadLetterOrder.read(msgspec.json.encode(order))
