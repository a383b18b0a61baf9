"""The emulated world as a child process."""

from types import TracebackType
from typing import Self

from emulation.dynamics.control import Control
from emulation.dynamics.server import Ready
from emulation.dynamics.world import World
from emulation.server_process import ServerProcess


class Dynamics:
    """Runs the emulated world in a child process, as a context manager.

    Args:
        world: What exists at the start.
        port: The proxy's port; 0 takes a free one.
    """

    def __init__(self, world: World | None = None, *, port: int = 0) -> None:
        self._world = world or World()
        self._port = port
        self._process = ServerProcess("emulation.dynamics", Ready)
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
        """The environment variables that lead any HTTPS client into the world."""
        return dict(self._process.ready.environ)

    @property
    def identity_environ(self) -> dict[str, str]:
        """The environment variables that give a client the managed identity."""
        return dict(self._process.ready.identity_environ)

    @property
    def ports(self) -> dict[str, int]:
        """The loopback ports by name: proxy, services, control, identity."""
        return dict(self._process.ready.ports)

    @property
    def control(self) -> Control:
        """The client of the control API."""
        if self._control is None:
            self._control = Control(self._process.ready.control)
        return self._control

    def start(self) -> None:
        """Start the child; return once it serves.

        Raises:
            ChildFailed: It did not become ready; the message holds what it printed.
        """
        self._process.start("--json", "--port", str(self._port), config=self._world)

    def stop(self) -> int:
        """End the child and wait for it; return its exit code."""
        if self._control:
            self._control.close()
            self._control = None
        return self._process.stop()
