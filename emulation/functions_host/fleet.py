"""One process for each scaling group, all of one lifetime.

The process that was started serves nobody: it imports what every host needs but no app, forks the members and stays
alone with them, so that it can fork another in the place of one that was killed. Each member loads the app for itself:
nothing of it is shared. The member of the HTTP group owns the port.
"""

import asyncio
import contextlib
import gc
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

from emulation.functions_host import groups, libraries
from emulation.functions_host.errors import HostError
from emulation.functions_host.host import Host, Options
from emulation.functions_host.keys import given
from emulation.functions_host.serving import FAILED, Hold, Line, end_with, serve

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

SLACK = 5.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)
# What members say, and what they are told.
READY, LOADED, CLOSED = "ready", "loaded", "closed"
OPEN, ELSEWHERE = "open", "elsewhere"

type Say = Callable[[str, dict[str, Any]], None]


class _Member:
    """One process; `ready` is what it said when it was."""

    def __init__(
        self,
        options: Options,
        group: str,
        others: Iterable["_Member"],
        opened: bool | None,  # noqa: FBT001 (as of `_run`)
    ) -> None:
        context = multiprocessing.get_context("fork")
        self.group = group
        self.ready: dict[str, Any] = {}
        self.line, theirs = context.Pipe()
        # If the member kept a copy of our end, its own would never see the end of file when we are gone.
        ours = [self.line, *(each.line for each in others)]
        self.process: ForkProcess = context.Process(
            target=_run, args=(options, group, theirs, ours, opened), name=group
        )
        # A signal that came before the process has its own way with signals would be taken for one to this process.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        theirs.close()

    @property
    def shown(self) -> dict[str, Any]:
        return {"group": self.group, "pid": self.ready["pid"], "url": self.ready["url"]}


class Fleet:
    """Starts, replaces and stops the members.

    Args:
        options: How the host is run.
        say: Told `ready` once all are, and `process` of each that took the place of another; where it is held, also
            `loaded` once HTTP could answer, `answers` once it does and `closed` once it takes no more connections.
        parent: A file descriptor that becomes readable when the process that started this one is gone.
        held: Answer only once something can be read there.
        at_once: How many start at the same time, beside that of HTTP, which is the first; 0: all.
    """

    def __init__(self, options: Options, say: Say, parent: int | None, *, held: bool = False, at_once: int = 0) -> None:
        self._options = options
        self._say = say
        self._parent = parent
        self._held = held
        self._opened = not held
        self._at_once = at_once
        self._waiting: list[str] = []
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
        libraries.load()
        gc.freeze()  # what is there stays: no member need look at it when it collects
        for number in SIGNALS:
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
        opened = self._opened if self._held and group == groups.HTTP else None
        self._members[group] = _Member(self._options, group, self._members.values(), opened)

    def _turn(self, seconds: float | None) -> None:
        """Wait until something happens, and act upon it."""
        by_line = {
            member.line: member
            for member in self._members.values()
            if not member.ready or (self._held and member.group == groups.HTTP)
        }
        by_end = {member.process.sentinel: member for member in self._members.values()}
        parent = () if self._parent is None else (self._parent,)
        for happened in wait([self._woken, *parent, *by_line, *by_end], seconds):
            if happened == self._woken:
                os.read(self._woken, 4096)
            elif self._parent is not None and happened == self._parent:
                end_with(self._parent)
                self._open()
            elif isinstance(happened, Connection):
                self._heard(by_line[happened])
            elif isinstance(happened, int):
                self._ended(by_end[happened])

    def _heard(self, member: _Member) -> None:
        try:
            what, said = member.line.recv()
        except EOFError:
            return  # it is at its end
        if what != READY:
            self._say(what, said)
            return
        member.ready = said
        if self._said:
            self._say("process", member.shown)
        elif member.group == groups.HTTP:
            port = int(member.ready["url"].rsplit(":", 1)[1])
            self._options = msgspec.structs.replace(self._options, port=port, keys=given(member.ready["keys"]))
            if self._held:
                self._say("answers", member.ready)
            self._waiting += groups.others(member.ready["functions"])
        self._begin_more()
        if not self._waiting and all(each.ready for each in self._members.values()):
            self._introduce()

    def _begin_more(self) -> None:
        """Begin with as many of those that wait as may start at the same time."""
        if self._stopping:
            return
        starting = sum(not each.ready for each in self._members.values())
        free = len(self._waiting) if not self._at_once else max(0, self._at_once - starting)
        now, self._waiting = self._waiting[:free], self._waiting[free:]
        for group in now:
            self._begin(group)

    def _open(self) -> None:
        """Let HTTP answer."""
        http = self._members.get(groups.HTTP)
        if not self._opened and http is not None:
            self._opened = True
            with contextlib.suppress(BrokenPipeError):  # it has ended, which is told by itself
                http.line.send((OPEN, {}))

    def _introduce(self) -> None:
        """Tell who answers HTTP where the others are, and say that all are ready."""
        http = self._members[groups.HTTP]
        shown = [each.shown for each in self._members.values()]
        http.line.send((ELSEWHERE, {each["group"]: each["url"] for each in shown}))
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


def _run(options: Options, group: str, line: Connection, ours: Iterable[Connection], opened: bool | None) -> None:  # noqa: FBT001 (a process's arguments)
    """Be the process of one group.

    Args:
        options: How the host is run.
        group: Its name.
        line: To the one that has started it.
        ours: What that one has beside, to be closed here.
        opened: Whether it may answer as soon as it can; None: it is not held.
    """
    for each in ours:
        each.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the one that stops all
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.environ[groups.TARGET] = group
    if group != groups.HTTP:
        if options.listening is not None:
            os.close(options.listening)
        options = msgspec.structs.replace(options, port=0, listening=None)
    host = Host(options)
    hold = None if opened is None else _hold(line, opened=opened)

    def hear() -> None:
        try:
            what, told = line.recv()
        except (EOFError, OSError):
            os._exit(FAILED)  # the parent was killed
        if what == ELSEWHERE:
            host.elsewhere.update(told)
        elif hold is not None:
            hold.opened.set()

    try:
        asyncio.run(serve(host, lambda ready: line.send((READY, ready)), Line(line.fileno(), hear), hold))
    except HostError as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)


def _hold(line: Connection, *, opened: bool) -> Hold:
    hold = Hold(lambda: line.send((LOADED, {})), lambda: line.send((CLOSED, {})))
    if opened:
        hold.opened.set()
    return hold
