"""Find, read and check fno-link.toml: all problems at once."""

import re
import tomllib
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import inspect

from integration.clock import Clock, SystemClock
from integration.clouds import organization_url
from integration.config.keys.function_names import name_problems
from integration.config.keys.groups import group_problems, group_warnings
from integration.config.keys.model import Configuration, Document, Route
from integration.config.reading.bodies import body_warnings
from integration.config.reading.business_events import business_event_problems
from integration.config.reading.judging import MissingConnection
from integration.config.reading.places import place_problems, place_warnings
from integration.config.reading.reading import BAD, Reader, suggestion
from integration.config.reading.sending import sender_problems, sender_warnings
from integration.config.reading.showing import client_problems, client_warnings
from integration.config.reading.watching import watch_problems, watch_warnings
from integration.config.settings import settings
from integration.config.settings.credentials import credential_problems
from integration.config.settings.settings import Environ
from integration.errors import ConfigurationError, Problem

DEFAULT = "fno-link.toml"
LARGEST = 16 * 1024 * 1024
"""Bytes; 10,000 routes take two million."""
WHERE = re.compile(r"(?P<message>.*) \(at (?P<place>.*)\)", re.DOTALL)


class Checked(msgspec.Struct, frozen=True):
    """What a check found.

    Args:
        configuration: The configuration; None where there are problems.
        problems: What must be mended before fno-link works by this file.
        warnings: What works but is probably not meant.
        file: The file's path.
        routes: The routes, where all are readable although there may be problems elsewhere: for the check of `routing`.
    """

    configuration: Configuration | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    file: str
    routes: tuple[Route, ...] = ()


def load(environ: Environ, *, offline: bool = False) -> Configuration:
    """Load the configuration.

    Args:
        environ: The app settings and environment variables.
        offline: Without app settings: an unset `%SETTING%` is left open, connections are not looked up.

    Raises:
        ConfigurationError: With all problems.
    """
    checked = check(environ, offline=offline)
    if checked.configuration is None:
        raise ConfigurationError(checked.problems)
    return checked.configuration


def check(environ: Environ, *, offline: bool = False) -> Checked:
    """Check the configuration and return it, or all its problems; arguments as in `load`."""
    path = locate(environ)
    file = _shown(path)
    text, problem = _text_of(path, file)
    if problem:
        return Checked(None, (problem,), (), file)
    return check_text(text, environ, file=file, offline=offline)


def check_text(
    text: str, environ: Environ, *, file: str = DEFAULT, offline: bool = False, clock: Clock | None = None
) -> Checked:
    """Check a configuration that is at hand as text.

    Args:
        text: The file's text.
        environ: The app settings and environment variables.
        file: The name that problems give it.
        offline: As in `load`.
        clock: Tells which dates are over; None: the machine's.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = WHERE.fullmatch(str(error))
        message, place = (found["message"], found["place"]) if found else (str(error), "")
        return Checked(None, (Problem(place, message, "this is no TOML; see toml.io", file),), (), file)
    except RecursionError:
        return Checked(None, (Problem("", "it is nested too deep", "no key is", file),), (), file)
    reader = Reader(file, environ, offline=offline)
    document = reader.read(inspect.type_info(Document), raw, "")
    _check_names(reader, raw)
    _check_references(reader, raw)
    if not offline:
        for name in dict.fromkeys(_organization_names(raw)):
            reader.problems += credential_problems(environ, name)
    if reader.problems:
        routes = _readable_routes(raw, environ, offline=offline)
        return Checked(None, _merged(reader.problems), tuple(reader.warnings), file, routes)
    configuration = _configuration(document, file)
    problems = (
        *name_problems(configuration),
        *place_problems(configuration),
        *group_problems(configuration),
        *sender_problems(configuration),
        *business_event_problems(configuration),
        *watch_problems(configuration),
        *client_problems(configuration),
    )
    warnings = (
        *reader.warnings,
        *place_warnings(configuration),
        *group_warnings(configuration),
        *sender_warnings(configuration),
        *body_warnings(configuration, environ),
        *client_warnings(configuration, environ),
        *watch_warnings(configuration, (clock or SystemClock()).now()),
    )
    return Checked(None if problems else configuration, problems, warnings, file, configuration.routes)


def locate(environ: Environ) -> Path:
    """Return the configuration's path: FNO_LINK_CONFIG, else fno-link.toml beside host.json, else in this folder."""
    named = environ.get(settings.CONFIG, "").strip() or DEFAULT
    return app_folder(environ) / named


def app_folder(environ: Environ) -> Path:
    """Return the folder of the app: that of host.json, as far as it is known."""
    script_root = environ.get(settings.SCRIPT_ROOT, "").strip()
    if script_root:
        return Path(script_root)
    here = Path.cwd()
    beside = Path(__file__).parents[2]
    for folder in (here, beside):
        if (folder / "host.json").is_file() or (folder / DEFAULT).is_file():
            return folder
    return here


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _text_of(path: Path, file: str) -> tuple[str, Problem | None]:
    hint = f"create it, or name another by the app setting {settings.CONFIG}"
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            return "", Problem(
                "", f"the file is larger than {LARGEST // 1024**2} MiB", "is it the configuration?", file
            )
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"), None
    except UnicodeDecodeError as error:
        return "", Problem(f"byte {error.start}", "the file is not UTF-8", "save it as UTF-8", file)
    except FileNotFoundError:
        return "", Problem(settings.CONFIG, f"there is no file {file}", hint)
    except OSError as error:
        return "", Problem(settings.CONFIG, f"{file} cannot be read: {error.strerror}", hint)


def _entries(raw: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """Return the entries of an array of tables; what is no table has been reported and stands as an empty one."""
    entries = raw.get(table)
    if not isinstance(entries, list):
        return []
    return [cast("dict[str, Any]", each) if isinstance(each, dict) else {} for each in cast("list[Any]", entries)]


def _organization_names(raw: dict[str, Any]) -> list[str]:
    return [each["name"] for each in _entries(raw, "organizations") if isinstance(each.get("name"), str)]


def _check_names(reader: Reader, raw: dict[str, Any]) -> None:
    for table, key in (("organizations", "name"), ("organizations", "url"), ("routes", "name")):
        seen: dict[str, int] = {}
        for index, entry in enumerate(_entries(raw, table)):
            value = entry.get(key)
            if not isinstance(value, str):
                continue
            same = organization_url(value) if key == "url" else value.lower()
            if same in seen:
                message = f"`{value}` is that of {table}[{seen[same]}] too"
                reader.report(f"{table}[{index}].{key}", message, f"each {key} once")
            seen.setdefault(same, index)


def _check_references(reader: Reader, raw: dict[str, Any]) -> None:
    for place, table, name in reader.references:
        declared = _declared(raw, table)
        if declared is not None and name not in declared:
            hint = suggestion(name, sorted(declared)) if declared else f"the file has no {table}"
            reader.report(place, f"`{name}` is none of the {table}", hint)


def _declared(raw: dict[str, Any], table: str) -> set[str] | None:
    """Return the names of a table; None when they cannot all be known, which then is the only problem to report."""
    entries = raw.get(table)
    if table == "organizations":
        names = _organization_names(raw)
        return set(names) if names and len(names) == len(_entries(raw, table)) else None
    if entries is None:
        return None if set(raw) - {field.name for field in msgspec.structs.fields(Document)} else set()
    return set(cast("dict[str, Any]", entries)) if isinstance(entries, dict) else None


def _merged(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return the problems with one for each connection that cannot be found, however many entries use it."""
    users: dict[str, list[str]] = {}
    for problem in problems:
        users.setdefault(problem.message, []).append(problem.key)
    merged: list[Problem] = []
    for problem in problems:
        first, *others = users[problem.message]
        if not others or not isinstance(problem, MissingConnection):
            merged.append(problem)
        elif problem.key == first:
            message = f"{problem.message}; also needed by {', '.join(others)}"
            merged.append(msgspec.structs.replace(problem, message=message))
    return tuple(merged)


def _readable_routes(raw: dict[str, Any], environ: Environ, *, offline: bool) -> tuple[Route, ...]:
    routes = Reader("", environ, offline=offline).read(inspect.type_info(tuple[Route, ...]), raw.get("routes", []), "")
    return () if routes is BAD else routes


def _configuration(document: Document, file: str) -> Configuration:
    return Configuration(
        organizations={
            each.name: msgspec.structs.replace(each, url=organization_url(each.url)) for each in document.organizations
        },
        sources=document.sources,
        routes=document.routes,
        targets=document.targets,
        cache=document.cache,
        routing=document.routing,
        delivery=document.delivery,
        journal=document.journal,
        health=document.health,
        status=document.status,
        registration=document.registration,
        entra=document.entra,
        clients=document.clients,
        file=file,
    )
