"""The command `fno-link doctor`."""

import asyncio

import click

from integration.cli.app_settings import app_settings
from integration.cli.doctor.step import Finding, Verdict
from integration.cli.exit_code import ExitCode
from integration.cli.output import json_option, print_json, say
from integration.config import check
from integration.errors import UnknownOrganization

COLORS: dict[Verdict, str] = {"pass": "green", "fail": "red", "unknown": "yellow", "skipped": "bright_black"}


@click.command()
@click.argument("organization", required=False)
@json_option
def command(organization: str | None, *, as_json: bool) -> None:
    """Walk the prerequisites of the link in the order of Microsoft's setup page, for ORGANIZATION or for all.

    Checks the configuration, the five settings of Microsoft's settings script, token, WhoAmI, sdkmessages and the link;
    for each that fails it says what to do, and in which step of that page.

    Exit codes: 0 all pass, 1 something fails, 3 something did not answer.
    """
    # Imported after the usage is known to be right: the HTTP client costs more than the rest of the command line.
    from integration.cli.doctor.examine import Examined, examine, judge_configuration, judge_url, verdict_of  # noqa: PLC0415

    environ = app_settings()
    checked = check(environ)
    findings = [judge_configuration(checked)]
    # What the link needs can be examined although, say, a queue's connection is missing.
    configuration = checked.configuration or check(environ, offline=True).configuration
    examined: list[Examined] = []
    if configuration is None:
        findings.append(judge_url(None, checked.problems))
    else:
        if organization is not None and organization not in configuration.organizations:
            msg = f"no organization named {organization[:64]!r} is configured"
            raise UnknownOrganization(msg)
        chosen = [each for name, each in configuration.organizations.items() if organization in (None, name)]

        async def examine_all() -> list[Examined]:
            return [await examine(each, environ, configuration.health.wordings) for each in chosen]

        examined = asyncio.run(examine_all())
    verdict = verdict_of([*findings, *(finding for each in examined for finding in each.steps)])
    if as_json:
        print_json({"ok": verdict, "configuration": findings, "organizations": examined})
    else:
        for finding in findings:
            _print(finding)
        for each in examined:
            say()
            say(each.name, bold=True)
            for finding in each.steps:
                _print(finding)
    if verdict is not True:
        click.get_current_context().exit(ExitCode.UNKNOWN if verdict is None else ExitCode.BAD)


def _print(finding: Finding) -> None:
    say(f"{finding.verdict:8}", fg=COLORS[finding.verdict], nl=False)
    say(f"{finding.title}: {finding.message}")
    if finding.todo:
        say(f"        → {finding.todo}")
    if finding.page:
        say(f"        → Microsoft's setup page: {finding.page}")
