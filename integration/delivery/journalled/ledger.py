"""What a run writes into the journal: an entry for each delivery, in the words of the journal."""

import msgspec

from integration.dead_letters import Attempted, path_for
from integration.delivery.outcome import KEPT_RESPONSE, Buried, Deferred, Delivered, Outcome, Settled, Waiting
from integration.delivery.queued.work import Work
from integration.journal import Entry
from integration.journal.scope import NO_ROUTE, ByRoute, Scope, Slot


class Ledger:
    """The entries of one run.

    Args:
        generation: The run's number, which its retry messages carry; None: there is no journal, they keep theirs.
        before: The entries of the row as the run has begun it.
        proven: What came has the digest of what came first.
    """

    def __init__(self, generation: int | None = None, before: tuple[Entry, ...] = (), *, proven: bool = False) -> None:
        self.generation = generation
        self.proven = proven
        self._before = {entry.slot: entry for entry in before}
        self.reason = ""
        """Why nothing was to be delivered."""
        self._entries: dict[Slot, Entry] = {}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What became of each delivery so far."""
        return tuple(self._entries.values())

    def knows(self, scope: Scope) -> bool:
        """Tell whether it is entered what became of the delivery by a route."""
        return isinstance(scope, ByRoute) and scope in self._entries

    def note(
        self, outcome: Settled, work: Work, *, target: str = "", last: Attempted | None = None, ms: int = 0
    ) -> None:
        """Enter one delivery.

        Args:
            outcome: What became of it.
            work: The delivery as it was before.
            target: Its route's target.
            last: How the last attempt failed, if any did.
            ms: Milliseconds that it took.
        """
        slot, attempt = work.scope.slot, work.chain.attempt
        letter = _letter(outcome, work) if isinstance(outcome, Buried) else ""
        match outcome:
            case Delivered(status=status, response=response):
                entry = Entry(
                    slot=slot,
                    state="delivered",
                    attempt=attempt + 1,
                    status=status,
                    response=response[:KEPT_RESPONSE],
                )
            case Deferred(until=until, code=code, attempt=attempts):
                entry = _failed(Entry(slot=slot, state="deferred", attempt=attempts, until=until, code=code), last)
            case Waiting(reason=reason):
                entry = Entry(slot=slot, state="parked", attempt=attempt, code=reason)
            case Buried(reason=reason):
                entry = _failed(Entry(slot=slot, state="dead_lettered", attempt=attempt, code=reason), last)
        self._entries[slot] = msgspec.structs.replace(entry, target=target, letter=letter, ms=ms)

    def unrouted(self, outcome: Outcome, work: Work) -> None:
        """Enter that no route takes the event.

        Args:
            outcome: What became of it: it may be kept as a dead letter.
            work: The event.
        """
        letter = _letter(outcome, work) if isinstance(outcome, Buried) else ""
        self._entries[NO_ROUTE] = Entry(slot=NO_ROUTE, state="unrouted", letter=letter)

    def letter(self, scope: Scope) -> str:
        """Say where the dead letter of a delivery lies that was begun anew; empty: it had none."""
        entry = self._before.get(scope.slot)
        return entry.letter if entry else ""

    def leave(self, scope: Scope) -> None:
        """Enter that a delivery stays the dead letter that it was."""
        if entry := self._before.get(scope.slot):
            self._entries[scope.slot] = msgspec.structs.replace(entry, state="dead_lettered")

    def decide(self) -> None:
        """Enter that the routes which only the link decides are decided, by entries of their own."""
        self._entries.setdefault(NO_ROUTE, Entry(slot=NO_ROUTE, state="decided"))


def _letter(buried: Buried, work: Work) -> str:
    event = work.require_event()
    return path_for(event.organization, buried.reason, work.accepted_at, event.key, buried.route)


def _failed(entry: Entry, last: Attempted | None) -> Entry:
    if last is None:
        return entry
    return msgspec.structs.replace(entry, status=last.status, response=last.response[:KEPT_RESPONSE])
