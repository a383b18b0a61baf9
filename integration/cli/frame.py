"""The frame around the commands: finds them, reports their errors, and says how they ended."""

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import EntryPoint, EntryPoints, entry_points, version
from typing import Any, Never

import click
from click.shell_completion import CompletionItem

from integration import loggers
from integration.cli.exit_code import ExitCode, exit_code_of
from integration.cli.output import print_error, print_error_lines, print_failure
from integration.errors import FnoLinkError

GROUP = "fno_link.commands"
OWN = "integration"
OF_THE_EMULATION = ("demo", "local", "send")
"""Commands that another distribution brings."""
EMULATION = "emulation"


class Commands(click.Group):
    """A group that finds its commands by entry points and imports only the invoked one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands there are."""
        return sorted(found().names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command; one whose package is missing stands there with what to do."""
        points = found().select(name=cmd_name)
        if points:
            return loaded(next(iter(points)))
        return stand_in(cmd_name, EMULATION) if cmd_name in OF_THE_EMULATION else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """Return the commands that begin so, without a word about each: for that all would have to be imported."""
        names = [CompletionItem(name) for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)


def found() -> EntryPoints:
    """Return the entry points of the commands."""
    return entry_points(group=GROUP)


def loaded(point: EntryPoint) -> click.Command:
    """Import a command, or stand in for one that this installation cannot run."""
    try:
        command = point.load()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", OWN):
            raise
        return stand_in(point.name, package)
    if not isinstance(command, click.Command):
        msg = f"the entry point {point.name} ({point.value}) is no click command"
        raise TypeError(msg)
    return command


def stand_in(name: str, package: str) -> click.Command:
    """Return a command that says which package it lacks and what to do."""

    def refuse() -> Never:
        msg = (
            f"`{name}` needs the package {package}, which is not installed. "
            f"pip install 'fno-link[emulation]', or in a checkout of fno-link: uv run fno-link {name}"
        )
        raise click.UsageError(msg)

    return click.Command(
        name,
        callback=refuse,
        short_help=f"(not in this installation: needs {package})",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("fno-link"), prog_name="fno-link")
@click.option("-v", "--verbose", count=True, help="Print what happens on the way to stderr; twice: its details too.")
def fno_link(*, verbose: int) -> None:
    """Know which Finance & Operations environment a Dataverse organization is linked to, and route its events.

    Exit codes: 0 ok, 1 what was checked is bad, 2 wrong usage, 3 cannot be told.
    """
    if verbose:
        # The libraries stay at WARNING: some write each URL with its query, and keys stand in queries.
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger(loggers.ROOT).setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
    else:
        # Commands report their errors themselves; without a handler Python would print warnings beside them.
        logging.getLogger().addHandler(logging.NullHandler())


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; nothing but exit codes leaves."""
    try:
        if illegible := [each for each in arguments if not _legible(each)]:
            msg = f"{illegible[0]!r} is not UTF-8 text"
            raise click.UsageError(msg)  # noqa: TRY301 - reported like every other wrong usage
        with fno_link.make_context("fno-link", list(arguments)) as context:
            fno_link.invoke(context)
    except BrokenPipeError:
        # What is still buffered has nowhere to go; without this, Python complains at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.PIPE_CLOSED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the edge: each kind has its exit code, none is swallowed
        return ended_by(error, as_json="--json" in arguments)
    return ExitCode.OK


def ended_by(error: BaseException, *, as_json: bool) -> int:
    """Report what ended a command early, and return the exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return ExitCode.USAGE
        case click.ClickException():
            return _refused(error, as_json=as_json)
        case click.Abort() | KeyboardInterrupt():
            print_error("Interrupted", "stopped before the end", as_json=as_json)
            return ExitCode.INTERRUPTED
        case FnoLinkError():
            print_failure(error, as_json=as_json)
            return exit_code_of(error)
        case _:
            # Python's own exit code 1 would say that the checked thing is bad.
            print_error_lines(traceback.format_exception(error))
            print_error("Defect", f"{type(error).__name__}: {error}", "This is a defect of fno-link.", as_json=as_json)
            return ExitCode.UNKNOWN


def _refused(error: click.ClickException, *, as_json: bool) -> int:
    # A command of another distribution shares no code with this one: its errors bring code, hint and exit code along.
    ends_with = getattr(error, "ends_with", None)
    if isinstance(ends_with, int):
        code, hint = (str(getattr(error, name, "")) for name in ("code", "hint"))
        print_error(code, error.format_message(), hint, as_json=as_json)
        return ends_with
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"{context.command_path if context else 'fno-link'} --help"
    print_error("Usage", error.format_message(), hint, as_json=as_json)
    return ExitCode.USAGE


def _legible(argument: str) -> bool:
    """Tell whether an argument is text: bytes that are no UTF-8 reach Python as lone surrogates."""
    try:
        return b"\0" not in argument.encode()
    except UnicodeEncodeError:
        return False
