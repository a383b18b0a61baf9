"""Where the local world of one configuration keeps its things: `.fno-link/FILE/` beside the file.

Its lock says whether it runs: the operating system gives it back even when the process was killed.
"""

import contextlib
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from emulation.failure import BAD, Failed

FOLDER = ".fno-link"


class Broker(msgspec.Struct, frozen=True):
    """A namespace of Service Bus.

    Args:
        connection: How the configuration calls its connection.
        string: Its connection string.
        control: Base URL of its control API.
    """

    connection: str
    string: str
    control: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where one source is reached.

    Args:
        name: The source.
        kind: Its kind.
        organization: Of its organization: the name.
        url: Where it takes HTTP; empty: it does not.
        connection: Connection string of its account or namespace; empty: it has none.
        queue: The queue that it reads.
        topic: The topic that it reads.
        sessions: Whether what it reads requires sessions.
    """

    name: str
    kind: str
    organization: str
    url: str = ""
    connection: str = ""
    queue: str = ""
    topic: str = ""
    sessions: bool = False


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A program that shows a token instead of a key.

    Args:
        name: The client.
        app_id: Its application id.
        organizations: The names of those that it may see.
        secret: Its client secret in the emulated tenant; empty: it is the Azure CLI, which has none.
        token: URL of the tenant's token endpoint.
        scope: What it asks for a token for.
        user: A person who may sign in to it; empty: nobody.
    """

    name: str
    app_id: str
    organizations: tuple[str, ...]
    secret: str = ""
    token: str = ""
    scope: str = ""
    user: str = ""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a running local world says of itself; only its user may read it.

    Args:
        pid: Its process.
        app: Base URL of the function app.
        key: Its default key.
        master_key: Its master key.
        sources: Where each source is reached.
        organizations: OrganizationId by name.
        urls: Dataverse URL by name.
        settings: The settings file that the app runs with.
        brokers: The namespaces.
        control: Base URL of the control API of Dynamics.
        receivers: Base URL of the receivers.
        receivers_control: Base URL of their control API.
        status: URL of the status page; empty: the app has none.
        clients: Who may show a token.
        proxy: Environment variables that lead an HTTPS client into this world.
    """

    pid: int
    app: str
    key: str
    master_key: str
    sources: tuple[Source, ...]
    organizations: dict[str, str]
    urls: dict[str, str]
    settings: str
    brokers: tuple[Broker, ...] = ()
    control: str = ""
    receivers: str = ""
    receivers_control: str = ""
    status: str = ""
    clients: tuple[Client, ...] = ()
    proxy: dict[str, str] = {}

    def key_of(self, source: Source) -> str:
        """Return what opens the way to a source; empty: its address does."""
        return {"http": self.key, "event_hub": self.master_key}.get(source.kind, "")


class Home:
    """The folder of one configuration.

    Args:
        configuration: The file.
        folder: Another than `.fno-link/FILE/` beside it.
    """

    def __init__(self, configuration: Path, folder: Path | None = None) -> None:
        self._configuration = configuration
        self.folder = folder or configuration.parent / FOLDER / configuration.name
        self._state = self.folder / "state.json"
        self._lock = self.folder / "lock"

    @contextlib.contextmanager
    def taken(self, *, keep: bool) -> Generator[None]:
        """Take the folder for one run.

        Args:
            keep: Leave what storage and broker hold, and the keys, for the next one.

        Raises:
            Failed: Another run has it, or it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._lock, timeout=0)
            lock.acquire()
        except Timeout as error:
            running = self._read()
            who = f" (process {running.pid}, {running.app})" if running else ""
            msg = f"another `fno-link local` runs with {self._configuration}{who}"
            raise Failed(
                "AlreadyRunning", msg, "End it, or give this one another file by --config.", exit_code=BAD
            ) from error
        except OSError as error:
            msg = f"{self.folder} cannot be written: {error.strerror}"
            raise Failed("NotStarted", msg, "The local world keeps its state beside the configuration.") from error
        try:
            if not keep:
                self.forget()
            yield
        finally:
            self._state.unlink(missing_ok=True)
            if not keep:
                self.forget()
            lock.release()

    def forget(self) -> None:
        """Remove what was kept."""
        for each in self.folder.iterdir():
            if each == self._lock:
                continue
            if each.is_dir():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink(missing_ok=True)

    def write(self, name: str, value: object) -> Path:
        """Write JSON to a file that nobody else can read; return its path."""
        path = self.folder / name
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(value))
        fresh.replace(path)
        return path

    def kept[T](self, name: str, kind: type[T]) -> T | None:
        """Read a file that an earlier run has kept; None where there is none that can be read."""
        try:
            return msgspec.json.decode((self.folder / name).read_bytes(), type=kind)
        except (OSError, msgspec.MsgspecError):
            return None

    def say(self, state: State) -> None:
        """Write down what runs."""
        self.write(self._state.name, state)

    def running(self) -> State | None:
        """Return what runs with this configuration; None: nothing does."""
        if not self._lock.exists():
            return None
        try:
            with FileLock(self._lock, timeout=0):
                return None
        except (Timeout, OSError):
            return self._read()

    def _read(self) -> State | None:
        return self.kept(self._state.name, State)
