"""What the emulated services saw: calls by kind, posts, and hosts that were refused."""

from collections import Counter, defaultdict

import msgspec


class Received(msgspec.Struct, frozen=True):
    """One recorded request.

    Args:
        sequence: Its place in the order of arrival, over all hosts.
        at: Seconds since the epoch.
        host: The host it was sent to.
        method: The HTTP method.
        path: Path and query as sent.
        headers: Its headers in the order sent, names lower-cased.
        body: Its body, decoded as UTF-8 with replacement.
        status: What was answered; 0 where nothing was (hung, dropped).
    """

    sequence: int
    at: float
    host: str
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: str
    status: int

    def header(self, name: str) -> str | None:
        """Return the first header of this name."""
        return next((value for key, value in self.headers if key == name.lower()), None)


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

    def receive(self, received: Received) -> None:
        """Remember a post."""
        self._received.append(msgspec.structs.replace(received, sequence=len(self._received) + 1))

    def received(self, host: str) -> list[Received]:
        """Return what arrived at this host, in order."""
        return [entry for entry in self._received if entry.host == host]

    def forget(self, organization: str, hosts: frozenset[str]) -> None:
        """Drop what belongs to one organization."""
        self._calls.pop(organization, None)
        self._received = [entry for entry in self._received if entry.host not in hosts]
