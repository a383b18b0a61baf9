"""The books: what senders got accepted and where it is now, by the senders' and receivers' own records.

The worker's counters play no part: an event counts as delivered when a receiver holds it, as a dead letter or parked
when its blob is there.
"""

import threading
from collections import Counter
from collections.abc import Iterable

import msgspec

from emulation.demo.day import Message


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """The balance.

    Args:
        accepted: Ids of events whose message was acknowledged.
        delivered: Of these, at a receiver.
        delivered_after_parking: Of these, seen parked before.
        parked_now: Parked and not delivered yet.
        received: Deliveries by receiver.
        dead_lettered: Dead letters by reason.
        duplicates: Deliveries beyond the first of one event to one target by one route.
        lost: Accepted and nowhere.
    """

    accepted: frozenset[str]
    delivered: frozenset[str]
    delivered_after_parking: frozenset[str]
    parked_now: frozenset[str]
    received: dict[str, int]
    dead_lettered: dict[str, int]
    duplicates: int
    lost: frozenset[str]

    @property
    def settled(self) -> bool:
        """Whether every accepted event is somewhere."""
        return not self.lost


class Ledger:
    """Writes down what was sent, received, buried and parked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # receivers write from threads of their own
        self._known: set[str] = set()
        self._accepted: set[str] = set()
        self._refused: list[tuple[Message, int]] = []
        self._received: Counter[tuple[str, str]] = Counter()
        self._delivered: set[str] = set()
        self._ever_parked: set[str] = set()
        self.kinds: Counter[str] = Counter()

    def sending(self, message: Message) -> None:
        """Write down what to look for, before it is sent: a receiver may be faster than the acknowledgement."""
        with self._lock:
            self._known.update(marker.lower() for marker in message.markers)

    def accepted(self, message: Message) -> None:
        """Write down that a message was acknowledged."""
        self.kinds[message.kind] += 1
        self._accepted.update(marker.lower() for marker in message.markers)

    def refused(self, message: Message, status: int) -> None:
        """Write down that a message was not acknowledged: its sender still has it."""
        self._refused.append((message, status))

    def given_back(self, message: Message) -> None:
        """Write down that a message that was taken could not be sent: its sender has it as a failed job."""
        self._accepted.difference_update(marker.lower() for marker in message.markers)
        self.refused(message, 0)

    @property
    def refusals(self) -> list[tuple[Message, int]]:
        """Messages that were not acknowledged, with the status that was answered."""
        return self._refused

    def received(self, target: str, message_id: str, body: bytes) -> None:
        """Write down what a receiver got.

        Args:
            target: The receiver; a subscription of a topic is one of its own.
            message_id: What tells one delivery from another at this receiver.
            body: As it came.
        """
        with self._lock:
            self._received[target, message_id] += 1
            self._delivered |= self._found_in(body)

    def balance(self, parked: Iterable[bytes], dead: Iterable[tuple[str, bytes]]) -> Books:
        """Draw the balance.

        Args:
            parked: The parked deliveries as they are stored, read.
            dead: Reason and content of each dead letter.
        """
        with self._lock:
            return self._balance(parked, dead)

    def _balance(self, parked: Iterable[bytes], dead: Iterable[tuple[str, bytes]]) -> Books:
        waiting: set[str] = set()
        for body in parked:
            waiting |= self._found_in(body)
        self._ever_parked |= waiting
        buried: set[str] = set()
        reasons: Counter[str] = Counter()
        for reason, body in dead:
            reasons[reason] += 1
            buried |= self._found_in(body)
        accepted = frozenset(self._accepted)
        delivered = accepted & self._delivered
        received: Counter[str] = Counter()
        for (target, _), count in self._received.items():
            received[target] += count
        return Books(
            accepted=accepted,
            delivered=delivered,
            delivered_after_parking=delivered & self._ever_parked,
            parked_now=frozenset(waiting - self._delivered),
            received=dict(sorted(received.items())),
            dead_lettered=dict(sorted(reasons.items())),
            duplicates=sum(count - 1 for count in self._received.values()),
            lost=accepted - delivered - waiting - buried,
        )

    def _found_in(self, body: bytes) -> set[str]:
        text = body.decode("utf-8", "replace").lower()
        return {marker for marker in self._known if marker in text}
