"""The emulated world as a child process."""

import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from emulation.dynamics.control import Control
from emulation.dynamics.server import Ready
from emulation.dynamics.world import World

END_WITHIN = 10.0


class DynamicsFailed(Exception):
    """The child process did not start; the message holds what it printed."""


class Dynamics:
    """Runs the emulated world in a child process, as a context manager.

    Args:
        world: What exists at the start.
        port: The proxy's port; 0 takes a free one.
    """

    def __init__(self, world: World | None = None, *, port: int = 0) -> None:
        self._world = world or World()
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: Ready | None = None
        self._control: Control | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment variables that lead any HTTPS client into the world."""
        return dict(self._running().environ)

    @property
    def identity_environ(self) -> dict[str, str]:
        """Return the environment variables that give a client the managed identity."""
        return dict(self._running().identity_environ)

    @property
    def ports(self) -> dict[str, int]:
        """Return the loopback ports by name: proxy, services, control, identity."""
        return dict(self._running().ports)

    @property
    def control(self) -> Control:
        """Return the client of the control API."""
        if self._control is None:
            self._control = Control(self._running().control)
        return self._control

    def start(self) -> None:
        """Start the child; return once it serves.

        Raises:
            DynamicsFailed: It ended before it was ready.
        """
        with tempfile.NamedTemporaryFile(suffix=".json") as config:
            config.write(msgspec.json.encode(self._world))
            config.flush()
            command = [sys.executable, "-m", "emulation.dynamics", "--config", config.name, "--json"]
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port), "--until-stdin-closes"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=Path(__file__).parents[2],
            )
            assert self._process.stdout is not None  # noqa: S101 (a pipe was asked for)
            line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self.stop()
            msg = f"the emulated Dynamics ended with status {status} before it was ready; its messages are on stderr"
            raise DynamicsFailed(msg)
        self._ready = msgspec.json.decode(line, type=Ready)

    def stop(self) -> None:
        """End the child and wait for it."""
        if self._control:
            self._control.close()
            self._control = None
        process, self._process, self._ready = self._process, None, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(END_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def _running(self) -> Ready:
        if self._ready is None:
            raise DynamicsFailed("the emulated Dynamics is not running; call start() or use it in a with statement")
        return self._ready
