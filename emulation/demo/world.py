"""The demo's world: Azurite, the emulated Dynamics, receivers and the functions host, on free ports."""

import base64
import json
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from emulation.app_folder import app_folder
from emulation.azurite import Azurite
from emulation.demo.changes import CUSTOM_API
from emulation.dynamics import App, Dynamics, FinanceOperationsLink, Organization, Secret, World
from emulation.failure import Failed
from emulation.fno_link import fno_link
from emulation.functions_host.process import FunctionsHost
from emulation.receivers import Receivers
from emulation.service_bus import Key, ServiceBus, load
from emulation.workflows.channel import Channel

ENTITIES = Path(__file__).parent / "service-bus.toml"
ORGANIZATION = "contoso"
# The organization that the sample messages come from; those of another one are refused.
ORGANIZATION_ID = "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10"
# The row that a message names whose content Dataverse removed for its size.
ACCOUNT_ID = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001"
HOME = "https://contoso.operations.dynamics.com"
ELSEWHERE = "https://contoso-new.operations.dynamics.com"
CLIENT_ID = "0a1b2c3d-0000-4000-8000-00000000de40"
# Who works in Dataverse; what the app itself changes there would be an echo.
COLLEAGUE = "0a1b2c3d-0000-4000-8000-00000000de41"
# Under these names Dataverse reaches the function app and the broker.
INTAKE_HOST = "fno-link-demo.azurewebsites.net"
NAMESPACE = "fno-link-demo.servicebus.windows.net"
WEBHOOK = "customers"
# The shipped configuration, and what a company with Microsoft Teams adds to it.
TEAMS = """
[targets.channel]
kind = "teams"
url = "%TEAMS_URL%"

[[routes]]
name = "alerts-to-the-channel"
event_types = ["fno-link.*"]
target = "channel"
"""
# What Dataverse sends to the sources `crm` (accounts, by a webhook) and `crm-bus` (contacts, by a topic); the command
# `fno-link register apply` makes it so, as it would for a customer.
WEBHOOK_SENDER = """
[sources.crm.dataverse]
key = "%CRM_KEY%"
messages = ["Update"]
tables = ["account"]
attributes = ["name", "creditlimit", "fax"]
images = [{ type = "pre", alias = "before", attributes = ["name", "creditlimit", "description"] }]

[[sources.crm.dataverse.steps]]
messages = ["Create", "Delete"]
tables = ["account"]

[[sources.crm.dataverse.steps]]
messages = ["Update"]
tables = ["account"]
attributes = ["telephone1"]
stage = "pre_operation"
mode = "sync"

[[sources.crm.dataverse.steps]]
messages = ["%CUSTOM_API%"]
"""
TOPIC_SENDER = """
[sources.crm-bus.dataverse]
key = "%CRM_BUS_KEY%"
key_name = "%CRM_BUS_KEY_NAME%"
namespace = "%CRM_BUS_NAMESPACE%"
messages = ["Create", "Delete"]
tables = ["contact"]

[[sources.crm-bus.dataverse.steps]]
messages = ["Update"]
tables = ["contact"]
attributes = ["firstname", "lastname"]
"""
FURTHER = """
[[organizations]]
name = "{name}"
url = "https://{name}.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
"""


class _Applied(msgspec.Struct, frozen=True):
    """What `fno-link register apply --json` says of an organization."""

    done: tuple[dict[str, Any], ...] = ()


class LocalWorld:
    """Everything that the demo runs, ready once entered.

    Args:
        say: Told what is being started.
        service_bus: Connection string of a namespace with the entities of service-bus.toml, empty; none given: a
            broker of its own.
        traced: Have a collector take the spans of host and app.
        further: Names of organizations beside contoso, each linked to an environment of its own.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        service_bus: str = "",
        *,
        traced: bool = False,
        further: Sequence[str] = (),
    ) -> None:
        self._say = say
        self.service_bus = service_bus
        self._foreign = bool(service_bus)
        self._traced = traced
        self._further = tuple(further)
        self._exit = ExitStack()
        self.webhook_secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        self._client_secret = secrets.token_urlsafe(24)
        self.colleague = (COLLEAGUE, secrets.token_urlsafe(24))
        self.send_key: tuple[str, str] | None = None
        self.registered = 0

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @property
    def log(self) -> str:
        """What the function app has written."""
        return self.host.log

    def urls(self) -> Iterator[tuple[str, str]]:
        """Name everything that can be looked at while the world stands."""
        yield "health", f"{self.host.url}/api/health"
        yield "the link", f"{self.host.url}/api/organizations/{ORGANIZATION}/link?code={self.host.key}"
        yield "intake", f"{self.host.url}/api/events/erp?code={self.host.key}"
        yield "storage", self.azurite.connection_string
        if not self._foreign:  # the key of another namespace is not ours to show
            yield "Service Bus", self.service_bus
        yield "Dynamics control", f"http://127.0.0.1:{self.dynamics.ports['control']}"
        yield "webhook receiver", self.receivers.url(WEBHOOK)

    def register(self) -> None:
        """Have `fno-link register apply` make in Dataverse what sends; `registered` is how many rows that were.

        Raises:
            Failed: It did not; what it said.
        """
        environ = {**self.dynamics.environ, "CRM_KEY": self.host.key}
        command = ["register", "apply", ORGANIZATION, "--app-url", f"https://{INTAKE_HOST}", "--json"]
        done = fno_link(command, self.configuration.parent, environ)
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()
            raise Failed("NotRegistered", f"fno-link register apply: {said}", "Report it with what it said.")
        [applied] = msgspec.json.decode(done.stdout, type=tuple[_Applied, ...])
        self.registered = len(applied.done)

    def _start(self) -> None:
        self._say("Azurite: storage queues, blobs and tables")
        self.azurite = self._exit.enter_context(Azurite())
        self._say("Entra, Dataverse and Finance & Operations, under their production names")
        self.dynamics = self._exit.enter_context(Dynamics(self._dynamics()))
        if not self._foreign:
            self._say("Service Bus: queues, sessions, a topic with filtered subscriptions")
            self.bus = self._exit.enter_context(ServiceBus(load(ENTITIES)))
            self.service_bus = self.bus.connection_string
            key = Key(name="dynamics-send", key=base64.b64encode(secrets.token_bytes(32)).decode(), rights=("send",))
            self.bus.control.create_key(key)
            self.send_key = (key.name, key.key)
            self.dynamics.control.set_site(NAMESPACE, f"amqp://127.0.0.1:{self.bus.port}")
        self._say("a webhook receiver")
        self.receivers = self._exit.enter_context(Receivers())
        self._say("a channel of Microsoft Teams, behind its workflow")
        self.channel = self._exit.enter_context(Channel())
        self._say("the function app, on Microsoft's Python worker: a process for each scaling group")
        settings = self._settings()
        self.collector = settings.with_name("spans.jsonl")
        collector = self.collector if self._traced else None
        env = self.dynamics.environ
        host = FunctionsHost(app_folder(), env=env, settings=settings, scaling_groups=True, collector=collector)
        self.host = self._exit.enter_context(host)
        self.dynamics.control.set_site(INTAKE_HOST, self.host.url)

    def _dynamics(self) -> World:
        return World(
            apps=(
                App(CLIENT_ID, secrets=(Secret(self._client_secret),)),
                App(COLLEAGUE, secrets=(Secret(self.colleague[1]),)),
            ),
            organizations=(
                Organization(
                    ORGANIZATION,
                    organization_id=ORGANIZATION_ID,
                    link=FinanceOperationsLink(HOME),
                    custom_messages=(CUSTOM_API,),
                    rows={"accounts": [{"accountid": ACCOUNT_ID, "name": "Fabrikam", "creditlimit": 100000}]},
                ),
                *(
                    Organization(name, link=FinanceOperationsLink(f"https://{name}.operations.dynamics.com"))
                    for name in self._further
                ),
            ),
        )

    def _settings(self) -> Path:
        """Write the app settings where the host looks for them; no other program sees the secrets."""
        folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="fno-link-demo-")))
        self.configuration = folder / "fno-link.toml"
        further = "".join(FURTHER.format(name=name) for name in self._further)
        senders = WEBHOOK_SENDER + (TOPIC_SENDER if self.send_key else "")
        shipped = (app_folder() / "fno-link.toml").read_text("utf-8")
        self.configuration.write_text(shipped + TEAMS + senders + further, "utf-8")
        values = {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "FNO_LINK_CONFIG": str(self.configuration),
            "AzureWebJobsStorage": self.azurite.connection_string,
            "SERVICE_BUS_ENABLED": "true",
            "ServiceBus": self.service_bus,
            "CUSTOMERS_URL": self.receivers.url(WEBHOOK),
            "CUSTOMERS_SECRET": self.webhook_secret,
            "TEAMS_URL": self.channel.url,
            "CUSTOM_API": CUSTOM_API,
        }
        if self.send_key:
            name, key = self.send_key
            values |= {"CRM_BUS_KEY_NAME": name, "CRM_BUS_KEY": key, "CRM_BUS_NAMESPACE": NAMESPACE}
        for name in (ORGANIZATION, *self._further):
            prefix = f"FNO_LINK_{name.upper().replace('-', '_')}"
            values |= {f"{prefix}_CLIENT_ID": CLIENT_ID, f"{prefix}_CLIENT_SECRET": self._client_secret}
        settings = folder / "local.settings.json"
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
        return settings
