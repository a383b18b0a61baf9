"""How far a delivery has come: its attempts, its repetitions, and the run that its message is of."""

from datetime import datetime

import msgspec

from integration.dead_letters import Attempted


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery's chain of retries, as its message carries it on.

    Args:
        attempt: How many attempts were made.
        earlier: How many attempts were made before an operator replayed it.
        since: When it failed for the first time since it was last begun.
        last: How the last attempt ended.
        generation: The journal's number of the run that deferred it; a message of an older one is dropped.
        replay: How often an operator has replayed it.
        faults: How many attempts failed in a way that nobody has foreseen, since it was last begun.
    """

    attempt: int = 0
    earlier: int = 0
    since: datetime | None = None
    last: Attempted | None = None
    generation: int = 0
    replay: int = 0
    faults: int = 0

    @property
    def attempts(self) -> int:
        """How many attempts were made in all."""
        return self.earlier + self.attempt

    def anew(self, replay: int) -> "Chain":
        """Return the chain as an operator begins it anew, for the `replay`-th time."""
        return Chain(earlier=self.attempts, last=self.last, replay=replay)

    def tried(self, last: Attempted) -> "Chain":
        """Count an attempt, which ended so."""
        return msgspec.structs.replace(self, attempt=self.attempt + 1, last=last)

    def faulted(self, last: Attempted) -> "Chain":
        """Count a fault that nobody has foreseen."""
        return msgspec.structs.replace(self, faults=self.faults + 1, last=last)

    def failing(self, now: datetime) -> "Chain":
        """Say since when it fails, unless that is said."""
        return self if self.since else msgspec.structs.replace(self, since=now)

    def of_run(self, generation: int) -> "Chain":
        """Give it the number of the run that is under way."""
        return msgspec.structs.replace(self, generation=generation)
