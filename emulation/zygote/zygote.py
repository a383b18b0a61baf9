"""A zygote as its user has it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing import Pipe, reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Self

import msgspec

import emulation
from emulation.child import POLL, Child
from emulation.zygote.orders import Become, Ended, Grow, Order, Told

ROOT = Path(emulation.__file__).parent.parent
LOST = 1
"""The exit code of a process that ended unseen, its zygote having been killed."""
_STANDARD = [0, 1, 2]


class ZygoteGone(RuntimeError):
    """A zygote has ended, so that nothing can be forked from it."""


class Zygote:
    """A process that has imported beforehand; what it forks never outlives the one that holds its standard input.

    Args:
        connection: Leads to it.
        child: The process, where it was started and not forked from another.
    """

    def __init__(self, connection: Connection, child: Child | None = None) -> None:
        self._connection = connection
        self._child = child
        self._lock = threading.Lock()
        self._codes: dict[int, int] = {}
        self.alive = True
        """Whether it can still be asked."""

    @classmethod
    def begin(
        cls, imports: Sequence[str], *, log: Path, env: Mapping[str, str], options: Sequence[str] = ()
    ) -> "Zygote":
        """Start one; it imports while this goes on.

        Args:
            imports: Modules.
            log: The file that takes what it writes.
            env: Its environment.
            options: Options of the interpreter.
        """
        ours, theirs = Pipe()
        command = [sys.executable, *options, "-m", "emulation.zygote", str(theirs.fileno()), *imports]
        env = {**env, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [env.get("PYTHONPATH")])])}
        with theirs:
            child = Child("a zygote", command, log=log, env=env, pass_fds=[theirs.fileno()])
        return cls(ours, child)

    def grown(self, imports: Sequence[str]) -> "Zygote":
        """Fork another, which imports more while this goes on.

        Raises:
            ZygoteGone: This one has ended.
        """
        ours, theirs = Pipe()
        with theirs, self._lock:
            self._tell(Grow(list(imports)), [theirs.fileno()])
        return Zygote(ours)

    def start(  # noqa: PLR0913 - those of Popen
        self,
        command: Sequence[str | Path],
        *,
        stdin: int | None = None,
        stdout: IO[bytes],
        stderr: IO[bytes] | None = None,
        env: Mapping[str, str] | None,
        cwd: Path | None,
        pass_fds: Sequence[int] = (),
    ) -> "ForkedProcess":
        """Fork a process that runs a command of this interpreter; arguments as of `Popen`.

        Args:
            command: The interpreter, with `-m` or `-c` first of all.
            stdin: What it reads; by default a pipe that only this process holds.
            stdout: The file that takes its output.
            stderr: The file that takes its errors; as `stdout` by default.
            env: The whole environment; this process's own when absent.
            cwd: The working directory; this process's own when absent.
            pass_fds: More that it inherits, under the same numbers.

        Raises:
            ValueError: It is another command.
            ZygoteGone: This one has ended.
        """
        arguments = [str(each) for each in command[1:]]
        if arguments[:1] not in (["-m"], ["-c"]):
            msg = f"a zygote runs `-m MODULE` and `-c CODE`, not {arguments[:1]}: the interpreter's options are its own"
            raise ValueError(msg)
        order = Become(
            arguments, dict(os.environ if env is None else env), str(cwd or Path.cwd()), [*_STANDARD, *pass_fds]
        )
        ours: IO[bytes] | None = None
        theirs = stdin
        if theirs is None:
            theirs, end = os.pipe()
            ours = os.fdopen(end, "wb", buffering=0)
        try:
            descriptors = [theirs, stdout.fileno(), (stderr or stdout).fileno(), *pass_fds]
            return ForkedProcess(self, self._ask(order, descriptors), arguments, ours)
        except BaseException:
            if ours is not None:
                ours.close()
            raise
        finally:
            if stdin is None:
                os.close(theirs)

    def complete(
        self, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, stdin: bytes, seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end.

        Args:
            command: As of `start`.
            env: The whole environment.
            cwd: The working directory.
            stdin: What it may read.
            seconds: How long it may take.

        Raises:
            TimeoutExpired: It did not end in time; it is killed.
            ZygoteGone: This one has ended.
        """
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            given.write(stdin)
            given.seek(0)
            process = self.start(command, stdin=given.fileno(), stdout=out, stderr=errors, env=env, cwd=cwd)
            try:
                code = process.wait(seconds)
            except BaseException:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                raise
            out.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(process.arguments, code, out.read(), errors.read())

    def code_of(self, pid: int) -> int | None:
        """Return the exit code of a process that was forked here, None while it runs."""
        with self._lock:
            try:
                while pid not in self._codes and self._connection.poll():
                    self._hear()
            except (EOFError, OSError):
                self.alive = False
            if pid in self._codes:
                return self._codes[pid]
        return None if self.alive or _runs(pid) else LOST

    def close(self) -> None:
        """Fork no more. It ends once what it has forked has; that goes on, but how it ends is not known any more."""
        with self._lock:
            self.alive = False
            self._connection.close()
        if self._child is not None:
            self._child.end_by_itself(seconds=5)

    def _ask(self, order: Order, descriptors: Sequence[int]) -> int:
        with self._lock:
            self._tell(order, descriptors)
            try:
                while (pid := self._hear()) is None:
                    pass
            except (EOFError, OSError) as error:
                raise self._gone() from error
        return pid

    def _tell(self, order: Order, descriptors: Sequence[int]) -> None:
        try:
            self._connection.send_bytes(msgspec.json.encode(order))
            for each in descriptors:
                reduction.send_handle(self._connection, each, 0)
        except OSError as error:
            raise self._gone() from error

    def _gone(self) -> ZygoteGone:
        self.alive = False
        return ZygoteGone("a zygote has ended, most likely killed by somebody")

    def _hear(self) -> int | None:
        told: Told = msgspec.json.decode(self._connection.recv_bytes(), type=Told)
        if isinstance(told, Ended):
            self._codes[told.pid] = told.code
            return None
        return told.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ForkedProcess:
    """A process that a zygote has forked: of `Popen` what `Child` asks for.

    Args:
        zygote: Whose it is.
        pid: Its id.
        arguments: What it runs.
        stdin: The end of its standard input that is ours, where it is a pipe.
    """

    def __init__(self, zygote: Zygote, pid: int, arguments: Sequence[str], stdin: IO[bytes] | None) -> None:
        self._zygote = zygote
        self._code: int | None = None
        self.pid = pid
        self.arguments = arguments
        self.stdin = stdin

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        if self._code is None:
            self._code = self._zygote.code_of(self.pid)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and return its exit code.

        Raises:
            TimeoutExpired: It still runs.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(list(self.arguments), timeout or 0.0)
            time.sleep(POLL)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
