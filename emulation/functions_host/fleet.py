"""One process for each scaling group, all of one lifetime.

The process that was started serves nobody: it imports what every host needs but no app, forks the members and stays
alone with them, so that it can fork another in the place of one that was killed. Each member loads the app for itself:
nothing of it is shared. The member of the HTTP group owns the port.
"""

import asyncio
import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import TYPE_CHECKING, Any

import msgspec

from emulation.functions_host import groups
from emulation.functions_host.errors import HostError
from emulation.functions_host.host import Host, Options
from emulation.functions_host.keys import given
from emulation.functions_host.serving import FAILED, Line, end_with, serve

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

SHARED = (
    "azure.functions",
    "azure_functions_runtime",
    "azure.storage.blob.aio",
    "emulation.functions_host.listeners.service_bus",
    "emulation.functions_host.listeners.storage_queue",
    "emulation.functions_host.listeners.timer",
)
SLACK = 5.0

type Say = Callable[[str, dict[str, Any]], None]


def load_shared() -> None:
    """Import what every member needs; nothing of the app."""
    for name in SHARED:
        importlib.import_module(name)


class _Member:
    """One process; `ready` is what it said when it was."""

    def __init__(self, options: Options, group: str, others: Iterable["_Member"]) -> None:
        context = multiprocessing.get_context("fork")
        self.group = group
        self.ready: dict[str, Any] = {}
        self.line, theirs = context.Pipe()
        # If the member kept a copy of our end, its own would never see the end of file when we are gone.
        ours = [self.line, *(each.line for each in others)]
        self.process: ForkProcess = context.Process(target=_run, args=(options, group, theirs, ours), name=group)
        self.process.start()
        theirs.close()

    @property
    def shown(self) -> dict[str, Any]:
        return {"group": self.group, "pid": self.ready["pid"], "url": self.ready["url"]}


class Fleet:
    """Starts, replaces and stops the members.

    Args:
        options: How the host is run.
        say: Told `ready` once all are, and `process` of each that took the place of another.
        parent: A file descriptor that becomes readable when the process that started this one is gone.
    """

    def __init__(self, options: Options, say: Say, parent: int | None) -> None:
        self._options = options
        self._say = say
        self._parent = parent
        self._members: dict[str, _Member] = {}
        self._said = False
        self._stopping = False
        self._failure = ""
        self._woken, self._wake = os.pipe()

    def run(self) -> None:
        """Run until SIGTERM or Ctrl-C.

        Raises:
            HostError: A member ended by itself.
        """
        load_shared()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)
        self._begin(groups.HTTP)
        while not self._stopping:
            self._turn(None)
        for member in self._members.values():
            member.process.terminate()
        deadline = time.monotonic() + 2 * self._options.drain + SLACK
        while self._members and (left := deadline - time.monotonic()) > 0:
            self._turn(left)
        for member in self._members.values():
            member.process.kill()
            member.process.join()
        if self._failure:
            raise HostError(self._failure)

    def _begin(self, group: str) -> None:
        self._members[group] = _Member(self._options, group, self._members.values())

    def _turn(self, seconds: float | None) -> None:
        """Wait until something happens, and act upon it."""
        by_line = {member.line: member for member in self._members.values() if not member.ready}
        by_end = {member.process.sentinel: member for member in self._members.values()}
        parent = () if self._parent is None else (self._parent,)
        for happened in wait([self._woken, *parent, *by_line, *by_end], seconds):
            if happened == self._woken:
                os.read(self._woken, 4096)
            elif self._parent is not None and happened == self._parent:
                end_with(self._parent)
            elif isinstance(happened, Connection):
                self._heard(by_line[happened])
            elif isinstance(happened, int):
                self._ended(by_end[happened])

    def _heard(self, member: _Member) -> None:
        try:
            member.ready = member.line.recv()
        except EOFError:
            return  # it is at its end
        if self._said:
            self._say("process", member.shown)
        elif member.group == groups.HTTP:
            port = int(member.ready["url"].rsplit(":", 1)[1])
            self._options = msgspec.structs.replace(self._options, port=port, keys=given(member.ready["keys"]))
            for group in groups.others(member.ready["functions"]):
                self._begin(group)
        if all(each.ready for each in self._members.values()):
            self._introduce()

    def _introduce(self) -> None:
        """Tell who answers HTTP where the others are, and say that all are ready."""
        http = self._members[groups.HTTP]
        shown = [each.shown for each in self._members.values()]
        http.line.send({each["group"]: each["url"] for each in shown})
        if not self._said:
            self._said = True
            self._say("ready", {**http.ready, "processes": shown})

    def _ended(self, member: _Member) -> None:
        member.process.join()
        code = member.process.exitcode or 0
        member.process.close()
        member.line.close()
        del self._members[member.group]
        if self._stopping:
            return
        if code < 0 and self._said:
            print(f"{member.group}: its process was ended by signal {-code}; another takes its place", file=sys.stderr)
            self._begin(member.group)
            return
        self._failure = f"The process of {member.group} ended by itself with exit code {code}."
        self._stopping = True

    def _told_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        os.write(self._wake, b"!")


def _run(options: Options, group: str, line: Connection, ours: Iterable[Connection]) -> None:
    """Be the process of one group."""
    for each in ours:
        each.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the one that stops all
    os.environ[groups.TARGET] = group
    if group != groups.HTTP:
        options = msgspec.structs.replace(options, port=0)
    host = Host(options)

    def hear() -> None:
        try:
            host.elsewhere.update(line.recv())
        except (EOFError, OSError):
            os._exit(FAILED)  # the parent was killed

    try:
        asyncio.run(serve(host, line.send, Line(line.fileno(), hear)))
    except HostError as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)
