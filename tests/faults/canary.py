"""Notice where the machine does not keep up: that delays answers like a slow account, and nobody has planned it.

A run that is starved of processor time outlasts its lease, and an attempt its timeout; what is then done twice is done
so by design. Each process is asked for something trivial twice a second, the account for a write: a table, a queue and
a blob, since it answers what needs no work at once however much work it has. An answer that is late makes a window; so
does a process that the kernel lets wait for a processor for half of the time.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from azure.core.exceptions import AzureError
from azure.data.tables import TableClient
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from tests.faults.evidence import Window

EVERY = 0.5
LATE = 0.5
GIVE_UP = 60.0
NAME = "canary"
# Looks after which the processes are asked for anew: one that was killed has a successor.
RENAMED = 4


class Canary:
    """Asks every process whether it still answers, while entered.

    Args:
        urls: By the process's name: what is answered without any work, whatever the status.
        storage: The account's connection string; without it, no account is asked.
        pids: Names the processes of which the kernel is asked how long they had to wait for a processor.
    """

    def __init__(
        self, urls: Mapping[str, str], storage: str = "", pids: Callable[[], Mapping[str, int]] | None = None
    ) -> None:
        self._over = threading.Event()
        self._windows: list[Window] = []
        self._clients = ExitStack()
        asked: dict[str, Callable[[], object]] = {name: self._get(url) for name, url in urls.items()}
        asked |= self._writes(storage) if storage else {}
        self._threads = [
            threading.Thread(target=self._watch, args=item, name=f"canary-{item[0]}", daemon=True)
            for item in asked.items()
        ]
        if pids is not None:
            self._threads.append(
                threading.Thread(target=self._watch_waits, args=(pids,), name="canary-pids", daemon=True)
            )

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
        self._clients.close()

    @property
    def windows(self) -> tuple[Window, ...]:
        """When somebody answered late; those of one process that touch are one."""
        return tuple(merged(self._windows))

    def _watch(self, name: str, ask: Callable[[], object]) -> None:
        while not self._over.wait(EVERY):
            asked, began = time.time(), time.monotonic()
            try:
                ask()
            except (httpx.TransportError, AzureError):
                continue  # killed on purpose
            if (took := time.monotonic() - began) > LATE:
                self._windows.append(Window(fault="overload", subject=name, start=asked, end=asked + took))

    def _watch_waits(self, pids: Callable[[], Mapping[str, int]]) -> None:
        """Look at every process: what it does is slow where it waits for a processor."""
        waited: dict[int, float] = {}
        known, looks, since = dict[str, int](), 0, time.time()
        while not self._over.wait(EVERY):
            if looks % RENAMED == 0:
                known = dict(pids())
            looks += 1
            now = time.time()
            for name, pid in known.items():
                total = waits(pid)
                # Half of the time it could have run it was not let.
                if total is not None and total - waited.get(pid, total) > (now - since) / 2:
                    self._windows.append(Window(fault="overload", subject=name, start=since, end=now))
                if total is not None:
                    waited[pid] = total
            since = now

    def _get(self, url: str) -> Callable[[], object]:
        client = self._clients.enter_context(httpx.Client(timeout=GIVE_UP, trust_env=False))
        return lambda: client.get(url)

    def _writes(self, storage: str) -> dict[str, Callable[[], object]]:
        options = {"retry_total": 0, "connection_timeout": GIVE_UP, "read_timeout": GIVE_UP}
        table = self._clients.enter_context(TableClient.from_connection_string(storage, NAME, **options))
        queue = self._clients.enter_context(QueueClient.from_connection_string(storage, NAME, **options))
        container = self._clients.enter_context(ContainerClient.from_connection_string(storage, NAME, **options))
        blob = self._clients.enter_context(container.get_blob_client(NAME))
        table.create_table()
        queue.create_queue()
        container.create_container()
        return {
            "storage-table": lambda: table.upsert_entity({"PartitionKey": NAME, "RowKey": NAME}),
            "storage-queue": lambda: queue.send_message(NAME, time_to_live=1),
            "storage-blob": lambda: blob.upload_blob(b"", overwrite=True),
        }


def waits(pid: int) -> float | None:
    """Return the seconds that a process's main thread has waited for a processor; None where it is gone.

    Source: "Scheduler Statistics" of the kernel's documentation.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return None


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
