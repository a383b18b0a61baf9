"""Two probers on one row, which is written under its ETag before anything is sent, and what the routes have heard."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from integration.config.keys.health import Thresholds
from integration.health.check import Answer
from integration.health.machine import Circumstances, Notice, State, advance, due, settle

type Fault = Literal["", "unwritten", "unheard", "unsent", "partly", "halfway", "unsettled", "lost race", "overtaken"]
FAULTS: tuple[Fault, ...] = (
    "unwritten",  # the account is away: nothing is written, and so nothing sent
    "unheard",  # it is written, and the answer is lost: the prober does not know
    "unsent",  # no route can take anything
    "partly",  # one route takes it and the others cannot
    "halfway",  # the first notice is sent, then the process dies
    "unsettled",  # all is sent, then the process dies
    "lost race",  # the other one has read the same row, and writes second
    "overtaken",  # the other one takes the next answer before this one sends
)


class Told(msgspec.Struct, frozen=True):
    """A notice as it was written, with what was silent then."""

    notice: Notice
    silent: bool
    muted: bool


class Fleet:
    """The row, the routes and both probers.

    Args:
        routes: What each takes, by name, of what is sent to all.
    """

    def __init__(self, routes: dict[str, Callable[[Notice], bool]]) -> None:
        self.routes = routes
        self.row = msgspec.json.encode(State())
        self.etag = 0
        self.told: list[Told] = []
        self.counted: list[tuple[datetime, Answer, Circumstances, bool]] = []
        self.heard: dict[str, dict[str, Notice]] = {}
        self.sent: dict[str, Notice] = {}

    @property
    def state(self) -> State:
        return msgspec.json.decode(self.row, type=State)

    def _write(self, state: State, etag: int) -> bool:
        if etag != self.etag:
            return False
        self.row = msgspec.json.encode(state)
        self.etag += 1
        return True

    def order(self, order: Callable[[State], State]) -> None:
        self._write(order(self.state), self.etag)

    def round(
        self,
        answer: Answer,
        now: datetime,
        settings: Thresholds,
        around: Circumstances,
        fault: Fault = "",
    ) -> None:
        """One round of one prober, as well as the fault lets it."""
        before, etag = self.state, self.etag
        after = self._advanced(before, answer, now, settings, around)
        if fault == "unwritten":
            return
        assert self._write(after, etag)
        self._keep(before, after, answer, now, around)
        if fault == "lost race":
            late = self._advanced(before, answer, now + timedelta(seconds=1), settings, around)
            assert not self._write(late, etag)
        if fault == "overtaken":
            self.round(answer, now + timedelta(seconds=1), settings, around)
        if fault not in ("unheard", "unsent"):
            self._send(after, etag + 1, fault)

    def _advanced(self, state, answer, now, settings, around) -> State:
        after = advance(state, answer, now, settings, around, kind="integration", subject="contoso")
        again = advance(state, answer, now, settings, around, kind="integration", subject="contoso")
        assert after == again
        return after

    def _keep(self, before, after, answer, now, around) -> None:
        muted = before.is_muted(now)
        silent = bool(around.maintenance or around.inhibited_by or muted)
        written = after.outbox[len(before.outbox) :]
        assert after.outbox[: len(before.outbox)] == before.outbox
        self.told.extend(Told(notice, silent, muted) for notice in written)
        if answer.health != "not_asked":
            self.counted.append((now, answer, around, muted))

    def _send(self, state: State, etag: int, fault: Fault) -> None:
        """Send what this prober has read; what it settles is refused once the row has changed."""
        while ready := due(state):
            for notice in ready:
                took = self._took(notice, some=fault == "partly")
                state = settle(state, notice.key, took, done=fault != "partly")
                if fault == "halfway":
                    return
                if fault != "unsettled" and self._write(state, etag):
                    etag += 1
            if fault == "partly":
                return

    def _took(self, notice: Notice, *, some: bool) -> tuple[str, ...]:
        names = [name for name, takes in self.routes.items() if takes(notice)]
        names = names if notice.routes is None else list(notice.routes)
        names += [f"escalation:{target}" for target in notice.escalation]
        first = self.sent.setdefault(notice.key, notice)
        unaddressed = {"routes": None, "settled": ()}
        assert msgspec.structs.replace(first, **unaddressed) == msgspec.structs.replace(notice, **unaddressed)
        for name in names[:1] if some else names:
            self.heard.setdefault(name, {}).setdefault(notice.key, notice)
        return tuple(names[:1] if some else names)

    def drain(self) -> None:
        """Send what is left."""
        self._send(self.state, self.etag, "")
        assert self.state.outbox == ()
