"""Notice where the machine does not keep up: that delays answers like a slow account, and nobody has planned it.

A run that is starved of processor time outlasts its lease, and an attempt its timeout; what is then done twice is done
so by design. Each process is asked for something trivial twice a second; an answer that is late makes a window.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

import httpx

from tests.faults.evidence import Window

EVERY = 0.5
LATE = 0.5
GIVE_UP = 60.0


class Canary:
    """Asks every process whether it still answers, while entered.

    Args:
        urls: By the process's name: what is answered without any work, whatever the status.
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._over = threading.Event()
        self._windows: list[Window] = []
        self._threads = [
            threading.Thread(target=self._watch, args=item, name=f"canary-{item[0]}", daemon=True)
            for item in urls.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def windows(self) -> tuple[Window, ...]:
        """When somebody answered late; those of one process that touch are one."""
        return tuple(merged(self._windows))

    def _watch(self, name: str, url: str) -> None:
        with httpx.Client(timeout=GIVE_UP, trust_env=False) as client:
            while not self._over.wait(EVERY):
                asked, began = time.time(), time.monotonic()
                try:
                    client.get(url)
                except httpx.TransportError:
                    continue  # killed on purpose
                if (took := time.monotonic() - began) > LATE:
                    self._windows.append(Window(fault="overload", subject=name, start=asked, end=asked + took))


def merged(windows: Iterable[Window]) -> list[Window]:
    """Join windows of one subject between which there was no time to see it well."""
    joined: list[Window] = []
    for window in sorted(windows, key=lambda each: (each.subject, each.start)):
        last = joined[-1] if joined else None
        if last is not None and last.subject == window.subject and window.start <= last.end + 2 * EVERY:
            joined[-1] = Window(fault="overload", subject=last.subject, start=last.start, end=max(last.end, window.end))
        else:
            joined.append(window)
    return joined
