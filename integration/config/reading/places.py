"""Where sources read and targets send: who reads the same, and what comes back in a loop."""

from collections.abc import Iterator

from integration.config.keys.model import (
    Configuration,
    EventHubSource,
    ServiceBusSource,
    ServiceBusTarget,
    Source,
    StorageQueueSource,
    StorageQueueTarget,
    Target,
)
from integration.errors import Problem


def place_problems(configuration: Configuration) -> Iterator[Problem]:
    """Report what two sources read, and enabled routes to targets that are switched off."""
    for index, route in enumerate(configuration.routes):
        if route.enabled and not configuration.targets[route.target].enabled:
            yield Problem(
                f"routes[{index}].target",
                f"targets.{route.target} is switched off",
                "switch the route off too, or the target on",
                configuration.file,
            )
    seen: dict[tuple[str, ...], str] = {}
    for name, source in configuration.sources.items():
        place = _place_of(source)
        if place is None or not source.enabled:
            continue
        if place in seen:
            yield Problem(
                f"sources.{name}.{_KEYS[type(source)]}",
                f"`{place[-1]}` is read by sources.{seen[place]} too",
                "each message would reach only one of the two; give each source its own",
                configuration.file,
            )
        seen.setdefault(place, name)


def _place_of(source: Source) -> tuple[str, ...] | None:
    """Return what a source reads, comparable; None where senders come to it."""
    match source:
        case StorageQueueSource():
            return ("storage", source.connection, source.queue)
        case ServiceBusSource():
            entity = (source.queue or f"{source.topic}/Subscriptions/{source.subscription}").lower()
            return ("service_bus", source.connection, entity)
        case EventHubSource():
            return ("event_hub", source.connection, source.event_hub.lower(), source.consumer_group.lower())
        case _:
            return None


def place_warnings(configuration: Configuration) -> Iterator[Problem]:
    """Warn of targets that nobody sends to, and of those that a source reads: a loop."""
    read: dict[tuple[str, ...], str] = {}
    for name, source in configuration.sources.items():
        if source.enabled and (place := _filled_from(source)):
            read[place] = name
    used = {route.target for route in configuration.routes if route.enabled}
    for name, target in configuration.targets.items():
        if not target.enabled:
            continue
        if name not in used:
            yield Problem(f"targets.{name}", "no enabled route sends to it", "", configuration.file)
        sent = _sends_to(target)
        if sent in read:
            yield Problem(
                f"targets.{name}.{'queue' if getattr(target, 'queue', '') else 'topic'}",
                f"`{sent[-1]}` is read by sources.{read[sent]}: deliveries come back as events",
                "use another one unless a loop is meant and a filter ends it",
                configuration.file,
            )


def _filled_from(source: Source) -> tuple[str, ...] | None:
    """Return where what a source reads is sent to: for a subscription its topic."""
    if isinstance(source, ServiceBusSource):
        return ("service_bus", source.connection, (source.queue or source.topic).lower())
    return _place_of(source)


def _sends_to(target: Target) -> tuple[str, ...]:
    match target:
        case StorageQueueTarget():
            return ("storage", target.connection, target.queue)
        case ServiceBusTarget():
            return ("service_bus", target.connection, (target.queue or target.topic).lower())
        case _:
            return ()


_KEYS: dict[type, str] = {StorageQueueSource: "queue", ServiceBusSource: "queue", EventHubSource: "event_hub"}
