"""A request as an emulated service or a receiver recorded it."""

from typing import Self

import msgspec
from starlette.requests import Request


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

    @classmethod
    def of(cls, request: Request, body: bytes, *, sequence: int, at: float, status: int) -> Self:
        """Record a Starlette request, whose body has been read, and what was answered."""
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        host, headers = request.url.hostname or "", request.headers.items()
        return cls(sequence, at, host, request.method, path, headers, body.decode("utf-8", "replace"), status)

    def header(self, name: str) -> str | None:
        """Return the first header of this name."""
        return next((value for key, value in self.headers if key == name.lower()), None)
