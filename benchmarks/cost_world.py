"""The app on a local host with its storage account behind a proxy: what an event asks of each service, counted.

Azurite stands behind the proxy, the host's own requests go through it too. Polls that bring nothing are left out: they
are what waiting costs, not what an event costs; so is what the host asks for itself (`azure-webjobs-*`).
"""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import httpx
from azure.core.exceptions import ResourceExistsError
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.storage.queue import BinaryBase64EncodePolicy, QueueClient

from emulation.azurite import Azurite
from emulation.functions_host import FunctionsHost
from emulation.receivers import Receivers
from emulation.service_bus import BrokerConfig, QueueConfig, ServiceBus
from emulation.tcp_proxy import Exchange, Exchanges, TcpProxy

ROOT = Path(__file__).parent.parent
ROUTES = (1, 3, 10)
QUIET = 0.5
WITHIN = 120.0
WORK = ("fno-link-events", "fno-link-retries")
# Polled often, so that a run takes no longer than it must: a poll that brings nothing is not counted.
QUICK = {
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.100",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
}
HEAD = """
[delivery]
retry_after = ["1s", "1s"]
[health]
schedule = "0 0 0 1 1 *"
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
[sources.http]
kind = "http"
organization = "contoso"
[sources.queue]
kind = "storage_queue"
organization = "contoso"
queue = "cost-in"
[sources.bus]
kind = "service_bus"
organization = "contoso"
queue = "cost-in"
[targets.hook]
kind = "webhook"
url = "%RECEIVERS%/hook"
[targets.bus]
kind = "service_bus"
queue = "cost-out"
"""


def configuration() -> str:
    """Write routes to one, three and ten queues, to a webhook and to Service Bus, each for events of its own type."""
    parts = [HEAD]
    parts += [
        f'[targets.out{number}]\nkind = "storage_queue"\nqueue = "cost-out{number}"' for number in range(max(ROUTES))
    ]
    taken = {f"To{count}BusinessEvent": [f"out{number}" for number in range(count)] for count in ROUTES}
    taken |= {"HookBusinessEvent": ["hook"], "BusBusinessEvent": ["bus"]}
    parts += [
        f'[[routes]]\nname = "{type_.lower()}-{target}"\nevent_types = ["{type_}"]\n'
        f'target = "{target}"\nrequires_link = false'
        for type_, targets in taken.items()
        for target in targets
    ]
    return "\n".join(parts)


type Cost = Mapping[str, float]


class CostWorld:
    """Everything that runs.

    Args:
        folder: For configuration and settings.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._exchanges = Exchanges()
        self.again = b""
        self._numbers = iter(range(5637611099, 10**12))
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:
            azurite = started.enter_context(Azurite())
            self.bus = started.enter_context(
                ServiceBus(BrokerConfig(queues=(QueueConfig(name="cost-in"), QueueConfig(name="cost-out"))))
            )
            self.receivers = started.enter_context(Receivers())
            ports = (azurite.ports.blob, azurite.ports.queue, azurite.ports.table)
            self._services = dict(zip(ports, ("blob", "queue", "table"), strict=True))
            proxy = started.enter_context(TcpProxy(*ports, exchanges=self._exchanges))
            self.storage = through = azurite.spare_account()
            for port, seen in zip(ports, proxy.ports, strict=True):
                through = through.replace(f":{port}/", f":{seen}/")
            settings = self._settings(through)
            self.host = started.enter_context(FunctionsHost(ROOT, env=QUICK, settings=settings, queue_lease=2))
            headers = {"x-functions-key": self.host.key}
            self.http = started.enter_context(httpx.Client(timeout=60, trust_env=False, headers=headers))
            self._exit = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def event(self, type_: str, **fields: object) -> bytes:
        """Make a business event of about 1 KB, newer than those before."""
        made = {
            "BusinessEventId": type_,
            "ControlNumber": next(self._numbers),
            "EventId": str(uuid.uuid4()).upper(),
            "EventTime": f"/Date({int(time.time() * 1000)})/",
            "LegalEntity": "usmf",
            "MajorVersion": 0,
            "Notes": "n" * 700,
            **fields,
        }
        return json.dumps(made).encode()

    def post(self, body: bytes) -> None:
        answer = self.http.post(f"{self.host.url}/api/events/http", content=body)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

    def put(self, *bodies: bytes) -> None:
        """Put events on the queue of the source of that kind, beside the proxy: those are the sender's requests."""
        encode = BinaryBase64EncodePolicy()
        with QueueClient.from_connection_string(self.storage, "cost-in", message_encode_policy=encode) as client:
            with suppress(ResourceExistsError):
                client.create_queue()
            for body in bodies:
                client.send_message(body)

    def send(self, body: bytes) -> None:
        """Send an event to the source on Service Bus."""
        with (
            ServiceBusClient.from_connection_string(self.bus.connection_string) as client,
            client.get_queue_sender("cost-in") as sender,
        ):
            sender.send_messages(ServiceBusMessage(body, content_type="application/json"))

    def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self.http.request(method, f"{self.host.url}/api/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def cost(self, act: Callable[[], object], events: int, executions: int) -> Cost:
        """Return what each event costs: requests by service and operation, executions.

        Args:
            act: Sends the events.
            events: How many.
            executions: How many executions there are at least when all is done.
        """
        self.settle()
        ran = self._ran()
        act()
        deadline = time.monotonic() + WITHIN
        while self._ran() - ran < executions:
            assert time.monotonic() < deadline, f"{self._ran() - ran} of {executions} executions"
            time.sleep(0.02)
        counted = Counter(self.settle())
        counted["executions"] = self._ran() - ran
        return {name: round(count / events, 3) for name, count in sorted(counted.items())}

    def settle(self) -> list[str]:
        """Wait until nothing is asked any more; return what was."""
        found: list[str] = []
        last = time.monotonic()
        while time.monotonic() - last < QUIET:
            if heard := [name for each in self._exchanges.take() if (name := operation(self._services, each))]:
                found += heard
                last = time.monotonic()
            time.sleep(0.02)
        return found

    def _ran(self) -> int:
        return self.host.log.count("Executed 'Functions.")

    def _settings(self, storage: str) -> Path:
        config, settings = self._folder / "fno-link.toml", self._folder / "local.settings.json"
        config.write_text(configuration())
        values = {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "FNO_LINK_CONFIG": str(config),
            "AzureWebJobsStorage": storage,
            "ServiceBus": self.bus.connection_string,
            "RECEIVERS": self.receivers.url("").rstrip("/"),
            "FNO_LINK_CONTOSO_CLIENT_ID": "0a1b2c3d-0000-4000-8000-00000000de40",
            "FNO_LINK_CONTOSO_CLIENT_SECRET": "secret",
        }
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
        return settings


def operation(services: Mapping[int, str], exchange: Exchange) -> str:
    """Name what was asked, as the services count it; empty for what is no event's.

    Returns:
        `queue.put`, `table.fnolinkjournal.batch`, `blob.fno-link-payloads.put` …
    """
    service = services[exchange.port]
    path, _, query = exchange.target.partition("?")
    parts = path.strip("/").split("/")[1:]
    thing = parts[0] if parts else ""
    comp = next((each for each in ("lease", "list", "batch") if f"comp={each}" in query), "")
    if thing.startswith("azure-webjobs-") or ("restype=container" in query and not comp):
        return ""  # the host's own; a container that is made once
    if service == "queue":
        return _of_queue(exchange, parts)
    if service == "table" and thing == "Tables":
        return ""  # made once
    if service == "table":
        name = thing.partition("(")[0].rstrip("0123456789wb") or thing
        return f"table.{'batch' if '$batch' in exchange.target else name}.{exchange.method.lower()}"
    return f"blob.{thing}.{comp or exchange.method.lower()}"


def _of_queue(exchange: Exchange, parts: list[str]) -> str:
    if len(parts) < 2:
        return ""  # the queue itself: made once, or asked how long it is
    match exchange.method:
        case "GET":
            return "queue.get" if b"<QueueMessage>" in exchange.begins else ""
        case "POST":
            return f"queue.put.{'work' if parts[0] in WORK else 'target'}"
        case method:
            return f"queue.{method.lower()}"
