"""Who had the processors while something was measured: without that a rate on a shared machine cannot be read."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

TICKS = os.sysconf("SC_CLK_TCK")


class Usage(msgspec.Struct, frozen=True):
    """Processor time between two looks.

    Args:
        seconds: How long it was.
        spent: Processor seconds of each process by its name.
        machine: Processor seconds of all processes of the machine together, and of the kernel.
    """

    seconds: float
    spent: Mapping[str, float]
    machine: float

    def __str__(self) -> str:
        shares = {**self.spent, "everything else": max(0.0, self.machine - sum(self.spent.values()))}
        said = ", ".join(f"{name} {spent / self.seconds:.2f}" for name, spent in shares.items())
        return f"processors: {said} of {os.cpu_count()}"


class Meter:
    """Reads processor time from /proc (Linux).

    Args:
        processes: The processes by the names they are told under.
    """

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = dict(processes)
        self._at, self._spent, self._machine = self._look()

    def lap(self) -> Usage:
        """Return what was used since the last lap, or the beginning."""
        at, spent, machine = self._look()
        used = {name: seconds - self._spent[name] for name, seconds in spent.items()}
        usage = Usage(at - self._at, used, machine - self._machine)
        self._at, self._spent, self._machine = at, spent, machine
        return usage

    def _look(self) -> tuple[float, dict[str, float], float]:
        spent = {name: _spent(pid) for name, pid in self._processes.items()}
        return time.monotonic(), spent, _machine()


def _spent(pid: int) -> float:
    # The name in brackets may hold spaces; utime and stime are the fields 14 and 15 (proc_pid_stat(5)).
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _machine() -> float:
    # user nice system idle iowait irq softirq (proc_stat(5)); what waits for a disk is no work.
    user, nice, system, _, _, irq, softirq, *_ = Path("/proc/stat").read_text(encoding="ascii").split()[1:]
    return sum(map(int, (user, nice, system, irq, softirq))) / TICKS
