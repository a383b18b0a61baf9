"""A host in a process of its own, for tests and the demo."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import emulation
from emulation.child import Child

READY_WITHIN = 60.0
ROOT = Path(emulation.__file__).parent.parent


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
        python: Options of the interpreter; warnings are errors by default.
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
        python: Sequence[str] = ("-W", "error"),
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
        if not enforce_keys:
            self._arguments.append("--no-keys")
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
        folder = self._folder or Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="functions-host-")))
        self._folder = folder
        command = [sys.executable, *self._python, "-m", "emulation.functions_host", "--end-with-stdin"]
        command += [f"--app={self._app}", f"--port={self._port}", *self._arguments]
        command += [f"--key={name}={value}" for name, value in self._keys.items()]
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **self._env}
        self._child = Child("The functions host", command, log=folder / "host.log", env=env, cwd=self._app)
        try:
            self._ready = self._child.wait_until(_ready, seconds=READY_WITHIN)
        except BaseException:
            self.close()
            raise
        self._port = int(self.url.rsplit(":", 1)[1])
        # A restart is the same app: the same keys.
        own = {f"{name}/default": keys["default"] for name, keys in self.function_keys.items()}
        given = {"master": self.master_key, "default": self.key, "eventgrid_extension": self.event_grid_key}
        self._keys = {**given, **own, **self._keys}

    def stop(self) -> int:
        """Stop in good order (SIGTERM), letting work finish, and return the exit code."""
        return self._running.stop(seconds=2 * self._drain + 5)

    def kill(self) -> int:
        """End it as a crash does (SIGKILL) and return the exit code."""
        return self._running.kill()

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

    def wait_for_log(self, text: str, *, seconds: float = 30.0) -> None:
        """Wait until the log holds a text.

        Raises:
            ChildFailed: The host ended or time ran out.
        """
        self._running.wait_until(lambda log: True if text in log else None, seconds=seconds)

    def close(self) -> None:
        """Stop and remove the log."""
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


def _ready(log: str) -> dict[str, Any] | None:
    for line in log.splitlines(keepends=True):
        if line.startswith('{"ready": ') and line.endswith("\n"):
            return json.loads(line)["ready"]
    return None
