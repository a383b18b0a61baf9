"""Answers as a row of letters, and what is told under it.

Each column is a round, five minutes after the one before. Answers: `.` well, `B` bad (Dataverse says not linked), `U`
unknown, `-` not asked. Silence: `m` maintenance, `i` explained by another incident. Told: `t` triggered, `c` changed,
`a` reminder (again), `e` escalated, `f` flapping, `r` resolved, `l` relinked, `*` several.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from integration.config.keys.health import Escalation, Thresholds
from integration.health.check import OK, Answer, not_asked
from integration.health.machine import Circumstances, Notice, State, advance, due, settle
from integration.links.values import Linked

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ROUND = timedelta(minutes=5)
LOST = Answer(health="bad", code="0x80048d0b", message="not integrated", hint="link it")
AWAY = Answer(health="unknown", code="Unreachable", message="no answer", hint="look")
ANSWERS = {".": OK, "B": LOST, "U": AWAY, "-": not_asked("token")}
SILENCES = {
    " ": Circumstances(),
    "m": Circumstances(maintenance=True),
    "i": Circumstances(inhibited_by="entra:contoso.com"),
}
LETTERS = {
    "triggered": "t",
    "changed": "c",
    "reminder": "a",
    "escalated": "e",
    "flapping": "f",
    "resolved": "r",
    "relinked": "l",
}
QUIET = Thresholds(failure_threshold=1, success_threshold=1, flapping=0, reminder_every=timedelta(0), escalation=())
"""One answer is enough, and nothing is said twice: what a rule's table is laid on."""

type Order = Callable[[State, datetime], State]


def at(column: int) -> datetime:
    return START + column * ROUND


def link(host: str) -> Answer:
    linked = Linked(
        url=f"https://{host}.operations.dynamics.com", tenant_id="t", id=host, trusted=True, checked_at=START
    )
    return Answer(health="ok", link=linked)


def steps(*afters: timedelta) -> tuple[Escalation, ...]:
    return tuple(Escalation(after=after, targets=(f"oncall{n}",)) for n, after in enumerate(afters, 1))


class Played:
    """A machine that is played: after each answer it is written, read again, and what is due is sent.

    Args:
        state: Before the first answer.
        routes: Which take what is sent to all; None: nothing can be sent.
        kind: The machine's.
    """

    def __init__(
        self, state: State | None = None, *, routes: tuple[str, ...] | None = ("mail",), kind: str = "integration"
    ) -> None:
        self.state = state or State()
        self.routes = routes
        self.kind = kind
        self.notices: list[Notice] = []
        self.column = 0

    def answer(self, answer: Answer, now: datetime, settings: Thresholds, around: Circumstances | None = None) -> str:
        """Take one answer and give the letters of what is told."""
        before = len(self.state.outbox)
        after = advance(self.state, answer, now, settings, around or Circumstances(), kind=self.kind, subject="contoso")
        written = after.outbox[before:]
        self.state = msgspec.json.decode(msgspec.json.encode(after), type=State)
        self.notices.extend(written)
        self.send()
        return "".join(LETTERS[notice.transition] for notice in written)

    def send(self) -> None:
        """Send what is due, as long as something is."""
        while self.routes is not None and (ready := due(self.state)):
            for notice in ready:
                routes = self.routes if notice.routes is None else notice.routes
                hidden = tuple(f"escalation:{target}" for target in notice.escalation)
                self.state = settle(self.state, notice.key, (*routes, *hidden))

    def told(self, transition: str) -> list[Notice]:
        return [notice for notice in self.notices if notice.transition == transition]


def play(
    answers: str | list[Answer],
    settings: Thresholds = QUIET,
    *,
    silence: str = "",
    orders: Mapping[int, Order] | None = None,
    played: Played | None = None,
    every: timedelta = ROUND,
) -> tuple[str, Played]:
    """Play a row.

    Args:
        answers: Letters, or the answers themselves.
        settings: What holds.
        silence: Letters; no more than there are: none.
        orders: What an operator orders just before the answer of a column.
        played: The machine, which goes on where it is; left out: a new one.
        every: Between two answers.

    Returns:
        What is told, a letter a column without the blanks at its end; and the machine.
    """
    played = played or Played()
    row = [ANSWERS[each] if isinstance(each, str) else each for each in answers]
    line = ""
    for column, answer in enumerate(row):
        now = START + played.column * every
        played.column += 1
        if orders and column in orders:
            played.state = orders[column](played.state, now)
        letters = played.answer(answer, now, settings, SILENCES[silence[column : column + 1] or " "])
        line += letters if len(letters) < 2 else "*"
        line += " " if not letters else ""
    return line.rstrip(), played
