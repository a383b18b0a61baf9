"""Random histories of one event: workers that crash and stall, duplicates, resends, replays, a clock that jumps.

The model has a row that is written atomically (in Azure by If-Match), queues that give a message back when its worker
dies, and blobs. Each effect is a step of its own, in the order that the house promises, and a crash may fall between
any two. The sender may put other data under the same id: none of it may take the place of what came first.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from integration.journal.claim import WHOLE, Differs, Kind, Process, Refuse, Wait, claim
from integration.journal.record import Entry, Row, Subject
from integration.journal.run import begun, ended, overtaken, superseded
from integration.journal.scope import ByRoute, Scope

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROUTES = ("a", "b")
SUBJECT = Subject(organization="contoso", key="a" * 64)


@dataclass(eq=False)
class Message:
    """What drives the event: a message on a queue, or the blob of a parked delivery."""

    kind: Kind
    due: datetime
    generation: int = 0
    scope: Scope = WHOLE
    digest: str = "first"
    age: int = 0  # how many rows of the event had been dropped when it was written


@dataclass(eq=False)
class Worker:
    message: Message
    run: Process
    row: Row
    todo: list[str]
    entries: list[Entry] = field(default_factory=list)


class History(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.row: Row | None = None
        self.waiting: list[Message] = [Message("source", START)]
        self.workers: list[Worker] = []
        self.delivered: list[str] = []
        self.contents: list[str] = []  # the digests of what was delivered since the row was there
        self.dead: set[str] = set()
        self.beside: set[str] = set()  # the digests of what is kept beside the event
        self.age = 0
        self.stored: dict[str, tuple[str, int]] = {}  # route: what its dead letter holds
        self.letters: dict[str, int] = {}  # route: the generation that wrote its dead letter, where one lies
        self.owners = 0

    # -- the steps of a run, each of which may be the last

    def take(self, message: Message) -> None:
        """Claim; the message is invisible to the others until it is acknowledged or its worker dies."""
        self.waiting.remove(message)
        decision = claim(
            self.row, message.kind, message.generation, self.now, scope=message.scope, digest=message.digest
        )
        match decision:
            case Process():
                self.owners += 1
                fresh = Row(
                    subject=SUBJECT,
                    state="received",
                    generation=0,
                    accepted_at=self.now,
                    digest=message.digest if message.kind in ("source", "recheck") else "",
                )
                self.row = begun(
                    self.row or fresh, decision, owner=str(self.owners), now=self.now, digest=message.digest
                )
                matching = [ByRoute(name) for name in ROUTES] if decision.whole else []
                todo = dict.fromkeys((*(each for each in matching if each not in decision.settled), *decision.scopes))
                self.workers.append(Worker(message, decision, self.row, [scope.route for scope in todo]))
            case Wait():
                kind = "recheck" if message.kind == "source" else message.kind
                self.waiting.append(
                    Message(kind, decision.until, message.generation, message.scope, message.digest, message.age)
                )
            case Differs(digest=digest):
                assert digest != message.digest
                self.beside.add(message.digest)
            case Refuse():
                self.waiting.append(message)  # the blob stays where it is; a replay goes on later
            case _:
                pass  # acknowledged

    def attempt(self, worker: Worker, outcome: str) -> None:
        route = worker.todo.pop()
        match outcome:
            case "delivered":
                self.delivered.append(route)
                if worker.message.age == self.age:
                    self.contents.append(worker.message.digest)
            case "deferred":
                self.waiting.append(self.follows(worker, "continuation", route, worker.row.generation))
            case "parked":
                self.waiting.append(self.follows(worker, "release", route))
            case "dead_lettered":
                self.dead.add(route)
                self.letters[route] = worker.row.generation
                self.stored[route] = (worker.message.digest, worker.message.age)
        worker.entries.append(
            Entry(slot=ByRoute(route), state=outcome, letter=route if outcome == "dead_lettered" else "")
        )

    def follows(self, worker: Worker, kind: Kind, route: str, generation: int = 0) -> Message:
        return Message(kind, self.now, generation, ByRoute(route), worker.message.digest, worker.message.age)

    def end(self, worker: Worker) -> None:
        """Write the row under If-Match, then acknowledge."""
        if self.holds(worker):
            self.row = ended(self.row or worker.row, tuple(worker.entries), now=self.now)
            for letter in superseded(worker.row, tuple(worker.entries)):
                if self.letters.get(letter, worker.row.generation) < worker.row.generation:
                    del self.letters[letter]
        elif self.row is not None:
            self.row = overtaken(self.row, worker.row, tuple(worker.entries), now=self.now) or self.row
            self.waiting.append(worker.message)  # claimed again
        self.workers.remove(worker)

    # -- what may happen

    def pick(self, data, items):
        return items[data.draw(st.integers(0, len(items) - 1))]

    @precondition(lambda self: self.waiting and len(self.workers) < 4)
    @rule(which=st.integers(-2, 0))
    def a_worker_takes_a_message(self, which):
        due = [message for message in self.waiting if message.due <= self.now]
        if due:
            self.take(due[max(which, -len(due))])

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), outcome=st.sampled_from(["delivered", "deferred", "parked", "dead_lettered"]))
    def a_worker_goes_on(self, data, outcome):
        worker = self.pick(data, self.workers)
        if worker.todo:
            self.attempt(worker, outcome)
        else:
            self.end(worker)

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), fault=st.sampled_from(["dies", "fails and says so", "dies before it acknowledges"]))
    def a_worker_is_struck(self, data, fault):
        worker = self.pick(data, self.workers)
        if fault == "fails and says so" and self.holds(worker):
            self.row = ended(worker.row, tuple(worker.entries), now=self.now, complete=False)
        if fault == "dies before it acknowledges" and not worker.todo:
            self.end(worker)
        else:
            self.workers.remove(worker)
        if worker.message not in self.waiting:
            self.waiting.append(worker.message)

    @rule(seconds=st.sampled_from([1, 5, 11, 60, 149, 156, 400]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: len(self.waiting) < 8)
    @rule()
    def the_sender_sends_again(self):
        self.waiting.append(Message("source", self.now, age=self.age))

    @precondition(lambda self: len(self.waiting) < 8)
    @rule(digest=st.sampled_from(["other", "third"]))
    def somebody_sends_other_data_under_the_same_id(self, digest):
        self.waiting.append(Message("source", self.now, digest=digest, age=self.age))

    @precondition(lambda self: self.row is not None)
    @rule(scope=st.sampled_from([WHOLE, *map(ByRoute, ROUTES)]))
    def an_operator_replays(self, scope):
        if len(self.workers) < 4:
            # Of a row that was begun anew by one delivery nobody knows which data came first.
            age = self.age if self.row.digest else -1
            message = Message("replay", self.now, 0, scope, self.row.digest or "first", age)
            self.waiting.append(message)
            self.take(message)

    @precondition(lambda self: self.letters)
    @rule(data=st.data())
    def an_operator_replays_a_dead_letter(self, data):
        """It is removed once what became of it is durable: its message stands for that here."""
        if len(self.workers) < 4:
            route = self.pick(data, sorted(self.letters))
            del self.letters[route]
            message = Message("reopen", self.now, 0, ByRoute(route), *self.stored[route])
            self.waiting.append(message)
            self.take(message)

    @precondition(lambda self: self.row is not None and not self.workers)
    @precondition(lambda self: all(message.kind == "release" for message in self.waiting))
    @rule()
    def the_row_is_dropped_with_its_table(self):
        self.row = None
        self.age += 1
        self.contents.clear()

    @precondition(lambda self: self.row is not None and not self.workers)
    @rule()
    def the_row_is_changed_and_cannot_be_read(self):
        """What waits is claimed as if there had been no row, a source's message whose worker has died among it."""
        self.row = None
        self.age += 1
        self.contents.clear()

    # -- what always holds

    @invariant()
    def nothing_takes_the_place_of_what_came_first(self):
        assert self.row is None or not self.row.digest or set(self.contents) <= {self.row.digest}

    @invariant()
    def no_two_runs_hold_a_lease_at_once(self):
        held = [worker for worker in self.workers if self.now < worker.run.lease_until and self.holds(worker)]
        assert len(held) <= 1

    def holds(self, worker):
        return self.row is not None and self.row.owner == worker.row.owner

    @invariant()
    def no_two_workers_that_believe_to_be_alive_make_one_delivery(self):
        alive = [worker for worker in self.workers if self.now < worker.run.lease_until]
        assert len(alive) <= 1

    def teardown(self):
        """Let everything that still drives the event come to its end, without faults: nothing was forgotten."""
        for worker in self.workers:
            self.waiting.append(worker.message)
        self.workers.clear()
        for _ in range(500):
            if not self.waiting:
                break
            self.now += timedelta(seconds=20)
            for message in [each for each in self.waiting if each.due <= self.now]:
                self.take(message)
                for worker in list(self.workers):
                    while worker.todo:
                        self.attempt(worker, "delivered")
                    self.end(worker)
        assert self.waiting == []
        if self.row is not None:
            assert self.row.state not in ("received", "deferred", "parked")
            # What the journal knows as a dead letter lies there, unless an operator's replay of it was dropped since.
            failed = {entry.route for entry in self.row.deliveries if entry.state == "dead_lettered"}
            assert failed <= self.letters.keys(), failed
        assert set(self.delivered) | self.dead == set(ROUTES)


History.TestCase.settings = settings(max_examples=300, stateful_step_count=40)
TestNothingIsForgotten = History.TestCase
