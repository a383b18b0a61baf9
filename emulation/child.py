"""A child process that never outlives its parent and whose output can be read."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol, Self

POLL = 0.01


class ChildFailed(RuntimeError):
    """A child process ended, or did not become ready in time."""


class Running(Protocol):
    """A process that was started: of `Popen` what `Child` asks for."""

    pid: int
    """Its id; it leads a group of its own."""

    @property
    def stdin(self) -> IO[bytes] | None:
        """Its standard input, which only this process holds."""
        ...

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, raise `TimeoutExpired` where it has not, and return its exit code."""
        ...

    def terminate(self) -> None:
        """Ask it to end."""
        ...


class Start(Protocol):
    """Starts a command, with its errors where its output is and a pipe for its standard input."""

    def __call__(
        self,
        command: Sequence[str | Path],
        /,
        *,
        stdout: IO[bytes],
        env: Mapping[str, str] | None,
        cwd: Path | None,
        pass_fds: Sequence[int],
    ) -> Running:
        """Start it."""
        ...


def spawned(
    command: Sequence[str | Path],
    /,
    *,
    stdout: IO[bytes],
    env: Mapping[str, str] | None,
    cwd: Path | None,
    pass_fds: Sequence[int],
) -> subprocess.Popen[bytes]:
    """Start a command as a process of its own kind."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        pass_fds=pass_fds,
        start_new_session=True,  # Ctrl-C on the terminal reaches the parent only, which stops children in order
    )


class Child:
    """One process with its output in a file.

    Its standard input is a pipe that only this process holds: the child is expected to end when it closes, which the
    operating system does even when this process is killed.

    Args:
        name: What the process is called in error messages.
        command: Program and arguments.
        log: The file that takes its output; appended to.
        env: The whole environment; this process's own when absent.
        cwd: The working directory; this process's own when absent.
        pass_fds: Descriptors that it inherits.
        start: Starts it.
    """

    def __init__(  # noqa: PLR0913 - keyword-only options, each with its default
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
        start: Start = spawned,
    ) -> None:
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._offset = output.tell()
            self._process = start(command, stdout=output, env=env, cwd=cwd, pass_fds=pass_fds)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything that this process has written so far."""
        with self._log.open("rb") as output:
            output.seek(self._offset)
            return output.read().decode(errors="replace")

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while the process runs; negative for a signal."""
        return self._process.poll()

    def wait_until[T](self, read: Callable[[str], T | None], *, seconds: float) -> T:
        """Wait until the output says what `read` looks for.

        Args:
            read: Given the output so far, returns what was found or None.
            seconds: How long to wait.

        Returns:
            What `read` found.

        Raises:
            ChildFailed: The process ended or time ran out; the message holds the end of its output.
        """
        deadline = time.monotonic() + seconds
        while True:
            exit_code = self.exit_code
            output = self.log
            found = read(output)
            if found is not None:
                return found
            if exit_code is not None:
                msg = f"{self.name} ended with exit code {exit_code} before it was ready.\n{_tail(output)}"
                raise ChildFailed(msg)
            if time.monotonic() > deadline:
                msg = f"{self.name} was not ready after {seconds:g} s.\n{_tail(output)}"
                raise ChildFailed(msg)
            time.sleep(POLL)

    def wait(self, *, seconds: float) -> int:
        """Wait for the process to end by itself and return its exit code."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            msg = f"{self.name} still runs after {seconds:g} s.\n{_tail(self.log)}"
            raise ChildFailed(msg) from late

    def tell(self, what: bytes) -> None:
        """Write to the standard input of the process; one that has ended is found out by `wait_until`."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._process.stdin.fileno(), what)

    def terminate(self) -> None:
        """Ask the process to end, frozen or not."""
        if self._process.poll() is None:
            self.resume()
            self._process.terminate()

    def stop(self, *, seconds: float) -> int:
        """Ask the process to end, wait, kill it if it has not; return its exit code."""
        if self._process.poll() is None:
            self.terminate()
        return self.end_by_itself(seconds=seconds)

    def end_by_itself(self, *, seconds: float) -> int:
        """Wait for the process to end, kill it if it does not in time; return its exit code."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
        return self._reap()

    def kill(self) -> int:
        """End the process as a crash does (SIGKILL), with those that it started; return its exit code."""
        self._signal(signal.SIGKILL)
        return self._reap()

    def pause(self) -> None:
        """Freeze the process and those that it started: their connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let frozen processes go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            os.killpg(self.pid, number)  # it leads a group of its own

    def _reap(self) -> int:
        exit_code = self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return exit_code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(seconds=5)


def _tail(output: str, lines: int = 40) -> str:
    return "\n".join(output.splitlines()[-lines:])
