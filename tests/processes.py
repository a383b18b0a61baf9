"""Whether a process of another process still runs, for tests that nothing is left behind."""

import subprocess
import time

LIMIT = 120


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True)  # noqa: S607 - ps is where PATH says
    return [int(line) for line in listed.stdout.split()]


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and that nobody has waited for does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607 - ps is where PATH says
    return state.stdout.strip()[:1] not in {"", "Z"}


def wait_until_ended(*pids: int) -> None:
    """Wait until processes have ended."""
    deadline = time.monotonic() + LIMIT
    while any(map(alive, pids)):
        assert time.monotonic() < deadline, f"of the processes {pids}, some outlived their parent"
        time.sleep(0.05)
