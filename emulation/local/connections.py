"""Connections of one's configuration: which of them the local world answers for.

Nothing here leads off this machine: a setting that names an account or a namespace in Azure is replaced for as long as
the world stands, so that no test message reaches what a company runs on. Sources: the pages "Configure connections in
Azure Functions" (`NAME`, `AzureWebJobsNAME`, `NAME__property`) and "Configure Azure Storage connection strings".
"""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from emulation.local.document import Document

STORAGE = "AzureWebJobsStorage"
DEVELOPMENT = "UseDevelopmentStorage=true"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULTS = {"service_bus": "ServiceBus", "storage_queue": STORAGE, "event_hub": "EventHub"}
_PORTS = {"sb": 5671, "https": 443, "http": 80}
_EMULATORS = 5672

type Answers = Callable[[str, int], bool]
"""Whether somebody listens on a port of this machine."""


def names(document: Document, kind: str, settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the connections that sources and targets of a kind use, each once.

    Args:
        document: The configuration.
        kind: `service_bus`, `storage_queue` or `event_hub`.
        settings: All that are set or made up.
    """
    entries = (each for table in ("sources", "targets") for each in document.at_work(table, kind, settings))
    return tuple(dict.fromkeys(each.text("connection", settings, _DEFAULTS[kind]) for each in entries))


def connection_of(fields: Mapping[str, object], kind: str) -> str:
    """Return the connection that an entry names, as written."""
    return str(fields.get("connection", _DEFAULTS[kind]))


def setting_of(connection: str, settings: Mapping[str, str]) -> str:
    """Return the setting that a connection is read from first, so that what stands there is what counts."""
    longer = f"AzureWebJobs{connection}"
    if connection.startswith("AzureWebJobs"):
        return connection
    return longer if any(name == longer or name.startswith(f"{longer}__") for name in settings) else connection


def stays(connection: str, settings: Mapping[str, str], answers: Answers) -> bool:
    """Tell whether a connection is set to something on this machine that answers."""
    value = settings.get(setting_of(connection, settings), "")
    addresses = tuple(_addresses(value))
    return bool(addresses) and all(host in LOOPBACK and answers(host, port) for host, port in addresses)


def is_set(connection: str, settings: Mapping[str, str]) -> bool:
    """Tell whether a connection is set at all."""
    longer = {connection, f"AzureWebJobs{connection}"}
    return any(value.strip() and name.partition("__")[0] in longer for name, value in settings.items())


def on_this_machine(url: str) -> tuple[str, int] | None:
    """Return host and port of a URL that leads to this machine; None: it does not, or is no URL."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return (host, port) if host in LOOPBACK else None


def _addresses(value: str) -> Iterator[tuple[str, int]]:
    """Yield host and port of each endpoint that a connection string names."""
    for part in value.split(";"):
        name, _, address = part.partition("=")
        if not name.strip().lower().endswith("endpoint"):
            continue
        try:
            url = urlsplit(address.strip())
            port = url.port or (_EMULATORS if "UseDevelopmentEmulator=true" in value else _PORTS.get(url.scheme, 0))
        except ValueError:
            yield "", 0
            continue
        yield url.hostname or "", port
