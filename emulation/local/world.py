"""The local world of one's own configuration: what runs, and how it follows a change."""

import contextlib
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from emulation.app_folder import app_folder
from emulation.azurite import Azurite, node
from emulation.child import ChildFailed
from emulation.dynamics import Dynamics
from emulation.failure import Failed, told
from emulation.functions_host.keys import DEFAULT, EVENT_GRID, MASTER
from emulation.functions_host.process import FunctionsHost
from emulation.local import checking
from emulation.local.clients import secret_name
from emulation.local.connections import DEVELOPMENT, STORAGE
from emulation.local.document import Document
from emulation.local.given import CONFIG, Given
from emulation.local.home import Home
from emulation.local.made_up import MadeUp, Places
from emulation.local.parts import Brokers, Counterparts
from emulation.local.plan import Plan, plan
from emulation.receivers import Receivers
from emulation.workflows.channel import Channel

PORT = 7071
"""Where `func start` listens, too; another one where it is taken."""

DRAIN = 5.0
STARTS_WITHIN = 120.0
_PLACEHOLDER = "Endpoint=sb://localhost;SharedAccessKeyName=local;SharedAccessKey=bG9jYWw="

type Say = Callable[[str], None]


class LocalWorld:
    """Everything that one's configuration needs, on loopback; `play` makes it follow a configuration.

    Args:
        home: Where it keeps its things.
        port: Of the function app; 0: the usual one, where that is free.
        usual: That one; 0: any that is free.
        keep: Whether storage and broker keep what they hold for the next run.
        follows: Whether more than one configuration will be played: the start after is then prepared.
        say: Told what is being started.
    """

    def __init__(  # noqa: PLR0913 (keyword-only)
        self, home: Home, *, port: int, keep: bool, say: Say, usual: int = PORT, follows: bool = True
    ) -> None:
        self._home = home
        self._port = port
        self._usual = usual
        self._keep = keep
        self._follows = follows
        self._say = say
        self._exit = ExitStack()
        self._counterparts = Counterparts()
        self._brokers = Brokers(home.folder / "service-bus")
        self._secrets = (home.kept("secrets.json", dict[str, str]) or {}) if keep else {}
        self._keys = (home.kept("keys.json", dict[str, str]) or {}) if keep else {}
        self._accounts: dict[str, str] = {}
        self._host: FunctionsHost | None = None
        # The one after it, prepared, with what it was made of.
        self._next: tuple[tuple[object, ...], FunctionsHost] | None = None
        self.plan: Plan | None = None
        self.values: dict[str, str] = {}

    def __enter__(self) -> Self:
        # What can be known at once is said before anything is started.
        with told("Azurite"):
            node()
        if self._port and not _free(self._port):
            msg = f"port {self._port} is taken"
            raise Failed("NotStarted", msg, "Ask for another by --port; without it a free one is found.")
        try:
            pool = self._exit.enter_context(ThreadPoolExecutor(1))
            self._azurite = Azurite(self._home.folder / "storage" if self._keep else None)
            self._exit.callback(self._azurite.close)
            self._say("Azurite: storage queues, blobs and tables")
            self._storage: Future[None] = pool.submit(self._azurite.start)
            self._say("receivers for whoever is sent something, a channel of Microsoft Teams")
            with told("the receivers"):
                self.receivers = self._exit.enter_context(Receivers())
                self.channel = self._exit.enter_context(Channel())
            self._exit.callback(self._brokers.close)
            self._exit.callback(self._counterparts.close)
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop_next()
        if self._host is not None:
            self._host.close()
        self._exit.close()

    @property
    def host(self) -> FunctionsHost:
        """The function app.

        Raises:
            RuntimeError: It does not run: what was changed last cannot be started.
        """
        if self._host is None:
            raise RuntimeError("the function app does not run")
        return self._host

    @property
    def running_host(self) -> FunctionsHost | None:
        """The function app, where it was started."""
        return self._host

    @property
    def storage(self) -> str:
        """The connection string of the app's storage account."""
        return self.values.get(STORAGE) or self.played.settings.get(STORAGE, "")

    @property
    def dynamics(self) -> Dynamics:
        """The emulated Dynamics."""
        return self._counterparts.play(self.played.world)

    @property
    def brokers(self) -> Brokers:
        """The namespaces."""
        return self._brokers

    @property
    def played(self) -> Plan:
        """The plan that is played.

        Raises:
            RuntimeError: None is yet.
        """
        if self.plan is None:
            raise RuntimeError("nothing is played yet")
        return self.plan

    @property
    def settings_file(self) -> Path:
        """The settings file of the function app."""
        return self._home.folder / "local.settings.json"

    def play(self, given: Given, document: Document) -> tuple[str, ...]:
        """Follow a configuration: check it, then start what it needs; return the warnings.

        What is wrong is found before anything that runs is touched.

        Args:
            given: The files and settings.
            document: The configuration.

        Raises:
            Refused: The configuration, a setting or the code is wrong; what ran goes on.
            Failed: Something does not start.
        """
        places = Places(self.receivers.url("").rstrip("/"), self.channel.url)
        wanted = plan(document, given.settings, places, self._secrets, _answers)
        pending = dict.fromkeys(wanted.brokers, _PLACEHOLDER) | dict.fromkeys(
            wanted.storage, "UseDevelopmentStorage=true"
        )
        settings = {**wanted.settings, **pending, CONFIG: str(given.configuration)}
        judge = checking.check if self._host is None else checking.check_and_load
        warnings = judge(given.configuration, given.file.parent, settings)
        self._secrets |= {each.name: each.value for each in wanted.made_up if each.secret}
        self._secrets |= {secret_name(each.name): each.secret for each in wanted.clients if each.secret}
        self._follow(given, wanted)
        return warnings

    def _follow(self, given: Given, wanted: Plan) -> None:
        self._say("Entra, Dataverse and Finance & Operations, under their production names")
        dynamics = self._counterparts.play(wanted.world)
        if wanted.brokers:
            self._say(f"Service Bus: {_counted(wanted)}")
        self._brokers.play(wanted.brokers)
        with told("Azurite"):
            self._storage.result()
        connected = {name: bus.connection_string for name, bus in self._brokers.running.items()}
        connected |= {name: self._account(name, first=index == 0) for index, name in enumerate(wanted.storage)}
        self.values = {
            **given.local,
            **{name: value for name, value in wanted.settings.items() if name not in given.environ},
            **{each.name: each.value for each in wanted.made_up},
            **connected,
            CONFIG: str(given.configuration),
        }
        settings = self._home.write(self.settings_file.name, {"IsEncrypted": False, "Values": self.values})
        # What the environment says wins over the file; what is replaced must win over that.
        over = {name: self.values[name] for name in self.values if name in given.environ}
        self._say("the function app, on Microsoft's Python worker: a process for each scaling group")
        before, self._host = self._host, None
        if before is not None:
            before.close()
        self.plan = wanted
        env = {**over, **dynamics.environ}
        self._host = self._started(env, settings)
        self._lead()
        self._keys = _lasting(self._host)
        if self._follows:
            self._prepare(env, settings)
        if self._keep:
            self._home.write("keys.json", self._keys)
            self._home.write("secrets.json", self._secrets)

    def begin_anew(self) -> None:
        """Empty and heal the receivers, and let Dynamics be as it was at the start; the app and storage go on."""
        self.receivers.reset()
        self.dynamics.control.reset()
        self._lead()

    def _lead(self) -> None:
        """Let whatever Dataverse's registered steps are said to send to be this app, and this broker."""
        control = self.dynamics.control
        control.set_site("*", self.host.url)
        for bus in list(self._brokers.running.values())[:1]:
            control.set_site("*.servicebus.windows.net", f"amqp://127.0.0.1:{bus.port}")

    def _started(self, env: Mapping[str, str], settings: Path) -> FunctionsHost:
        with told("the function app"):
            try:
                usual = self._usual if self._usual and _free(self._usual) else 0
                host = self._at(self._port or usual, env, settings)
            except ChildFailed:
                if self._port or not self._usual or _free(self._usual):
                    raise
                host = self._at(0, env, settings)  # somebody else took it meanwhile
        self._port = int(host.url.rsplit(":", 1)[1])
        return host

    def _at(self, port: int, env: Mapping[str, str], settings: Path) -> FunctionsHost:
        following, self._next = self._next, None
        if following is not None and following[0] == (port, env, settings, self._keys):
            host = following[1]
        else:
            if following is not None:
                following[1].close()
            host = self._made(port, env, settings)
        host.start()
        return host

    def _prepare(self, env: Mapping[str, str], settings: Path) -> None:
        """Have the process of the next start import what does not change: most of a start is that."""
        self._drop_next()
        following = self._made(self._port, env, settings)
        self._next = (self._port, env, settings, self._keys), following
        following.prepare()

    def _drop_next(self) -> None:
        following, self._next = self._next, None
        if following is not None:
            following[1].close()

    def _made(self, port: int, env: Mapping[str, str], settings: Path) -> FunctionsHost:
        return FunctionsHost(
            app_folder(),
            env=env,
            settings=settings,
            port=port,
            keys=self._keys,
            scaling_groups=True,
            drain=DRAIN,
            ready_within=STARTS_WITHIN,
            python=(),
        )

    def _account(self, setting: str, *, first: bool) -> str:
        if setting not in self._accounts:
            self._accounts[setting] = self._azurite.connection_string if first else self._azurite.spare_account()
        return self._accounts[setting]


def connections_made(world: LocalWorld) -> tuple[MadeUp, ...]:
    """Return the connections that this world has put in, as made-up settings."""
    given = world.played.settings
    buses = [
        MadeUp(name, world.values[name], "the local Service Bus broker", secret=True, replaced=_was_set(given, name))
        for name in world.played.brokers
    ]
    accounts = [
        MadeUp(name, world.values[name], "Azurite", secret=True, replaced=_was_set(given, name))
        for name in world.played.storage
    ]
    return (*accounts, *buses)


def _was_set(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "").strip().rstrip(";")
    return value not in {"", DEVELOPMENT} or any(each.startswith(f"{name}__") for each in given)


def _lasting(host: FunctionsHost) -> dict[str, str]:
    """Return the keys that a new start must have again: not those of functions, which may be others then."""
    return {MASTER: host.master_key, DEFAULT: host.key, EVENT_GRID: host.event_grid_key}


def _counted(wanted: Plan) -> str:
    queues = sum(len(each.queues) for each in wanted.brokers.values())
    topics = sum(len(each.topics) for each in wanted.brokers.values())
    return f"{queues} queues and {topics} topics"


def _free(port: int) -> bool:
    """Tell whether the host could listen there: connections of before that are not quite over are no hindrance."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _answers(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
