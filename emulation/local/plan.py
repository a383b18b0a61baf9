"""What the local world must be for one configuration: decided here, started elsewhere."""

from collections.abc import Iterator, Mapping

import msgspec

from emulation.dynamics import World
from emulation.local import connections, dynamics, made_up
from emulation.local.clients import directory
from emulation.local.connections import STORAGE, Answers
from emulation.local.document import Document, settings_in
from emulation.local.entities import brokers
from emulation.local.home import Client
from emulation.local.made_up import MadeUp, Places
from emulation.service_bus import BrokerConfig

type Settings = Mapping[str, str]

_HUB = "Endpoint=sb://localhost;SharedAccessKeyName=local;SharedAccessKey=bG9jYWw=;"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is started.

    Args:
        settings: The app settings but for the connections of what is started here.
        made_up: Which of them nobody had set, or could not stay.
        world: The emulated Dynamics.
        brokers: The namespaces, by the setting that leads to each.
        storage: The settings that lead to Azurite, each to an account of its own; that of the app first.
        hubs: Sources on event hubs.
        clients: Who may show a token.
    """

    settings: dict[str, str]
    made_up: tuple[MadeUp, ...]
    world: World
    brokers: dict[str, BrokerConfig]
    storage: tuple[str, ...]
    hubs: tuple[str, ...]
    clients: tuple[Client, ...] = ()


def plan(document: Document, given: Settings, places: Places, known: Settings, answers: Answers) -> Plan:
    """Decide what the local world must be.

    Args:
        document: The configuration.
        given: The app settings of the environment and of local.settings.json.
        places: Where made-up addresses lead.
        known: Secrets that were made up before, by setting.
        answers: Whether somebody listens on a port of this machine.
    """
    invented = [*made_up.of_texts(document, given, places, known)]
    for organization in document.organizations:
        invented += made_up.client_of(organization.name, given, known)
    settings = {**given, **{each.name: each.value for each in invented}}
    if not settings.get("FUNCTIONS_WORKER_RUNTIME"):
        settings["FUNCTIONS_WORKER_RUNTIME"] = "python"
    invented += _moved(document, settings, places, answers)
    settings |= {each.name: each.value for each in invented}
    of_brokers: dict[str, BrokerConfig] = {}
    for connection, config in brokers(document, settings).items():
        if not connections.stays(connection, settings, answers):
            of_brokers[connections.setting_of(connection, settings)] = config
    accounts = dict.fromkeys((STORAGE, *connections.names(document, "storage_queue", settings)))
    hubs = connections.names(document, "event_hub", settings)
    for hub in hubs:
        name = connections.setting_of(hub, settings)
        replaced = connections.is_set(hub, settings)
        invented.append(MadeUp(name, _HUB, "event hubs are not played: fno-link send feeds events", replaced=replaced))
        settings[name] = _HUB
    callers = directory(document, settings, known)
    return Plan(
        settings=settings,
        made_up=tuple(invented),
        world=dynamics.world(document, settings, places.receivers, callers),
        brokers=of_brokers,
        storage=tuple(
            connections.setting_of(name, settings)
            for name in accounts
            if not connections.stays(name, settings, answers)
        ),
        hubs=tuple(each.name for each in document.at_work("sources", "event_hub", settings)),
        clients=callers.clients if callers else (),
    )


def _moved(document: Document, settings: Settings, places: Places, answers: Answers) -> Iterator[MadeUp]:
    """Lead webhooks to a receiver whose own, on this machine, does not answer."""
    for kind in ("webhook", "teams"):
        for target in document.at_work("targets", kind, settings):
            written = target.fields.get("url")
            names = settings_in(written) if isinstance(written, str) else ()
            if len(names) != 1 or written != f"%{names[0]}%":
                continue
            where = connections.on_this_machine(settings.get(names[0], ""))
            ours = (places.receivers, places.channel)
            if where is None or settings.get(names[0], "").startswith(ours) or answers(*where):
                continue
            url = places.channel if kind == "teams" else f"{places.receivers}/{target.name}"
            why = f"a receiver for the target {target.name}: nobody answers at port {where[1]}"
            yield MadeUp(names[0], url, why, secret=kind == "teams", replaced=True)
