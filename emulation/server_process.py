"""An emulated service as a child process: one JSON line says that it is ready and where."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from emulation.child import Child

READY_WITHIN = 30.0
END_WITHIN = 10.0


class ServerProcess[Ready: msgspec.Struct]:
    """Runs `python -m MODULE --until-stdin-closes …` and reads the JSON line it prints when ready.

    Args:
        module: The module to run.
        ready: The type of the line.
    """

    def __init__(self, module: str, ready: type[Ready]) -> None:
        self._module = module
        self._type = ready
        self._exit = ExitStack()
        self._child: Child | None = None
        self._ready: Ready | None = None

    @property
    def ready(self) -> Ready:
        """The line.

        Raises:
            RuntimeError: The process is not running.
        """
        if self._ready is None:
            msg = f"{self._module} is not running; call start() or use it in a with statement"
            raise RuntimeError(msg)
        return self._ready

    @property
    def pid(self) -> int:
        """The process id; 0 while it does not run."""
        return self._child.pid if self._child is not None else 0

    def start(self, *arguments: str, config: msgspec.Struct | None = None) -> None:
        """Start the process; return once it is ready.

        Args:
            arguments: Further command-line arguments.
            config: Written as JSON to a file that `--config` names.

        Raises:
            ChildFailed: It ended, or was not ready in time; the message holds what it printed.
        """
        folder = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="fno-link-")))
        command = [sys.executable, "-m", self._module, "--until-stdin-closes", *arguments]
        if config is not None:
            file = folder / "config.json"
            file.write_bytes(msgspec.json.encode(config))
            command += ["--config", str(file)]
        self._child = Child(self._module, command, log=folder / "log", cwd=Path(__file__).parents[1])
        try:
            self._ready = self._child.wait_until(self._read, seconds=READY_WITHIN)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> int:
        """End the process and wait for it; return its exit code, 0 where none ran."""
        return self._end(lambda child: child.stop(seconds=END_WITHIN))

    def kill(self) -> int:
        """End the process as a crash does; return its exit code, 0 where none ran."""
        return self._end(lambda child: child.kill())

    def _end(self, how: Callable[[Child], int]) -> int:
        child, self._child, self._ready = self._child, None, None
        exit_code = how(child) if child else 0
        self._exit.close()
        return exit_code

    def _read(self, output: str) -> Ready | None:
        for line in output.splitlines(keepends=True):
            if line.startswith("{") and line.endswith("}\n"):
                return msgspec.json.decode(line, type=self._type)
        return None


@contextmanager
def told_to_end(*, watch_stdin: bool) -> Generator[asyncio.Event]:
    """Give the event that SIGTERM, SIGINT or, where asked, the end of standard input sets.

    Entered before a process says that it is ready: whoever reads that may end it at once.

    Args:
        watch_stdin: A parent that was killed cannot say goodbye; its end of the pipe closes all the same.
    """
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if watch_stdin:
        loop.add_reader(sys.stdin, end.set)
    try:
        yield end
    finally:
        if watch_stdin:
            loop.remove_reader(sys.stdin)
