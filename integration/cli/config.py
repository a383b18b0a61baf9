"""`fno-link config`: check fno-link.toml, print its JSON Schema."""

from pathlib import Path

import click
import msgspec

from integration.cli.app_settings import app_settings
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_json, print_text, say
from integration.config import Checked
from integration.config import check as check_configuration
from integration.config.settings import settings
from integration.errors import ConfigurationError, Problem


@click.group()
def command() -> None:
    """Check the configuration; print its JSON Schema."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--offline", is_flag=True, help="Without app settings: unset ones and connections are no problems.")
@json_option
def check(file: Path | None, *, offline: bool, as_json: bool) -> None:
    """Check FILE (default: FNO_LINK_CONFIG, fno-link.toml) and the app settings, and list every problem at once.

    Exit codes: 0 no problem, 1 problems.
    """
    environ = app_settings()
    if file is not None:
        environ[settings.CONFIG] = str(file.absolute())
    checked = with_routes(check_configuration(environ, offline=offline))
    ok = not checked.problems
    if as_json:
        print_json({"ok": ok, "file": checked.file, "problems": checked.problems, "warnings": checked.warnings})
    else:
        _print_all("problem", checked.problems)
        _print_all("warning", checked.warnings)
        configuration = checked.configuration
        if configuration is not None:
            say(
                f"{checked.file} is good: {len(configuration.organizations)} organizations, "
                f"{len(configuration.sources)} sources, {len(configuration.routes)} routes, "
                f"{len(configuration.targets)} targets"
            )
    if not ok:
        click.get_current_context().exit(ExitCode.BAD)


@command.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
def schema(output: Path | None) -> None:
    """Print the JSON Schema of fno-link.toml, for editors (Taplo, Even Better TOML)."""
    from integration.config.schema import schema_text  # noqa: PLC0415 - only this command needs it

    if output is None:
        print_text(schema_text())
    else:
        try:
            output.write_text(schema_text(), "utf-8")
        except OSError as error:
            msg = f"{output} cannot be written: {error.strerror}"
            raise click.BadParameter(msg, param_hint="--output") from error


def with_routes(checked: Checked) -> Checked:
    """Return a check completed by what `routing` finds: problems, keys in doubt, alerts that nobody gets."""
    from integration.routing.audience import unheard  # noqa: PLC0415 - only this command needs it
    from integration.routing.doubts import doubts  # noqa: PLC0415 - only this command needs it
    from integration.routing.table import RouteTable  # noqa: PLC0415 - only this command needs it

    try:
        targets = checked.configuration.targets if checked.configuration else {}
        table = RouteTable.compile(checked.routes, file=checked.file, targets=targets)
    except ConfigurationError as error:
        problems = (*checked.problems, *error.problems)
        return msgspec.structs.replace(checked, configuration=None, problems=problems)
    if checked.configuration is None:
        return checked
    doubtful = doubts(table.routes, targets, file=checked.file)
    warnings = (*checked.warnings, *doubtful, *unheard(table, targets, file=checked.file))
    return msgspec.structs.replace(checked, warnings=warnings)


def _print_all(kind: str, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        say(f"{kind} ", fg="red" if kind == "problem" else "yellow", nl=False)
        say(str(problem))
