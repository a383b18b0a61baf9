"""Hand the messages of one order (a queue, or one session of it) to whoever has credit."""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

from emulation.service_bus.entities.receiver import Receiver


class Lane:
    """Ready messages by sequence number, and the receivers that wait for them.

    Args:
        take: Called to hand a sequence number to a receiver; returns whether there was a message to hand over.
    """

    __slots__ = ("_pumping", "_ready", "_take", "_takers")

    def __init__(self, take: Callable[[int, Receiver], bool]) -> None:
        self._take = take
        self._ready: list[int] = []
        self._takers: deque[Receiver] = deque()
        self._pumping = False

    def __len__(self) -> int:
        return len(self._ready)

    def push(self, sequence: int) -> None:
        """Make a message ready; messages come out by their number, whenever they were pushed."""
        heappush(self._ready, sequence)

    def want(self, receiver: Receiver) -> None:
        """Let a receiver wait for messages, and give it what there is."""
        if receiver not in self._takers:
            self._takers.append(receiver)
        self.pump()

    def leave(self, receiver: Receiver) -> None:
        """Let a receiver wait no longer."""
        if receiver in self._takers:
            self._takers.remove(receiver)

    def clear(self) -> None:
        """Forget every message."""
        self._ready.clear()

    def pump(self) -> None:
        """Hand out messages, in turn, while there are some and somebody can take them."""
        if self._pumping:
            return
        self._pumping = True
        try:
            takers, ready = self._takers, self._ready
            while ready and takers:
                receiver = takers[0]
                if not receiver.ready():
                    takers.popleft()
                    continue
                if self._take(heappop(ready), receiver):
                    takers.rotate(-1)
        finally:
            self._pumping = False
