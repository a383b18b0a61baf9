"""The app settings against what the configuration names and what the templates set; pure.

Sources: the pages "App settings reference for Azure Functions" (`AzureWebJobsStorage` and its identity-based forms) and
"Use Key Vault references as app settings".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from msgspec.structs import fields

from integration.cli.doctor.ours import APP_SETTINGS
from integration.cli.doctor.own_templates import template_doubts
from integration.cli.doctor.step import Finding, failed, passed, warned
from integration.config.keys.model import EventHubSource, ServiceBusSource, StorageQueueSource
from integration.config.reading.nearest import nearest
from integration.config.settings import settings
from integration.config.settings.connections import PROPERTIES, connection_fault
from integration.config.settings.settings import Environ
from integration.config.settings.substitution import KEY_VAULT, KEY_VAULT_HINT, is_unset, substitute

OURS = re.compile("FNO_LINK_[A-Z0-9_]+", re.IGNORECASE)
PYTHON = "python"
SUFFIXES = (*PROPERTIES, "clientId", "credential", "tenantId", "customEndpointAddress", "connectionVerify")
"""What may follow `<CONNECTION>__`: what fno-link reads, and what the Functions host does besides."""
DEVELOPMENT = "usedevelopmentstorage=true"

CONNECTIONS: Mapping[str, str] = {
    str(kind.__struct_config__.tag): next(each.default for each in fields(kind) if each.name == "connection")
    for kind in (StorageQueueSource, ServiceBusSource, EventHubSource)
}
"""What a source or target of each kind calls `connection` where it does not say."""


class Wanted(msgspec.Struct, frozen=True):
    """What a configuration asks of the app settings.

    Args:
        settings: What its strings name with `%SETTING%`, of entries that are not switched off.
        connections: What its sources and targets call `connection`; with sources AzureWebJobsStorage, too.
        organizations: The names of its organizations.
        sources: The names of its sources.
    """

    settings: tuple[str, ...]
    connections: tuple[str, ...]
    organizations: tuple[str, ...]
    sources: tuple[str, ...] = ()


def wanted_by(document: Mapping[str, Any], environ: Environ) -> Wanted:
    """Read what a configuration asks for.

    Args:
        document: fno-link.toml as it is written.
        environ: The app settings: an entry may be switched off by one.
    """
    strings, connections = dict[str, None](), dict[str, None]()
    if document.get("sources"):
        # What is accepted is kept there, and the host itself needs it.
        connections[settings.STORAGE] = None
    for text, is_connection in _strings(document, environ):
        done = substitute(text, environ)
        strings.update(dict.fromkeys(done.used))
        if is_connection and not done.unset and not done.unresolved and done.text:
            connections[done.text] = None
    listed = cast("Sequence[Any]", document.get("organizations") or ())
    members = [cast("dict[str, Any]", each) for each in listed if isinstance(each, dict)]
    names = [name for each in members if isinstance(name := each.get("name"), str)]
    sources = document.get("sources")
    named = tuple(cast("dict[str, Any]", sources)) if isinstance(sources, dict) else ()
    return Wanted(tuple(strings), tuple(connections), tuple(names), named)


def _strings(value: Any, environ: Environ, key: str = "") -> Iterator[tuple[str, bool]]:
    if isinstance(value, str):
        yield value, key == "connection"
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _strings(each, environ)
    elif isinstance(value, dict):
        entry = cast("dict[str, Any]", value)
        switch = entry.get("enabled", True)
        off = switch is False or is_unset(switch, environ)
        if off or (isinstance(switch, str) and substitute(switch, environ).text.strip().lower() == "false"):
            return
        kind = entry.get("kind")
        if "connection" not in entry and isinstance(kind, str) and kind in CONNECTIONS:
            yield CONNECTIONS[kind], True
        for name, each in entry.items():
            yield from _strings(each, environ, name)


def judge_settings(wanted: Wanted, environ: Environ) -> Finding:
    """Judge the app settings.

    Args:
        wanted: What the configuration asks for.
        environ: The app settings.
    """
    bad = [*_unresolved(environ), *_missing(wanted, environ), *_runtime(environ), *_storage_faults(environ)]
    doubtful = [*_unknown(wanted, environ), *_storage_doubts(environ), *template_doubts(environ, wanted.connections)]
    if any("Key Vault reference" in fault for fault in bad):
        return failed(
            APP_SETTINGS, "; ".join([*bad, *doubtful]), f"{APP_SETTINGS.todo} For references: {KEY_VAULT_HINT}."
        )
    if bad:
        return failed(APP_SETTINGS, "; ".join([*bad, *doubtful]))
    if doubtful:
        return warned(APP_SETTINGS, "; ".join(doubtful))
    count = len(wanted.settings) + len(wanted.connections)
    return passed(APP_SETTINGS, f"all {count} settings and connections that the configuration names are set")


def _unresolved(environ: Environ) -> Iterator[str]:
    for name, value in environ.items():
        if value.startswith(KEY_VAULT):
            yield f"the Key Vault reference in {name} is not resolved"


def _missing(wanted: Wanted, environ: Environ) -> Iterator[str]:
    for name in wanted.settings:
        if name not in environ:
            yield f"{name} is not set{_near(name, environ)}"
    for name in wanted.connections:
        fault = connection_fault(name, environ)
        # One that is a reference was told already.
        if fault and "Key Vault" not in fault:
            heads = [key.partition("__")[0] for key in environ]
            yield f"{fault}{_near(name, heads)}"


def _near(name: str, known: Sequence[str] | Environ) -> str:
    near = nearest(name, [each for each in known if each != name], 0.8)
    return f" (did you mean {near}, which is?)" if near else ""


def _runtime(environ: Environ) -> Iterator[str]:
    # Flex Consumption says it by the resource: the setting may be missing.
    runtime = environ.get(settings.WORKER_RUNTIME, "").strip()
    if runtime not in ("", PYTHON):
        yield f"{settings.WORKER_RUNTIME} is {runtime[:40]!r}, not {PYTHON}"


def _storage_faults(environ: Environ) -> Iterator[str]:
    string = environ.get(settings.STORAGE, "").strip()
    parts = {part.lower().partition("=")[0].strip() for part in string.split(";")}
    if string.replace(" ", "").lower().rstrip(";") == DEVELOPMENT:
        if environ.get(settings.HOSTNAME):
            yield f"{settings.STORAGE} is the emulator's, though this is an app in Azure"
    elif string and not string.startswith(KEY_VAULT):
        if not ({"accountname", "blobendpoint"} & parts):
            yield f"{settings.STORAGE} is no connection string: it names no account"
        elif not ({"accountkey", "sharedaccesssignature"} & parts):
            yield f"{settings.STORAGE} has neither AccountKey nor SharedAccessSignature"
    account = environ.get(f"{settings.STORAGE}__accountName", "").strip()
    if account and not re.fullmatch("[a-z0-9]{3,24}", account):
        yield f"{settings.STORAGE}__accountName is no account's name: {account[:80]!r}"


def _storage_doubts(environ: Environ) -> Iterator[str]:
    head = f"{settings.STORAGE}__"
    named = [name for name in environ if name.startswith(head) and environ[name].strip()]
    services = [f"{head}{service}ServiceUri" for service in ("blob", "queue", "table")]
    absent = [name for name in services if name not in named]
    if environ.get(settings.STORAGE, "").strip():
        if any(name in named for name in (f"{head}accountName", *services)):
            yield f"{settings.STORAGE} is set beside {head}…: the connection string is used"
    elif f"{head}accountName" not in named and len(absent) < len(services) and absent:
        yield f"without {', '.join(absent)} fno-link cannot use that service"


def _unknown(wanted: Wanted, environ: Environ) -> Iterator[str]:
    known = {
        settings.of_organization(each.name, name)
        for each in settings.SETTINGS
        for name in (*wanted.organizations, "")
        if "<CONNECTION>" not in each.name and (name or "<NAME>" not in each.name)
    }
    known |= {settings.of_source(settings.INTAKE_KEY, name) for name in wanted.sources}
    known |= {*wanted.settings, *wanted.connections}
    for name in environ:
        if OURS.fullmatch(name) and name not in known:
            near = nearest(name.upper(), known)
            yield f"{name} is no setting of fno-link{f': {near}?' if near else ''}"
    for connection in wanted.connections:
        for name in environ:
            prefix, _, suffix = name.partition("__")
            if suffix and prefix in (connection, f"AzureWebJobs{connection}") and suffix not in SUFFIXES:
                near = nearest(suffix, SUFFIXES)
                yield f"{name} is no property of a connection{f': {prefix}__{near}?' if near else ''}"
