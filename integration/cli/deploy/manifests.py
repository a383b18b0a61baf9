"""The manifests as text: a template, filled with what follows from the configuration."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from integration.cli.deploy.groups import Group
from integration.config import Configuration
from integration.config.keys.sources import EventHubSource, ServiceBusSource
from integration.config.settings import settings
from integration.config.settings.connections import NAMESPACE, PROPERTIES, Connection, find_connection
from integration.config.settings.settings import Environ
from integration.config.settings.substitution import PARTS

TEMPLATE = Path(__file__).with_name("kubernetes.yaml")
MOUNTED = "/home/site/configuration"
_FILE = "fno-link.toml"
_COMMENT = re.compile(r"(?m)^\s*#.*$")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it runs.

    Args:
        image: With its tag.
        namespace: Of Kubernetes.
        identity: Client id of the workload identity; empty: there is none.
    """

    image: str
    namespace: str
    identity: str


def manifests(groups: Sequence[Group], configuration: Configuration, text: str, environ: Environ, place: Place) -> str:
    """Write the manifests.

    Args:
        groups: What is deployed.
        configuration: The checked configuration.
        text: Its file.
        environ: The app settings by which it was checked.
        place: Where it runs.

    Returns:
        YAML, one document after the other.
    """
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only this command needs it

    plain = dict(plain_settings(configuration, environ, place.identity))
    env = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - YAML
    env.filters["json"] = lambda value: msgspec.json.encode(value).decode()
    return env.from_string(TEMPLATE.read_text("utf-8")).render(
        place=place,
        groups=groups,
        settings=plain,
        secrets=sorted(set(secret_settings(configuration, text, environ)) - set(plain)),
        file=_FILE,
        mounted=MOUNTED,
        text=text,
        digest=hashlib.sha256(repr((text, sorted(plain.items()))).encode()).hexdigest(),
        by_identity=any(group.scaler.by_identity for group in groups if group.scaler),
    )


def plain_settings(configuration: Configuration, environ: Environ, identity: str) -> Iterator[tuple[str, str]]:
    """Yield the app settings that are no secrets: where things are, and who asks."""
    yield settings.CONFIG, f"{MOUNTED}/{_FILE}"
    if limit := environ.get(settings.BODY_LIMIT, ""):
        yield settings.BODY_LIMIT, limit
    for organization in configuration.organizations:
        name = settings.of_organization(settings.CLIENT_ID, organization)
        if environ.get(name):
            yield name, environ[name]
    for found in connections(configuration, environ):
        if found.string:
            continue
        for each in PROPERTIES:
            name = f"{found.prefix}__{each}"
            if environ.get(name):
                yield name, environ[name]
        yield f"{found.prefix}__credential", "workloadidentity"
        if found.client_id or identity:
            yield f"{found.prefix}__clientId", found.client_id or identity


def secret_settings(configuration: Configuration, text: str, environ: Environ) -> Iterator[str]:
    """Yield the names of what the Secret has to hold: connection strings, credentials, whatever the file asks for."""
    yield from (found.prefix for found in connections(configuration, environ) if found.string)
    for organization in configuration.organizations:
        for setting in (settings.CLIENT_SECRET, settings.CLIENT_CERTIFICATE, settings.CLIENT_CERTIFICATE_PASSWORD):
            name = settings.of_organization(setting, organization)
            if environ.get(name):
                yield name
    yield from (found[1] for found in PARTS.finditer(_COMMENT.sub("", text)) if found[1])


def connections(configuration: Configuration, environ: Environ) -> Iterator[Connection]:
    """Yield the connections that the configuration uses, that of the app itself first."""
    named: dict[str, tuple[str, ...]] = {settings.STORAGE: PROPERTIES}
    for each in (*configuration.sources.values(), *configuration.targets.values()):
        if each.enabled and isinstance(connection := getattr(each, "connection", None), str):
            bus = isinstance(each, ServiceBusSource | EventHubSource) or "service_bus" in type(each).__name__.lower()
            named.setdefault(connection, NAMESPACE if bus else PROPERTIES)
    for connection, properties in named.items():
        found = find_connection(environ, connection, properties)
        if found is not None:
            yield found
