"""Which functions run together, and what their number of replicas follows: as on Flex Consumption, a group each."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from integration.cli.deploy.scalers import Scaler, of_event_hub, of_queue, of_service_bus
from integration.config import Configuration
from integration.config.keys.function_names import function_name
from integration.config.keys.sources import EventHubSource, ServiceBusSource, StorageQueueSource
from integration.config.settings.settings import STORAGE, Environ
from integration.storage.names import EVENTS, RETRIES

EVERYWHERE = frozenset({"health", "warmup"})
"""Functions of every group: probes ask for health."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Functions that one Deployment runs.

    Args:
        name: Of it, behind the app's.
        runs: Its functions, those of every group apart.
        off: All others: they are disabled in it.
        scaler: What its replicas follow; None: they are fixed.
        least: Replicas that are always there.
        most: Replicas at the most.
    """

    name: str
    runs: tuple[str, ...]
    off: tuple[str, ...]
    scaler: Scaler | None = None
    least: int = 0
    most: int = 1


def groups_of(configuration: Configuration, environ: Environ) -> tuple[Group, ...]:
    """Divide the functions of an app.

    Args:
        configuration: A checked one.
        environ: The app settings by which it was checked.
    """
    kinds = dict(functions(environ))
    own = {
        "events": ("process_events", of_queue(environ, STORAGE, EVENTS)),
        # What is due later lies there invisibly: it asks for no replica yet.
        "retries": ("process_retries", of_queue(environ, STORAGE, RETRIES, visible_only=True)),
        **{f"source-{name}": each for name, each in _sources(configuration, environ)},
    }
    taken = {function for function, _ in own.values()}
    web = ("httpTrigger", "eventGridTrigger")
    http = tuple(name for name, kind in kinds.items() if kind in web and name not in EVERYWHERE)
    # Timers, and the poison queues, which are empty unless something is very wrong: one replica that is always there.
    timers = tuple(name for name, kind in kinds.items() if kind not in web and name not in taken | EVERYWHERE)

    def group(name: str, runs: tuple[str, ...], scaler: Scaler | None, least: int, most: int) -> Group:
        off = tuple(each for each in kinds if each not in EVERYWHERE.union(runs))
        return Group(name=name, runs=runs, off=off, scaler=scaler, least=least, most=most)

    processor = Scaler("cpu", {"value": "70"}, metric="Utilization")
    return (
        group("http", http, processor, 2, 10),
        group("timers", timers, None, 1, 1),
        # One is kept: an event that comes alone does not wait for a pod.
        *(group(name, (run,), scaler, int(name == "events"), 20) for name, (run, scaler) in own.items()),
    )


def functions(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name the functions that the app registers, with the kind of their triggers."""
    from integration.functions.app import build  # noqa: PLC0415 - no other command needs azure.functions

    for function in build(environ).get_functions():
        trigger: Any = function.get_trigger()
        yield str(function.get_function_name()), str(trigger.get_binding_name())


def _sources(configuration: Configuration, environ: Environ) -> Iterator[tuple[str, tuple[str, Scaler]]]:
    for name, source in configuration.sources.items():
        if not source.enabled:
            continue
        run = function_name("source", name)
        match source:
            case StorageQueueSource():
                yield name, (run, of_queue(environ, source.connection, source.queue))
            case ServiceBusSource():
                yield name, (run, of_service_bus(environ, source))
            case EventHubSource():
                yield name, (run, of_event_hub(environ, source))
            case _:
                pass  # over HTTP
