"""What the emulated services saw: calls by kind, posts, and hosts that were refused."""

from collections import Counter, defaultdict

import msgspec

from emulation.received import Received


class Records:
    """The memory of one world."""

    def __init__(self) -> None:
        self._calls: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._received: list[Received] = []
        self._refused: list[str] = []

    def count(self, organization: str, kind: str) -> None:
        """Count a call."""
        self._calls[organization][kind] += 1

    def calls(self, organization: str) -> dict[str, int]:
        """Return the number of calls by kind."""
        return dict(self._calls[organization])

    def refuse(self, host: str) -> None:
        """Remember a host that was asked for and does not exist here."""
        self._refused.append(host)

    def refused(self) -> list[str]:
        """Return the hosts that were refused, in order."""
        return list(self._refused)

    def receive(self, received: Received) -> int:
        """Remember a post on its arrival; return its sequence number."""
        self._received.append(msgspec.structs.replace(received, sequence=len(self._received) + 1))
        return len(self._received)

    def answered(self, sequence: int, status: int) -> None:
        """Remember what a post was answered."""
        self._received[sequence - 1] = msgspec.structs.replace(self._received[sequence - 1], status=status)

    def received(self, host: str) -> list[Received]:
        """Return what arrived at this host, in order."""
        return [entry for entry in self._received if entry.host == host]
