"""What a run is to make of its event: told by what was claimed, or by the message alone where there is no journal."""

import msgspec

from integration.delivery.queued.work import Work
from integration.journal import Kind, Process
from integration.journal.scope import WHOLE, Recheck, Scope, Slot, WholeEvent


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made.

    Args:
        scopes: What, each once; the event as a whole first.
        settled: What is recorded and not to be made again.
        decides: The event as a whole is made in place of what no route had yet: that is decided then.
        resent: Its sender has brought the event: what had failed goes the whole way again.
        stored: The event is made as its dead letter holds it, not as it came.
    """

    scopes: tuple[Scope, ...]
    settled: frozenset[Slot] = frozenset()
    decides: bool = False
    resent: bool = False
    stored: bool = False

    @classmethod
    def of(cls, kind: Kind, work: Work, run: Process | None) -> "Task":
        """Say what is to be made.

        Args:
            kind: What brings the event.
            work: The message.
            run: What was claimed; None: there is no journal, or the event is an alert.
        """
        if run is None:
            return cls(scopes=(WHOLE if isinstance(work.scope, Recheck) else work.scope,))
        again = WHOLE in run.scopes  # an earlier run ended before it had chosen the routes
        parts = tuple(scope for scope in run.scopes if scope != WHOLE)
        resent = kind in ("source", "recheck")
        return cls(
            scopes=(WHOLE, *parts) if run.whole or again else parts,
            settled=run.settled,
            decides=again,
            resent=resent,
            stored=resent and (again or run.why == "rerouted"),
        )

    @property
    def elsewhere(self) -> frozenset[Slot]:
        """What the event as a whole leaves out: it is recorded, or a part of this by itself."""
        return self.settled.union(scope.slot for scope in self.scopes if not isinstance(scope, WholeEvent))
