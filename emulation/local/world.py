"""The local world of one's own configuration: what runs, and how it follows a change."""

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from emulation.app_folder import app_folder
from emulation.azurite import Azurite, node
from emulation.child import spawned
from emulation.dynamics import Dynamics
from emulation.failure import told
from emulation.functions_host.keys import DEFAULT, EVENT_GRID, MASTER
from emulation.functions_host.process import FunctionsHost
from emulation.local import checking
from emulation.local.clients import secret_name
from emulation.local.connections import DEVELOPMENT, STORAGE
from emulation.local.document import Document
from emulation.local.door import PORT, Door
from emulation.local.given import CONFIG, Given
from emulation.local.home import Home
from emulation.local.made_up import MadeUp, Places
from emulation.local.parts import Brokers, Counterparts
from emulation.local.plan import Plan, plan
from emulation.local.warm import Warm
from emulation.receivers import Receivers
from emulation.workflows.channel import Channel

DRAIN = 5.0
STARTS_WITHIN = 120.0
CLOSES_WITHIN = 2.0
AT_ONCE = 1
"""So many processes of the app start at the same time: what answers HTTP already must have a core to itself."""
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
        self._door = Door(port, usual)
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
        self._leaving: list[threading.Thread] = []
        self._warm = Warm(home.folder / "warm.log")
        self.plan: Plan | None = None
        self.values: dict[str, str] = {}

    def __enter__(self) -> Self:
        # What can be known at once is said before anything is started.
        with told("Azurite"):
            node()
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
            self._exit.callback(self._warm.close)
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.close()
        if self._host is not None:
            self._host.close()
        for each in self._leaving:
            each.join()
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

    def renew(self) -> None:
        """Take the app's code as it is now: it has changed."""
        self._warm.renew()

    def shut(self) -> None:
        """Refuse connections: the function app has ended by itself."""
        self._door.close()

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
        folder = given.file.parent
        if self._host is None:
            warnings = checking.check(given.configuration, folder, settings)
        else:
            warnings = checking.check_and_load(given.configuration, folder, settings, self._warm.complete)
        self._secrets |= {each.name: each.value for each in wanted.made_up if each.secret}
        self._secrets |= {secret_name(each.name): each.secret for each in wanted.clients if each.secret}
        self._follow(given, wanted)
        return warnings

    def _follow(self, given: Given, wanted: Plan) -> None:
        self._say("Entra, Dataverse and Finance & Operations, under their production names")
        dynamics = self._counterparts.play(wanted.world)
        if self._follows:
            self._warm.follow(dynamics.environ)
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
        self._replace({**over, **dynamics.environ}, settings)
        self.plan = wanted
        self._lead()
        self._keys = _lasting(self.host)
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

    def _replace(self, env: Mapping[str, str], settings: Path) -> None:
        """Let another host answer: it loads the app first, while the one before it still answers."""
        after = FunctionsHost(
            app_folder(),
            env=env,
            settings=settings,
            keys=self._keys,
            scaling_groups=True,
            drain=DRAIN,
            ready_within=STARTS_WITHIN,
            python=(),
            listening=self._door.open(),
            at_once=AT_ONCE if self._follows else 0,
            begin=self._warm.start if self._follows else spawned,
        )
        with told("the function app"):
            after.load()
            before, self._host = self._host, None
            if before is not None:
                # Nobody is answered by it after somebody was answered by the other; who comes meanwhile waits.
                before.leave(within=CLOSES_WITHIN)
                self._leaving.append(threading.Thread(target=before.close, name="the host of before"))
                self._leaving[-1].start()
            after.answer()
        self._host = after

    def stand(self, unless: Callable[[], bool]) -> bool:
        """Wait until all processes of the function app are ready, and tell whether they are.

        Args:
            unless: Tells when that is of no interest any more.

        Raises:
            Failed: One does not start.
        """
        with told("the function app"):
            return self.host.stand(unless)

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


def _answers(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
