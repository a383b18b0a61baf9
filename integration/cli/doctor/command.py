"""The command `fno-link doctor`."""

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from integration.cli.app_settings import app_settings
from integration.cli.caller import Choice, credential_options
from integration.cli.doctor.given import Given
from integration.cli.doctor.registry import chosen
from integration.cli.doctor.step import Finding, Verdict, whose
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_json, print_text, say
from integration.cli.remote import App
from integration.config import check
from integration.config.settings.settings import Environ

if TYPE_CHECKING:
    from integration.cli.doctor.walk import Walked

COLORS: dict[Verdict, str] = {
    "pass": "green",
    "warn": "yellow",
    "fail": "red",
    "unknown": "yellow",
    "skipped": "bright_black",
}


@click.command()
@click.argument("organization", required=False)
@credential_options
@click.option("--package", metavar="PATH", help="What is deployed, a folder or a zip: its code is imported.")
@click.option("--app", metavar="URL", help="What is deployed: it is asked, and with FNO_LINK_KEY what that opens.")
@click.option("--only", multiple=True, metavar="CHECK", help="Tell this check only (* for any text); can be repeated.")
@click.option("--sarif", "form", flag_value="sarif", help="Print SARIF 2.1.0.")
@click.option("--junit", "form", flag_value="junit", help="Print JUnit's XML.")
@json_option
def command(  # noqa: PLR0913 (the command line's options)
    organization: str | None,
    *,
    device_code: bool,
    client_id: str,
    package: str | None,
    app: str | None,
    only: tuple[str, ...],
    form: str | None,
    as_json: bool,
) -> None:
    """Walk the prerequisites of the link in the order of Microsoft's setup page, for ORGANIZATION or for all.

    Then our own side: the app settings, host.json and what they lead to; with --package what is deployed, with
    --app the app that is.

    ORGANIZATION is a name of fno-link.toml, or the URL of any organization, which needs no configuration. For each
    check that does not pass it says what to do, and in which step of that page; docs/reference/doctor.md lists all.

    Exit codes: 0 nothing fails, 1 something fails, 2 wrong usage, 3 something did not answer.
    """
    if form and as_json:
        msg = f"--json and --{form} exclude each other"
        raise click.UsageError(msg)
    try:
        wanted = chosen(only)
    except KeyError as error:
        msg = f"no check is named {error.args[0][:64]!r}; docs/reference/doctor.md lists them"
        raise click.UsageError(msg) from error
    given = Given(None if package is None else _there(package), None if app is None else App(app))
    walked = _walk(organization, app_settings(), Choice(device_code, client_id), given, wanted).narrowed(wanted)
    _print(walked, "json" if as_json else form)
    if walked.ok is not True:
        click.get_current_context().exit(ExitCode.UNKNOWN if walked.ok is None else ExitCode.BAD)


def _there(path: str) -> Path:
    # Devices and pipes are neither: reading them may never end.
    found = Path(path)
    if not path or not (found.is_dir() or found.is_file()):
        msg = f"--package takes a folder or a zip that is there, not {path[:200]!r}"
        raise click.UsageError(msg)
    return found


def _walk(organization: str | None, environ: Environ, choice: Choice, given: Given, names: frozenset[str]) -> "Walked":
    # Imported after the usage is known to be right: the HTTP client costs more than the rest of the command line.
    from integration.cli.doctor.walk import walk  # noqa: PLC0415

    checked = check(environ)
    # What the link needs can be examined although, say, a queue's connection is missing.
    configuration = checked.configuration or check(environ, offline=True).configuration
    return asyncio.run(
        walk(
            organization,
            environ,
            choice,
            checked=checked,
            configuration=configuration,
            given=given,
            names=names,
        )
    )


def _print(walked: "Walked", form: str | None) -> None:
    from integration.cli.doctor.reports import as_junit, as_sarif  # noqa: PLC0415 - most print text

    match form:
        case "json":
            print_json(
                {
                    "ok": walked.ok,
                    "configuration": walked.configuration,
                    "organizations": walked.organizations,
                    "own": walked.own,
                }
            )
        case "sarif":
            print_json(as_sarif(walked.by_whom(), version("fno-link")))
        case "junit":
            print_text(as_junit(walked.by_whom()))
        case _:
            _print_for_people(walked)


def _print_for_people(walked: "Walked") -> None:
    from integration.cli.doctor.walk import OWN  # noqa: PLC0415 - as above

    for finding in walked.configuration:
        _print_finding(finding)
    for each in walked.organizations:
        say()
        say(each.name, bold=True)
        for finding in each.steps:
            _print_finding(finding)
    if walked.own:
        say()
        say(OWN, bold=True)
    for finding in walked.own:
        _print_finding(finding)


def _print_finding(finding: Finding) -> None:
    say(f"{finding.verdict:8}", fg=COLORS[finding.verdict], nl=False)
    because = f" (because of: {finding.because})" if finding.because else ""
    say(f"{finding.title}: {finding.message}{because}")
    if finding.todo:
        say(f"        → {finding.todo}")
    if finding.page:
        say(f"        → {whose(finding.page)}: {finding.page}")
