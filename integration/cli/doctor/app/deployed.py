"""Ask an app that is deployed: all of its steps, in their order."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from integration.cli.doctor.app.asking import Asking, Reply
from integration.cli.doctor.app.intakes import Door, judge_intake
from integration.cli.doctor.app.judging import judge_app, judge_health, judge_https, judge_version, plain_address
from integration.cli.doctor.app.keys import Opened, judge_key
from integration.cli.doctor.app.steps import APP, HEALTH, HTTPS, INTAKE, KEY, STEPS, VERSION
from integration.cli.doctor.step import CONFIGURATION, Finding, skipped
from integration.cli.remote import App, legible
from integration.config import Configuration
from integration.config.keys.model import HttpSource
from integration.config.settings import settings
from integration.config.settings.settings import Environ
from integration.version import VERSION as OURS

NOT_ASKED = "`--app` names none"
DETAILS = "health_details"
AT_ONCE = 4
"""Requests at a time: an app that is asked for the first time is cold."""


def without_app() -> tuple[Finding, ...]:
    """Return that no app was asked, since none was named."""
    return tuple(skipped(step, NOT_ASKED) for step in STEPS)


class _Keys(NamedTuple):
    given: str
    senders: Mapping[str, str]


async def look(app: App, environ: Environ, configuration: Configuration | None) -> tuple[Finding, ...]:
    """Ask an app.

    Args:
        app: Its address.
        environ: The app settings of here, with the keys.
        configuration: The one of here, which names the sources; None: there is none.
    """
    sources = _sources(configuration)
    keys = _Keys(environ.get(settings.KEY, ""), _senders(sources, environ))
    async with app.client() as client:
        asking = Asking(app, client)
        health = await asking.get("/api/health")
        found = judge_app(health)
        if found.verdict != "pass":
            rest = (HTTPS, HEALTH, KEY, VERSION, INTAKE)
            return found, *(skipped(step, "the app does not answer as fno-link does", APP) for step in rest)
        address = plain_address(asking.base)
        clear = await asking.ask("GET", f"{address}/api/health", "") if address else None
        opened = await _opened(asking, keys.given, next(iter(sources), "")) if keys.given else None
        doors = await _doors(asking, keys, sources)
    details = details_of(opened)
    return (
        found,
        judge_https(asking.base, clear),
        judge_health(health, details),
        judge_key(opened) if opened else skipped(KEY, f"{settings.KEY} is not set"),
        judge_version(details, OURS) if opened else skipped(VERSION, f"{settings.KEY} is not set", KEY),
        judge_intake(doors) if configuration else skipped(INTAKE, "no configuration names the sources", CONFIGURATION),
    )


def details_of(opened: Opened | None) -> Reply | None:
    """Return the details of the app's health; None: the key does not open them.

    Args:
        opened: What the key opens; None: there is no key.
    """
    reply = opened.operations.get(DETAILS) if opened else None
    return reply if reply is not None and reply.content.get("status") else None


def _sources(configuration: Configuration | None) -> Mapping[str, HttpSource]:
    if configuration is None:
        return {}
    return {
        name: source
        for name, source in configuration.sources.items()
        if isinstance(source, HttpSource) and source.enabled
    }


def _senders(sources: Mapping[str, HttpSource], environ: Environ) -> Mapping[str, str]:
    """Return the key that each sender has, as far as it is known here."""
    found: dict[str, str] = {}
    for name, source in sources.items():
        setting = settings.of_source(settings.INTAKE_KEY, name)
        key = environ.get(setting, "")
        if not key and source.dataverse.authentication == "webhook_key":
            key = source.dataverse.key
        if key and "%" not in key:
            found[name] = legible(setting, key)
    return found


async def _opened(asking: Asking, key: str, source: str) -> Opened:
    # Imports azure.functions, which no other command needs: the table of the operations is there.
    from integration.functions.http import OPERATIONS  # noqa: PLC0415

    paths = {
        each.name: f"/api/{each.route}"
        for each in OPERATIONS
        if each.method == "GET" and "{" not in each.route and not each.anonymous
    }
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, path: str) -> Reply:
        async with limit:
            return await asking.get(path, key, idle=name != DETAILS)

    replies = await asyncio.gather(*(one(name, path) for name, path in paths.items()))
    return Opened(
        operations=dict(zip(paths, replies, strict=True)),
        without=await asking.get(paths[DETAILS]),
        master=await asking.get("/admin/host/status", key),
        intake=await asking.shake_hands(source, key) if source else None,
    )


async def _doors(asking: Asking, keys: _Keys, sources: Mapping[str, HttpSource]) -> Mapping[str, Door]:
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Door:
        own = keys.senders.get(name)
        async with limit:
            return Door(
                without=await asking.shake_hands(name),
                own=await asking.shake_hands(name, own) if own else None,
                elsewhere=await asking.get("/api/organizations", own, idle=True) if own else None,
                any=await asking.shake_hands(name, keys.given) if keys.given else None,
            )

    return dict(zip(sources, await asyncio.gather(*map(one, sources)), strict=True))
