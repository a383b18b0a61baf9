"""host.json: the host's own settings. Page "host.json reference for Azure Functions 2.x and later"."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from emulation.functions_host import timespan
from emulation.functions_host.errors import HostError

OVERRIDE = "AzureFunctionsJobHost__"


class Http(msgspec.Struct, frozen=True, rename="camel"):
    """`extensions.http`; -1 is without limit, as where the app has an instance of its own."""

    route_prefix: str = "api"
    max_outstanding_requests: int = -1
    max_concurrent_requests: int = -1


class Queues(msgspec.Struct, frozen=True, rename="camel"):
    """`extensions.queues`, with the documented defaults."""

    batch_size: int = 16
    new_batch_threshold: int | None = None
    max_dequeue_count: int = 5
    max_polling_interval: str = "00:01:00"
    visibility_timeout: str = "00:00:00"
    message_encoding: Literal["base64", "none"] = "base64"

    @property
    def threshold(self) -> int:
        """The number of messages in work at which the next batch is fetched; half the batch by default."""
        return self.batch_size // 2 if self.new_batch_threshold is None else self.new_batch_threshold


class ServiceBus(msgspec.Struct, frozen=True, rename="camel"):
    """`extensions.serviceBus`, with the documented defaults of version 5."""

    prefetch_count: int = 0
    auto_complete_messages: bool = True
    max_concurrent_calls: int = 16
    max_concurrent_sessions: int = 8
    max_auto_lock_renewal_duration: str = "00:05:00"
    session_idle_timeout: str = "00:01:00"


class Extensions(msgspec.Struct, frozen=True, rename="camel"):
    """`extensions`."""

    http: Http = Http()
    queues: Queues = Queues()
    service_bus: ServiceBus = ServiceBus()


class HostJson(msgspec.Struct, frozen=True, rename="camel"):
    """What this host reads of host.json; other keys belong to the real one."""

    version: Literal["2.0"]
    function_timeout: str = "00:30:00"
    extensions: Extensions = Extensions()

    @property
    def timeout(self) -> float | None:
        """Longest run of one invocation in seconds; None is without limit."""
        return None if self.function_timeout == "-1" else timespan.seconds(self.function_timeout)


def read(folder: Path, settings: Mapping[str, str]) -> HostJson:
    """Read host.json, overridden by settings `AzureFunctionsJobHost__path__to__value` as in Azure.

    Raises:
        HostError: The file is missing or wrong.
    """
    path = folder / "host.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
        for name, value in settings.items():
            if name.lower().startswith(OVERRIDE.lower()):
                _override(content, name[len(OVERRIDE) :].split("__"), value)
        host_json = msgspec.convert(content, HostJson, strict=False)
        queues, bus = host_json.extensions.queues, host_json.extensions.service_bus
        for span in (
            queues.max_polling_interval,
            queues.visibility_timeout,
            bus.max_auto_lock_renewal_duration,
            bus.session_idle_timeout,
        ):
            timespan.seconds(span)
        _ = host_json.timeout
    except FileNotFoundError as error:
        msg = f"{path} is missing: a function app needs one, at least {{'version': '2.0'}}."
        raise HostError(msg) from error
    except ValueError as error:
        msg = f"{path} is wrong: {error}"
        raise HostError(msg) from error
    return host_json


def _override(content: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        content = content.setdefault(_present(content, part), {})
    content[_present(content, path[-1])] = value


def _present(content: dict[str, Any], name: str) -> str:
    return next((key for key in content if key.lower() == name.lower()), name)
