"""Look at a package: all of its steps, in their order."""

from collections.abc import Sequence
from pathlib import Path

from integration.cli.doctor.host_json import judge_host_json
from integration.cli.doctor.package.files import IGNORING, judge_compiled, judge_files, names_in
from integration.cli.doctor.package.functions import judge_functions
from integration.cli.doctor.package.indexing import Function, fits, index, judge_index
from integration.cli.doctor.package.meant import meant_by
from integration.cli.doctor.package.opened import HOST_FILE, opened
from integration.cli.doctor.package.requirements import PROJECT, judge_requirements
from integration.cli.doctor.package.routes import judge_routes
from integration.cli.doctor.package.steps import (
    CONFIGURATION,
    FUNCTIONS,
    INDEX,
    PACKAGE,
    ROUTES,
    STEPS,
)
from integration.cli.doctor.step import Finding, failed, passed, skipped, warned
from integration.config import Checked, check
from integration.config.reading.loading import app_folder
from integration.config.settings.settings import SCRIPT_ROOT, Environ
from integration.errors import ConfigurationError, Problem
from integration.routing.table import RouteTable

SHOWN = 5
NOT_ASKED = "`--package` names none"


def without_package() -> tuple[Finding, ...]:
    """Return that no package was looked at, since none was named."""
    return tuple(skipped(step, NOT_ASKED) for step in STEPS)


async def look(path: Path, environ: Environ) -> tuple[Finding, ...]:
    """Look at a package.

    Args:
        path: A folder or a zip, which is there.
        environ: The app settings.

    Returns:
        A finding for each step; then one for `host_json`, of the package's own.
    """
    with opened(path) as package:
        if package.folder is None:
            rest = tuple(skipped(step, "there is no package to look at", PACKAGE) for step in STEPS[1:])
            return package.finding, *rest
        return package.finding, *await _inside(package.folder, environ)


async def _inside(folder: Path, environ: Environ) -> Sequence[Finding]:
    settings = {**environ, SCRIPT_ROOT: str(folder)}
    ignoring = _text(folder / IGNORING)
    names = tuple(names_in(folder, ignoring))
    checked = _checked(settings)
    unfit = fits(folder)
    indexed = await index(folder, settings, own=not unfit)
    meant = meant_by(checked.configuration) if checked.configuration else ()
    return (
        judge_files(names, ignoring),
        judge_compiled(folder, names),
        judge_requirements(folder, _project(folder, environ)),
        judge_configuration(checked),
        judge_index(indexed, unfit),
        *_judged(indexed.functions, meant, settings),
        judge_host_json(_text(folder / HOST_FILE), (each.name for each in meant)),
    )


def _checked(settings: Environ) -> Checked:
    checked = check(settings)
    try:
        if checked.configuration is not None:
            RouteTable.of(checked.configuration)
    except ConfigurationError as error:
        return Checked(None, tuple(error.problems), checked.warnings, checked.file)
    return checked


def _judged(functions: Sequence[Function], meant: Sequence[Function], settings: Environ) -> tuple[Finding, ...]:
    if not functions:
        return tuple(skipped(step, "nothing is indexed", INDEX) for step in (FUNCTIONS, ROUTES))
    if not meant:
        told = f"with these problems {len(functions)} functions are all that is registered"
        return skipped(FUNCTIONS, told, CONFIGURATION), judge_routes(functions)
    return judge_functions(functions, meant, settings), judge_routes(functions)


def judge_configuration(checked: Checked) -> Finding:
    """Judge the package's fno-link.toml.

    Args:
        checked: What a check by the app settings of here found.
    """
    if checked.configuration is None:
        return failed(CONFIGURATION, _told(checked.problems))
    if checked.warnings:
        return warned(CONFIGURATION, _told(checked.warnings))
    kept = checked.configuration
    return passed(CONFIGURATION, f"{len(kept.sources)} sources, {len(kept.routes)} routes, {len(kept.targets)} targets")


def _told(problems: Sequence[Problem]) -> str:
    more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return "; ".join(f"{each.key}: {each.message}" if each.key else each.message for each in problems[:SHOWN]) + more


def _project(folder: Path, environ: Environ) -> Path | None:
    places = (folder / PROJECT, app_folder(environ) / PROJECT)
    return next((path for path in places if path.is_file()), None)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig", "replace")
    except OSError:
        return ""
