"""The processes of one seed: hosts that share a storage account behind a proxy, a broker behind another, receivers."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from emulation.azurite import Azurite
from emulation.dynamics import App, Dynamics, Secret, World
from emulation.functions_host import FunctionsHost
from emulation.receivers import Receivers
from emulation.service_bus import ServiceBus
from emulation.tcp_proxy import TcpProxy
from tests.faults.topology import (
    CLIENT_ID,
    CLIENT_SECRET,
    ORGANIZATIONS,
    WEBHOOK_SECRET,
    broker,
    configuration,
    organization,
)

if TYPE_CHECKING:
    from tests.faults.evidence import Rot

ROOT = Path(__file__).parents[2]
KEYS = {"default": "the key of the fault suite", "master": "the master key of the fault suite"}
# Tokens are fetched anew at half their life, so that an expired secret is felt.
TOKEN_LIFETIME = 10
HOST_SETTINGS = {
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.500",
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
}
# A busy machine needs long to start a dozen processes; one that cannot start ends at once.
READY_WITHIN = 300.0
# At the end nothing is under way: who is stopped then has nothing to finish.
DRAIN = 30.0
# A message in work is given out again so long after its host was killed; a slow account must not do that.
QUEUE_LEASE = 10


class Faulty:
    """Everything that runs for one seed, as a context manager.

    Args:
        hosts: How many functions hosts.
        folder: For configuration, journals and logs; kept.
        app: The function app.
        env: Further app settings.
        grouped: One process for each scaling group of a host, as on Flex Consumption; else one for each host.
    """

    def __init__(
        self, hosts: int, folder: Path, *, app: Path = ROOT, env: Mapping[str, str] | None = None, grouped: bool = True
    ) -> None:
        self._folder = folder
        self._app = app
        self._env = dict(env or {})
        self._grouped = grouped
        self._exit = ExitStack()
        self._count = hosts
        self.azurite = Azurite()
        self.bus = ServiceBus(broker(), journal=folder / "broker.journal")
        self.receivers = Receivers()
        apps = (App(CLIENT_ID, secrets=(Secret(CLIENT_SECRET),)),)
        organizations = tuple(organization(name) for name in ORGANIZATIONS)
        self.dynamics = Dynamics(World(apps=apps, organizations=organizations, token_lifetime=TOKEN_LIFETIME))
        self.hosts: dict[str, FunctionsHost] = {}
        self.rots: list[Rot] = []
        self._killed: list[str] = []

    def __enter__(self) -> Self:
        with ExitStack() as started:
            _all(started, self.azurite, self.bus, self.receivers, self.dynamics)
            ports = self.azurite.ports
            self.storage_proxy = started.enter_context(TcpProxy(ports.blob, ports.queue, ports.table))
            self.bus_proxy = started.enter_context(TcpProxy(self.bus.port))
            settings = self._settings()
            env = {**self.dynamics.environ, **HOST_SETTINGS}
            self.hosts = {
                f"host-{number}": FunctionsHost(
                    self._app,
                    env=env,
                    settings=settings,
                    keys=KEYS,
                    queue_lease=QUEUE_LEASE,
                    drain=DRAIN,
                    scaling_groups=self._grouped,
                    ready_within=READY_WITHIN,
                )
                for number in range(self._count)
            }
            _all(started, *self.hosts.values())
            self._exit = started.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keep_logs()
        self._exit.close()

    @property
    def storage(self) -> str:
        """The account's connection string, beside the proxy."""
        return self.azurite.connection_string

    @property
    def service_bus(self) -> str:
        """The namespace's connection string, beside the proxy."""
        return self.bus.connection_string

    def pids(self) -> dict[str, int]:
        """Name every process of the hosts that runs now."""
        found: dict[str, int] = {}
        for name, host in self.hosts.items():
            each = host.processes
            found |= {f"{name} {group}": process.pid for group, process in each.items()} if each else {name: host.pid}
        return found

    def kill(self, subject: str) -> None:
        """Kill a host in the middle of what it does, and keep its log; or one of its processes, which is replaced.

        Args:
            subject: The host, or `HOST FUNCTION`: the process of that function's group, as far as it has its own.
        """
        name, _, function = subject.partition(" ")
        host = self.hosts[name]
        if function and self._grouped:
            host.kill_group(function if function == "http" else f"function:{function}")
            return
        self._killed.append(f"{name} ===\n{host.log}")
        host.kill()

    def revive(self, subject: str) -> None:
        """Start a host that was killed as a whole."""
        name, _, function = subject.partition(" ")
        if not (function and self._grouped):
            self.hosts[name].start()

    def stop(self) -> None:
        """Stop every host in good order: from now on nothing changes any more."""
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            list(pool.map(FunctionsHost.stop, self.hosts.values()))

    def start(self) -> None:
        """Start the hosts that were stopped."""
        self._killed += [f"{name} ===\n{_said(host)}" for name, host in self.hosts.items()]
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            list(pool.map(FunctionsHost.start, self.hosts.values()))

    def _settings(self) -> Path:
        config = self._folder / "fno-link.toml"
        config.write_text(configuration())
        values = {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "FNO_LINK_CONFIG": str(config),
            "AzureWebJobsStorage": _moved(self.storage, self.azurite.ports, self.storage_proxy.ports),
            "ServiceBus": _moved(self.service_bus, (self.bus.port,), self.bus_proxy.ports),
            "RECEIVERS": self.receivers.url("").rstrip("/"),
            "SECRET": WEBHOOK_SECRET,
            **self._env,
        }
        for name in ORGANIZATIONS:
            values[f"FNO_LINK_{name.upper()}_CLIENT_ID"] = CLIENT_ID
            values[f"FNO_LINK_{name.upper()}_CLIENT_SECRET"] = CLIENT_SECRET
        settings = self._folder / "local.settings.json"
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
        return settings

    def _keep_logs(self) -> None:
        """Write down what the hosts have said, those that were killed or stopped too."""
        said = [*self._killed, *(f"{name} ===\n{_said(host)}" for name, host in self.hosts.items())]
        (self._folder / "hosts.log").write_text("\n=== ".join(["", *said]))


def _said(host: FunctionsHost) -> str:
    try:
        return host.log
    except (OSError, RuntimeError):
        return "(it has not run)"


def _all(started: ExitStack, *parts: AbstractContextManager[Any]) -> None:
    """Enter several at once; each takes a second or two."""
    with ThreadPoolExecutor(len(parts)) as pool:
        entering = [pool.submit(part.__enter__) for part in parts]
    for part, entered in zip(parts, entering, strict=True):
        if entered.exception() is None:
            started.push(part.__exit__)
    for entered in entering:
        entered.result()


def _moved(text: str, ports: tuple[int, ...] | Any, others: tuple[int, ...]) -> str:
    """Let a connection string lead through a proxy."""
    own = ports if isinstance(ports, tuple) else (ports.blob, ports.queue, ports.table)
    through = dict(zip(map(str, own), map(str, others), strict=True))
    return re.sub(r":(\d+)(?=[/;])", lambda found: f":{through.get(found[1], found[1])}", text)
