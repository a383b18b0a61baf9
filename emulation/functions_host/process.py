"""A host in a process of its own, for tests and the demo."""

import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import msgspec

import emulation
from emulation.child import POLL, Child, Start, spawned
from emulation.functions_host.keys import given

READY_WITHIN = 60.0
ROOT = Path(emulation.__file__).parent.parent


class Process(msgspec.Struct, frozen=True):
    """The process of one scaling group.

    Args:
        group: `http` or `function:NAME`.
        pid: Its id.
        url: Where its own host answers.
    """

    group: str
    pid: int
    url: str


class FunctionsHost:
    """Runs an app; ready once entered.

    Args:
        app: Its folder.
        env: App settings over those of local.settings.json and of this process's environment.
        port: Where to listen; a free port when 0, kept over restarts.
        settings: A settings file instead of the app's local.settings.json.
        keys: Keys to use instead of generated ones: `master`, a host key's name, or `FUNCTION/NAME`.
        enforce_keys: False lets every request in.
        drain: Seconds that `stop` waits for work.
        queue_lease: Seconds for which a queue message in work stays hidden after the host is killed.
        response_limit: Seconds after which an HTTP caller is given up.
        scaling_groups: One process for each scaling group, as on Flex Consumption; else one runs all.
        collector: A file that takes spans, the host's and the app's; `emulation.traces` reads it.
        ready_within: Seconds that a start may take.
        python: Options of the interpreter; warnings are errors by default.
        listening: A socket that listens already, in place of the port.
        at_once: How many processes of scaling groups start at the same time, after that of HTTP; 0: all.
        begin: Starts the process.
    """

    def __init__(  # noqa: PLR0913 - keyword-only options, each with its default
        self,
        app: Path,
        *,
        env: Mapping[str, str] | None = None,
        port: int = 0,
        settings: Path | None = None,
        keys: Mapping[str, str] | None = None,
        enforce_keys: bool = True,
        drain: float = 30.0,
        queue_lease: float = 600.0,
        response_limit: float = 230.0,
        scaling_groups: bool = False,
        collector: Path | None = None,
        ready_within: float = READY_WITHIN,
        python: Sequence[str] = ("-W", "error"),
        listening: socket.socket | None = None,
        at_once: int = 0,
        begin: Start = spawned,
    ) -> None:
        self._app = app.resolve()
        self._env = dict(env or {})
        self._port = port
        self._keys = dict(keys or {})
        self._python = list(python)
        self._drain = drain
        self._arguments = [f"--drain={drain}", f"--queue-lease={queue_lease}", f"--response-limit={response_limit}"]
        if settings is not None:
            self._arguments.append(f"--settings={settings.resolve()}")
        self._ready_within = ready_within
        if collector is not None:
            self._arguments.append(f"--collector={collector.resolve()}")
        if scaling_groups:
            self._arguments.append("--scaling-groups")
        if not enforce_keys:
            self._arguments.append("--no-keys")
        if at_once:
            self._arguments.append(f"--at-once={at_once}")
        self._inherited = [] if listening is None else [listening.fileno()]
        self._arguments += [f"--listening={each}" for each in self._inherited]
        self._begin = begin
        self._exit = ExitStack()
        self._folder: Path | None = None
        self._child: Child | None = None
        self._ready: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return self._ready["url"]

    @property
    def key(self) -> str:
        """The default host key: opens every function."""
        return self._ready["keys"]["host"]["default"]

    @property
    def master_key(self) -> str:
        """The master key: opens the admin surface too."""
        return self._ready["keys"]["master"]

    @property
    def event_grid_key(self) -> str:
        """The system key of the Event Grid webhook."""
        return self._ready["keys"]["system"]["eventgrid_extension"]

    @property
    def function_keys(self) -> dict[str, dict[str, str]]:
        """The functions' own keys, by function and name."""
        return self._ready["keys"]["function"]

    @property
    def functions(self) -> list[dict[str, str]]:
        """Name, trigger and, for HTTP, URL of each function."""
        return self._ready["functions"]

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running.pid

    @property
    def processes(self) -> dict[str, Process]:
        """The process of each scaling group, the one that took the place of another; empty where one runs all."""
        found = {each.group: each for each in msgspec.convert(self._ready.get("processes", []), list[Process])}
        for line in self.log.splitlines(keepends=True) if found else ():
            if line.startswith('{"process": ') and line.endswith("\n"):
                later = msgspec.json.decode(line, type=dict[str, Process])["process"]
                found[later.group] = later
        return found

    @property
    def log(self) -> str:
        """What the running process has written."""
        return self._running.log

    @property
    def exit_code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._running.exit_code

    def start(self) -> None:
        """Start and wait until the host is ready.

        Raises:
            ChildFailed: The app could not be run; the message holds the worker's.
        """
        self._child = self._begun()
        self._ready = self._said("ready")
        self._learn()

    def load(self) -> None:
        """Start as far as the app is loaded; `answer` goes on.

        Raises:
            ChildFailed: The app could not be run; the message holds the worker's.
        """
        self._child = self._begun("--held")
        self._said("loaded")

    def answer(self) -> None:
        """Let the host answer, and wait until it does; where each scaling group has a process, the others begin.

        Raises:
            ChildFailed: It does not.
        """
        self._running.tell(b"!")
        self._ready = self._said("answers", "ready")
        self._learn()

    def stand(self, unless: Callable[[], bool]) -> bool:
        """Wait until every process is ready, and tell whether all are.

        Args:
            unless: Tells when that is of no interest any more.

        Raises:
            ChildFailed: One could not be started.
        """
        ready = self._running.wait_until(
            lambda log: _told(log, "ready") or ({} if unless() else None), seconds=self._ready_within
        )
        self._ready = ready or self._ready
        return bool(ready)

    def leave(self, *, within: float) -> None:
        """Ask a host that was held to end, and wait until it takes no more connections; `close` waits for the end.

        Args:
            within: Seconds after which it is not waited for.
        """
        self._running.terminate()
        deadline = time.monotonic() + within
        while self.exit_code is None and _told(self.log, "closed") is None and time.monotonic() < deadline:
            time.sleep(POLL)

    def _said(self, *what: str) -> dict[str, Any]:
        def look(log: str) -> dict[str, Any] | None:
            return next((told for each in what if (told := _told(log, each)) is not None), None)

        try:
            return self._running.wait_until(look, seconds=self._ready_within)
        except BaseException:
            self.close()
            raise

    def _learn(self) -> None:
        self._port = int(self.url.rsplit(":", 1)[1])
        # A restart is the same app: the same keys.
        self._keys = {**given(self._ready["keys"]), **self._keys}

    def _begun(self, *more: str) -> Child:
        folder = self._folder or Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="functions-host-")))
        self._folder = folder
        command = [sys.executable, *self._python, "-m", "emulation.functions_host", "--end-with-stdin"]
        command += [f"--app={self._app}", f"--port={self._port}", *self._arguments, *more]
        command += [f"--key={name}={value}" for name, value in self._keys.items()]
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **self._env}
        return Child(
            "The functions host",
            command,
            log=folder / "host.log",
            env=env,
            cwd=self._app,
            pass_fds=self._inherited,
            start=self._begin,
        )

    def stop(self) -> int:
        """Stop in good order (SIGTERM), letting work finish, and return the exit code."""
        return self._running.stop(seconds=2 * self._drain + 5)

    def kill(self) -> int:
        """End it as a crash does (SIGKILL), with the processes of its groups, and return the exit code."""
        return self._running.kill()

    def kill_group(self, group: str) -> None:
        """End the process of one scaling group as a crash does; return once another has taken its place.

        Args:
            group: Such as `function:NAME`; `http` is the host itself, see `kill`.

        Raises:
            ChildFailed: No other took its place.
        """
        pid = self.processes[group].pid
        os.kill(pid, signal.SIGKILL)
        self._running.wait_until(
            lambda _: True if self.processes[group].pid != pid else None, seconds=self._ready_within
        )

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._running.pause()

    def resume(self) -> None:
        """End a pause."""
        self._running.resume()

    def restart(self) -> None:
        """Start again on the same port with the same keys, stopping first where it still runs."""
        self.stop()
        self.start()

    def wait_for_log(self, text: str, *, seconds: float = 120.0) -> None:
        """Wait until the log holds a text.

        Raises:
            ChildFailed: The host ended or time ran out.
        """
        self._running.wait_until(lambda log: True if text in log else None, seconds=seconds)

    def close(self) -> None:
        """Stop, and remove the log."""
        if self._child is not None:
            self._child.stop(seconds=2 * self._drain + 5)
        self._exit.close()
        self._folder = None

    @property
    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError("The functions host was not started: enter the context manager or call start().")
        return self._child

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _told(log: str, what: str) -> dict[str, Any] | None:
    """Return what the process has said of itself under a name."""
    for line in log.splitlines(keepends=True):
        if line.startswith(f'{{"{what}": ') and line.endswith("\n"):
            return json.loads(line)[what]
    return None
