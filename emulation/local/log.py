"""The function app's log, as far as a developer must see it: warnings and errors, and a host that has ended."""

import re
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from emulation.local.world import LocalWorld

_BAD = re.compile(r"^\[[^]]*\] \[[^]]*\] (WARNING|ERROR|CRITICAL) (.*)")
_EVERY = 0.5


class Follower:
    """Tells what is new in the log, in a thread, while entered.

    Args:
        world: Whose log it is.
        tell: Told each line.
    """

    def __init__(self, world: LocalWorld, tell: Callable[..., None]) -> None:
        self._world = world
        self._tell = tell
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._pid = 0
        self._read = 0
        self._ended = False
        self._thread = threading.Thread(target=self._follow, name="log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(_EVERY):
            self.look()

    def look(self) -> None:
        """Tell what is new."""
        with self._lock:
            host = self._world.running_host
            if host is None:
                return
            log, pid = host.log, host.pid
            if pid != self._pid:
                self._pid, self._read, self._ended = pid, 0, False
            fresh, self._read = log[self._read :], log.rfind("\n") + 1
            for line in fresh[: fresh.rfind("\n") + 1].splitlines():
                if found := _BAD.match(line):
                    self._tell(f"{found[1]} {found[2]}")
            if host.exit_code is not None and not self._ended:
                self._ended = True
                self._world.shut()
                self._tell(
                    f"the function app has ended with exit code {host.exit_code}; save a file to start it again",
                    log[-2000:],
                )
