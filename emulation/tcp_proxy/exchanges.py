"""Requests and answers of HTTP/1.1 that passed, one by one: what a program asked of a service, and how often.

Parsed by llhttp (httptools). Requests of one connection follow each other, as the Azure SDKs send them (no pipelining).
"""

from collections import deque
from collections.abc import Callable

import httptools
import msgspec

# As much of an answer's body as tells what it is about.
BEGINNING = 512


class Exchange(msgspec.Struct, frozen=True):
    """One request that was answered.

    Args:
        port: Of the service.
        method: Its method.
        target: Path and query, as sent.
        status: The answer's status.
        begins: The first bytes of the answer's body.
    """

    port: int
    method: str
    target: str
    status: int
    begins: bytes


class Exchanges:
    """What passed, in the order of the answers."""

    def __init__(self) -> None:
        self._seen: deque[Exchange] = deque()

    def take(self) -> list[Exchange]:
        """Return what has passed since this was asked last."""
        return [self._seen.popleft() for _ in range(len(self._seen))]

    def conversation(self, port: int) -> "Conversation":
        """Listen to one more connection to a service."""
        return Conversation(port, self._seen)


class Conversation:
    """One connection; bytes that are no HTTP are let be.

    Args:
        port: Of the service.
        seen: Where its exchanges are added.
    """

    def __init__(self, port: int, seen: deque[Exchange]) -> None:
        self._port = port
        self._seen = seen
        self._asked = _Asked()
        self._request = httptools.HttpRequestParser(self._asked)
        self._answer = _Answer()
        self._response = httptools.HttpResponseParser(self._answer)
        self._deaf = False

    def asked(self, sent: bytes) -> None:
        """Hear what the client sent."""
        self._hear(lambda: self._request.feed_data(sent))

    def answered(self, sent: bytes) -> None:
        """Hear what it was sent."""
        self._hear(lambda: self._response.feed_data(sent))
        if not self._asked.targets or not self._answer.ends(self._method):
            return
        answer, target = self._answer, self._asked.targets.popleft()
        self._seen.append(Exchange(self._port, self._method, target, self._response.get_status_code(), answer.begins))
        # A parser of its own for each answer: that to HEAD says how long a body is that never comes.
        self._answer = _Answer()
        self._response = httptools.HttpResponseParser(self._answer)

    @property
    def _method(self) -> str:
        return self._request.get_method().decode()

    def _hear(self, feed: Callable[[], None]) -> None:
        if self._deaf:
            return
        try:
            feed()
        except httptools.HttpParserError:
            self._deaf = True


class _Asked:
    def __init__(self) -> None:
        self.targets: deque[str] = deque()
        self._url = b""

    def on_message_begin(self) -> None:
        self._url = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_headers_complete(self) -> None:
        self.targets.append(self._url.decode("latin-1"))


class _Answer:
    def __init__(self) -> None:
        self.begins = b""
        self._headed = False
        self._whole = False

    def on_headers_complete(self) -> None:
        self._headed = True

    def on_body(self, body: bytes) -> None:
        self.begins += body[: BEGINNING - len(self.begins)]

    def on_message_complete(self) -> None:
        self._whole = True

    def ends(self, method: str) -> bool:
        return self._whole or (self._headed and method == "HEAD")
