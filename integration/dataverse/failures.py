"""What an HTTP status and an error body of Dataverse or F&O mean; pure.

Sources: the pages "Compose HTTP requests and handle errors" (branch on the status first: the code is frequently empty)
and "Service protection API limits".
"""

from datetime import datetime

import msgspec

from integration.dataverse.connection import Reply
from integration.errors import Forbidden, LinkUnknown, Throttled, Unauthenticated, UnexpectedAnswer, Unreachable
from integration.redaction import redact
from integration.retry_after import parse_retry_after

THROTTLE_CODES = frozenset({"0x80072322", "0x80072321", "0x80072326"})
"""Requests, execution time, concurrent requests."""

NO_APPLICATION_USER = "0x80072560"

_MAX_MESSAGE = 500


class RemoteError(msgspec.Struct, frozen=True):
    """The `error` object of an OData answer; its TraceText and other annotations are never read.

    Args:
        code: Lower-cased, empty where there is none.
        message: The other side's words, cut to 500 characters.
    """

    code: str = ""
    message: str = ""


class _Wire(msgspec.Struct, frozen=True):
    error: msgspec.Raw = msgspec.Raw(b"{}")


class _WireError(msgspec.Struct, frozen=True):
    code: str | None = None
    message: str | None = None


def read_error(body: bytes) -> RemoteError:
    """Read an error body leniently; empty where it is not an OData error."""
    try:
        wire = msgspec.json.decode(msgspec.json.decode(body, type=_Wire).error, type=_WireError)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return RemoteError()
    return RemoteError((wire.code or "").lower(), redact(wire.message or "")[:_MAX_MESSAGE])


def failure(host: str, reply: Reply, now: datetime) -> LinkUnknown:
    """Make the error for a reply that is no success.

    Args:
        host: Who answered, for the message.
        reply: Its answer.
        now: For a Retry-After that is a date.

    Returns:
        The error to raise, with status, remote_code and retry_after. It never quotes the body.
    """
    status = reply.status
    error = read_error(reply.body)
    code = error.code or None
    wait = parse_retry_after(reply.headers.get("retry-after"), now)
    seen = f"{status} {code}" if code else f"{status}"
    if status == 429 or (status == 503 and code in THROTTLE_CODES):  # noqa: PLR2004 (HTTP statuses read best as such)
        return Throttled(f"{host} asked to slow down ({seen}).", status=status, remote_code=code, retry_after=wait)
    if status == 401:  # noqa: PLR2004 (same)
        return Unauthenticated(f"{host} did not accept the token ({seen}).", status=status, remote_code=code)
    if status == 403:  # noqa: PLR2004 (same)
        why = (
            "there is no application user for the client id in this organization"
            if code == NO_APPLICATION_USER
            else "the application user lacks a privilege"
        )
        return Forbidden(f"{host} refused the call ({seen}): {why}.", status=status, remote_code=code)
    if status in {408, 502, 503, 504}:
        return Unreachable(f"{host} is not available ({seen}).", status=status, remote_code=code, retry_after=wait)
    return UnexpectedAnswer(f"{host} answered {seen}.", status=status, remote_code=code, retry_after=wait)
