"""What a running world says of itself, for `fno-link send` and for people."""

from collections.abc import Iterator, Mapping
from os import getpid

from emulation.local.connections import connection_of
from emulation.local.document import Document, Entry, settled
from emulation.local.home import Broker, Source, State
from emulation.local.world import LocalWorld

EVENT_GRID = "/runtime/webhooks/EventGrid"
STATUS = "status"
"""The function of the status page."""


def state_of(world: LocalWorld, document: Document) -> State:
    """Describe a world that runs.

    Args:
        world: The world.
        document: Its configuration.
    """
    settings = {**world.played.settings, **world.values}
    organizations = world.played.world.organizations
    return State(
        pid=getpid(),
        app=world.host.url,
        key=world.host.key,
        master_key=world.host.master_key,
        sources=tuple(_sources(world, document, settings)),
        organizations={each.name: each.id() for each in organizations},
        urls={each.name: each.base_url() for each in organizations},
        settings=str(world.settings_file),
        brokers=tuple(
            Broker(name, bus.connection_string, bus.control.url) for name, bus in world.brokers.running.items()
        ),
        control=f"http://127.0.0.1:{world.dynamics.ports['control']}",
        receivers=world.receivers.url("").rstrip("/"),
        receivers_control=world.receivers.control_url,
        clients=world.played.clients,
        proxy=world.dynamics.environ,
        status=next((each.get("url", "") for each in world.host.functions if each["name"] == STATUS), ""),
    )


def function_of(kind: str, source: str) -> str:
    """Return the name of the function that reads a source (docs/brokers.md, "Sources")."""
    return f"{'event_grid' if kind == 'event_grid' else 'source'}_{source.replace('-', '_')}"


def _sources(world: LocalWorld, document: Document, settings: Mapping[str, str]) -> Iterator[Source]:
    for each in document.sources:
        if not each.says("enabled", settings, default=True):
            continue
        kind = str(each.fields.get("kind", ""))
        organization = each.text("organization", settings)
        match kind:
            case "http":
                url = f"{world.host.url}/api/events/{each.name}"
                yield Source(name=each.name, kind=kind, organization=organization, url=url)
            case "event_grid":
                query = f"functionName={function_of(kind, each.name)}&code={world.host.event_grid_key}"
                url = f"{world.host.url}{EVENT_GRID}?{query}"
                yield Source(name=each.name, kind=kind, organization=organization, url=url)
            case "event_hub":
                url = f"{world.host.url}/admin/event-hubs/{function_of(kind, each.name)}"
                yield Source(name=each.name, kind=kind, organization=organization, url=url)
            case "service_bus" | "storage_queue":
                yield Source(
                    name=each.name,
                    kind=kind,
                    organization=organization,
                    connection=_connection(each, kind, settings),
                    queue=each.text("queue", settings),
                    topic=each.text("topic", settings),
                    sessions=each.says("sessions", settings, default=False),
                )
            case _:
                pass


def _connection(source: Entry, kind: str, settings: Mapping[str, str]) -> str:
    name = settled(connection_of(source.fields, kind), settings)
    return settings.get(f"AzureWebJobs{name}") or settings.get(name, "")
