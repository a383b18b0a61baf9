"""Which files make the world start anew when they change."""

import queue
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import watchfiles

from emulation.app_folder import app_folder
from emulation.local.given import Given

CODE = "integration"
ALONE = ("function_app.py", "host.json")
# Editors write a file in several steps: what comes this close together is one change.
_TOGETHER_MS = 200
_SUFFIXES = frozenset({".py", ".html", ".json", ".css", ".js", ".toml"})

type Changes = frozenset[Path]


class Watcher:
    """Tells which of the files have changed; folders are watched, as editors replace files.

    Args:
        given: The configuration and the settings file.
    """

    def __init__(self, given: Given) -> None:
        app = app_folder()
        self._alone = frozenset({given.configuration, given.file, *(app / name for name in ALONE)})
        self._stop = threading.Event()
        self._changed: queue.SimpleQueue[Changes | None] = queue.SimpleQueue()
        folders = {str(each.parent) for each in self._alone if each.parent.is_dir()}
        watched = [(folders, False, self._is_alone)]
        if (app / CODE).is_dir():  # an installed one does not change
            watched.append(({str(app / CODE)}, True, _is_code))
        self._threads = [
            threading.Thread(target=self._watch, args=each, name="watching files", daemon=True) for each in watched
        ]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for each in self._threads:
            each.join()

    def wait(self) -> Changes | None:
        """Return what has changed, once something has; None after `end`."""
        changed = self._changed.get()
        while changed is not None and not self._changed.empty():
            more = self._changed.get()
            changed = None if more is None else changed | more
        return changed

    @property
    def pending(self) -> bool:
        """Whether `wait` would return at once."""
        return not self._changed.empty()

    def end(self) -> None:
        """Let `wait` return None; may be called by a signal handler."""
        self._changed.put(None)

    def _watch(self, folders: Iterable[str], recursive: bool, is_meant: Callable[[Path], bool]) -> None:  # noqa: FBT001 (a thread's arguments)
        def meant(_change: watchfiles.Change, path: str) -> bool:
            return is_meant(Path(path))

        for changes in watchfiles.watch(
            *folders,
            watch_filter=meant,
            debounce=_TOGETHER_MS,
            rust_timeout=500,
            yield_on_timeout=False,
            stop_event=self._stop,
            recursive=recursive,
            raise_interrupt=False,
        ):
            self._changed.put(frozenset(Path(path) for _, path in changes))

    def _is_alone(self, path: Path) -> bool:
        return path in self._alone


def touches_code(changed: Iterable[Path]) -> bool:
    """Tell whether a file of the app's own code is among these."""
    code = app_folder() / CODE
    return any(path.is_relative_to(code) for path in changed)


def _is_code(path: Path) -> bool:
    return path.suffix in _SUFFIXES and "__pycache__" not in path.parts
