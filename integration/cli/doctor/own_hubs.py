"""Event Hubs and Event Grid: does the place answer? The rest nobody tells but to who reads or sends.

Sources: the pages "Azure Event Hubs - AMQP ports" (5671), "Authenticate publishing clients" of Event Grid (a key is
judged with an event), "Authorize access to Event Hubs resources using Microsoft Entra ID".
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from integration.cli.doctor.look import look_yourself
from integration.cli.doctor.ours import GRID_SOURCES, GRID_TARGETS, HUB_SOURCES
from integration.cli.doctor.step import Finding, Step, failed, skipped
from integration.config.keys.model import EventGridSource, EventGridTarget, EventHubSource
from integration.config.settings.connections import NAMESPACE, find_connection
from integration.config.settings.settings import Environ

if TYPE_CHECKING:
    import httpx

AMQP = 5671
WITHIN = 20.0
LOCAL = "usedevelopmentemulator=true"

type Knock = Callable[[str, int], Awaitable[None]]
"""Opens a TLS connection to a host and port, and closes it; raises OSError or TimeoutError."""


async def knock(host: str, port: int) -> None:
    """Open a TLS connection, and close it.

    Args:
        host: The host.
        port: Its port.

    Raises:
        OSError: There is no such host, nobody answers, or TLS fails.
        TimeoutError: Nobody answers in time.
    """
    async with asyncio.timeout(WITHIN):
        _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
        writer.close()


async def judge_hubs(sources: Sequence[EventHubSource], environ: Environ, knocking: Knock = knock) -> Finding:
    """Find out whether the namespace of each source answers."""
    if not sources:
        return skipped(HUB_SOURCES, "no source reads Event Hubs")
    said = {each.name: await _namespace(each.connection, environ, knocking) for each in sources}
    hubs = ", ".join(f"{each.event_hub} ({each.consumer_group})" for each in sources)
    return _judged(HUB_SOURCES, said, f"the namespace answers; who may read {hubs} is told to who reads alone")


async def _namespace(connection: str, environ: Environ, knocking: Knock) -> str:
    host = namespace_of(connection, environ)
    if not host:
        return ""
    name, _, port = host.partition(":")
    return await _answers(knocking(name, int(port or AMQP)), host)


def namespace_of(connection: str, environ: Environ) -> str:
    """Return the host of a namespace, with its port where it names one; empty: a local emulator.

    Args:
        connection: What the configuration calls `connection`.
        environ: The app settings.
    """
    found = find_connection(environ, connection, NAMESPACE)
    if found is None or LOCAL in found.string.lower():
        return ""
    if not found.string:
        return found.address
    for part in found.string.split(";"):
        key, _, value = part.partition("=")
        if key.strip().lower() == "endpoint":
            return value.partition("://")[2].strip("/ ")
    return ""


async def judge_topics(targets: Sequence[EventGridTarget], http: "httpx.AsyncClient") -> Finding:
    """Find out whether the topic of each target answers."""
    if not targets:
        return skipped(GRID_TARGETS, "no target is an Event Grid topic")
    said = {each.name: await _answers(_get(http, each.endpoint), each.endpoint) for each in targets}
    return _judged(GRID_TARGETS, said, "the topic answers; whether it takes our events it tells of an event alone")


async def _get(http: "httpx.AsyncClient", url: str) -> None:
    import httpx  # noqa: PLC0415 - only where there is a topic

    try:
        await http.get(url, timeout=WITHIN)
    except httpx.TimeoutException as error:
        raise TimeoutError from error
    except httpx.HTTPError as error:
        cause = error.__cause__
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__ or cause.__context__
        raise cause or OSError(str(error)) from error


def judge_subscriptions(sources: Sequence[EventGridSource]) -> Finding:
    """Say that each source's subscription is to be looked at."""
    if not sources:
        return skipped(GRID_SOURCES, "no source is of Event Grid")
    named = ", ".join(each.name for each in sources)
    return look_yourself(GRID_SOURCES, f"the subscriptions of {named} are told to who manages them")


async def _answers(question: Awaitable[None], where: str) -> str:
    """Ask; return what is wrong, or nothing."""
    try:
        await question
    except TimeoutError:
        return f"? {where} did not answer within {WITHIN:g} s"
    except socket.gaierror:
        return f"there is no host {where}"
    except ssl.SSLError as error:
        return f"{where}: TLS fails: {error}"
    except OSError as error:
        return f"? {where} did not answer: {error.strerror or error or type(error).__name__}"
    return ""


def _judged(step: Step, said: Mapping[str, str], told: str) -> Finding:
    wrong = {name: each for name, each in said.items() if each}
    if not wrong:
        return look_yourself(step, told)
    silent = all(each.startswith("? ") for each in wrong.values())
    listed = "; ".join(f"{name}: {each.removeprefix('? ')}" for name, each in wrong.items())
    return failed(step, listed, verdict="unknown" if silent else "fail")
