"""Look at our own side: what lies in the app's folder and in the app settings."""

import tomllib
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

from integration.cli.doctor import ours
from integration.cli.doctor.host_json import judge_host_json
from integration.cli.doctor.own_broker import judge_sources, judge_targets
from integration.cli.doctor.own_hubs import judge_hubs, judge_subscriptions, judge_topics
from integration.cli.doctor.own_queues import judge_queue_sources, judge_queue_targets
from integration.cli.doctor.own_settings import judge_settings, wanted_by
from integration.cli.doctor.own_storage import judge_poison, judge_rights, judge_storage
from integration.cli.doctor.package.meant import meant_by
from integration.cli.doctor.step import CONFIGURATION, Finding, Step, failed, skipped
from integration.clock import SystemClock
from integration.config import Configuration, locate
from integration.config.keys.model import (
    EventGridSource,
    EventGridTarget,
    EventHubSource,
    ServiceBusSource,
    ServiceBusTarget,
    StorageQueueSource,
    StorageQueueTarget,
)
from integration.config.reading.loading import app_folder
from integration.config.settings.connections import NAMESPACE, PROPERTIES, find_connection
from integration.config.settings.settings import STORAGE, Environ
from integration.dataverse import open_http_client
from integration.delivery.targets.service_bus import Namespaces
from integration.identity import AppIdentity
from integration.identity.managed import may_be_managed
from integration.storage import Storage

ELSEWHERE = "it is reached with a managed identity, which exists in Azure alone: run the doctor there"
HOST_FILE = "host.json"
ELSE = (ours.QUEUE_SOURCES, ours.QUEUE_TARGETS, ours.HUB_SOURCES, ours.GRID_SOURCES, ours.GRID_TARGETS)

type Connected = ServiceBusSource | ServiceBusTarget | StorageQueueSource | StorageQueueTarget
"""What says by `connection` where it is."""


def without_configuration() -> tuple[Finding, ...]:
    """Return that nothing of our own was looked at, since a URL alone was given."""
    return tuple(skipped(step, "a URL says nothing of our own side") for step in ours.STEPS)


def unreadable() -> tuple[Finding, ...]:
    """Return that nothing of our own was looked at, since the configuration cannot be read."""
    return tuple(skipped(step, "the configuration cannot be read", CONFIGURATION) for step in ours.STEPS)


async def look(environ: Environ, configuration: Configuration | None, *, sound: bool) -> tuple[Finding, ...]:
    """Look at everything.

    Args:
        environ: The app settings.
        configuration: As much of it as can be read; None: nothing can.
        sound: Whether the configuration has no problem, so that what it names can be asked.
    """
    if configuration is None:
        return unreadable()
    found = (_settings(environ), _host_json(app_folder(environ), configuration if sound else None))
    async with AsyncExitStack() as opened:
        identity = _identities(opened)
        stored = await _storage(environ, configuration, identity, opened)
        found = (*found, *stored, *await _service_bus(environ, configuration, identity, opened, sound=sound))
        if not sound:
            return (*found, *(skipped(step, "the configuration has problems", CONFIGURATION) for step in ELSE))
        return (*found, *await _others(environ, configuration, identity, opened))


def _identities(opened: AsyncExitStack) -> Callable[[str], AppIdentity]:
    @cache
    def identity(client_id: str) -> AppIdentity:
        made = AppIdentity(client_id)
        opened.push_async_callback(made.close)
        return made

    return identity


async def _storage(
    environ: Environ, configuration: Configuration, identity: Callable[[str], AppIdentity], opened: AsyncExitStack
) -> tuple[Finding, ...]:
    steps = (ours.STORAGE, ours.STORAGE_RIGHTS, ours.POISON)
    found = find_connection(environ, STORAGE)
    if found is None:
        return tuple(skipped(step, f"{STORAGE} is not set", ours.APP_SETTINGS) for step in steps)
    if not found.string and not may_be_managed(environ):
        return tuple(skipped(step, ELSEWHERE) for step in steps)
    storage = Storage(environ, identity)
    opened.push_async_callback(storage.close)
    answering = await judge_storage(storage)
    rights = await judge_rights(storage)
    if answering.verdict != "pass":
        return answering, rights, skipped(ours.POISON, "the account does not answer", ours.STORAGE)
    return answering, rights, await judge_poison(storage, configuration.sources, SystemClock())


async def _service_bus(
    environ: Environ,
    configuration: Configuration,
    identity: Callable[[str], AppIdentity],
    opened: AsyncExitStack,
    *,
    sound: bool,
) -> tuple[Finding, ...]:
    steps = (ours.BUS_SOURCES, ours.BUS_TARGETS)
    if not sound:
        return tuple(skipped(step, "the configuration has problems", CONFIGURATION) for step in steps)
    namespaces = Namespaces(environ, identity)
    opened.push_async_callback(namespaces.close)
    sources = [each for each in configuration.sources.values() if isinstance(each, ServiceBusSource) and each.enabled]
    targets = [each for each in configuration.targets.values() if isinstance(each, ServiceBusTarget) and each.enabled]
    return (
        _away(ours.BUS_SOURCES, sources, environ) or await judge_sources(namespaces, sources),
        _away(ours.BUS_TARGETS, targets, environ) or await judge_targets(namespaces, targets),
    )


async def _others(
    environ: Environ, configuration: Configuration, identity: Callable[[str], AppIdentity], opened: AsyncExitStack
) -> tuple[Finding, ...]:
    storage = Storage(environ, identity)
    opened.push_async_callback(storage.close)
    http = await opened.enter_async_context(open_http_client())
    sources = [each for each in configuration.sources.values() if each.enabled]
    targets = [each for each in configuration.targets.values() if each.enabled]
    read = [each for each in sources if isinstance(each, StorageQueueSource)]
    written = [each for each in targets if isinstance(each, StorageQueueTarget)]
    return (
        _away(ours.QUEUE_SOURCES, read, environ, PROPERTIES) or await judge_queue_sources(storage, read),
        _away(ours.QUEUE_TARGETS, written, environ, PROPERTIES) or await judge_queue_targets(storage, written),
        await judge_hubs([each for each in sources if isinstance(each, EventHubSource)], environ),
        judge_subscriptions([each for each in sources if isinstance(each, EventGridSource)]),
        await judge_topics([each for each in targets if isinstance(each, EventGridTarget)], http),
    )


def _away(
    step: Step, places: Sequence[Connected], environ: Environ, properties: Sequence[str] = NAMESPACE
) -> Finding | None:
    """Skip a step where an identity is needed and there can be none."""
    away = [each.name for each in places if _by_identity(environ, each.connection, properties)]
    if not away or may_be_managed(environ):
        return None
    return skipped(step, f"{', '.join(away)}: {ELSEWHERE}")


def _by_identity(environ: Environ, connection: str, properties: Sequence[str]) -> bool:
    found = find_connection(environ, connection, properties)
    return found is not None and not found.string


def _settings(environ: Environ) -> Finding:
    document: dict[str, Any] = tomllib.loads(locate(environ).read_text("utf-8-sig"))
    return judge_settings(wanted_by(document, environ), environ)


def _host_json(folder: Path, configuration: Configuration | None) -> Finding:
    try:
        text = (folder / HOST_FILE).read_text("utf-8-sig")
    except FileNotFoundError:
        return skipped(ours.HOST_JSON, f"there is none in {folder}, which is not the app's folder")
    except (OSError, ValueError) as error:
        return failed(ours.HOST_JSON, f"it cannot be read: {error}")
    return judge_host_json(text, (each.name for each in meant_by(configuration)) if configuration else ())
