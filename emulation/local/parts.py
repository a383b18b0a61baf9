"""The parts of the local world that follow the configuration: each starts anew only when what it plays is another."""

from contextlib import ExitStack
from pathlib import Path

import httpx

from emulation.dynamics import Dynamics, World
from emulation.failure import told
from emulation.service_bus import BrokerConfig, ServiceBus


class Brokers:
    """A namespace for each connection; messages outlast a change.

    Args:
        folder: Where they keep their journals.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, tuple[BrokerConfig, ServiceBus]] = {}

    def play(self, wanted: dict[str, BrokerConfig]) -> None:
        """Run these and no others.

        Raises:
            Failed: One does not start.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, (config, running) in list(self._running.items()):
            if wanted.get(name) != config:
                running.__exit__(None, None, None)
                if name not in wanted:
                    del self._running[name]
        for name, config in wanted.items():
            before = self._running.get(name)
            if before is not None and before[0] == config:
                continue
            port = before[1].port if before else 0
            with told(f"the Service Bus broker for {name}"):
                bus = ServiceBus(config, journal=self._folder / f"{name}.journal", port=port)
                bus.start()
            self._running[name] = (config, bus)

    @property
    def running(self) -> dict[str, ServiceBus]:
        """The brokers, by the setting that leads to each."""
        return {name: bus for name, (_, bus) in self._running.items()}

    def close(self) -> None:
        """End all."""
        for _, bus in self._running.values():
            bus.__exit__(None, None, None)
        self._running.clear()


class Counterparts:
    """The emulated Entra, Dataverse and Finance & Operations."""

    def __init__(self) -> None:
        self._exit = ExitStack()
        self._world: World | None = None
        self._dynamics: Dynamics | None = None

    def play(self, world: World) -> Dynamics:
        """Run this world; one that is the same goes on, with what was changed in it.

        Another takes its place in the process that runs: whoever trusts its authority need not begin anew.

        Raises:
            Failed: It does not start.
        """
        with told("the emulated Entra, Dataverse and Finance & Operations"):
            if self._dynamics is not None and world != self._world and not _played(self._dynamics, world):
                self.close()
            if self._dynamics is None:
                self._dynamics = self._exit.enter_context(Dynamics(world))
        self._world = world
        return self._dynamics

    def close(self) -> None:
        """End it."""
        self._exit.close()
        self._world, self._dynamics = None, None


def _played(dynamics: Dynamics, world: World) -> bool:
    """Let a running Dynamics begin another world; return whether it still ran."""
    try:
        dynamics.control.play(world)
    except httpx.TransportError:
        return False
    return True
