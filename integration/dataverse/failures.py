"""What an HTTP status and an error body of Dataverse or F&O mean.

Sources: the pages "Compose HTTP requests and handle errors" (the code is frequently empty, and not related to the
status) and "Service protection API limits". Codes that say something of their own go before the status.
"""

import re
from datetime import datetime

import msgspec

from integration.dataverse.connection import Reply
from integration.dataverse.json_body import Unreadable, read
from integration.dataverse.refusals import REFUSALS, THROTTLED, UNSAID
from integration.errors import Forbidden, LinkUnknown, Throttled, Unauthenticated, UnexpectedAnswer, Unreachable
from integration.redaction import redact
from integration.retry_after import asked_wait

_MAX_MESSAGE = 500
_CODE = re.compile(r"[a-z0-9_.:-]{1,100}")
_DECIMAL = re.compile(r"-[0-9]{10}")


class RemoteError(msgspec.Struct, frozen=True):
    """The `error` object of an OData answer; its TraceText and other annotations are never read.

    Args:
        code: Lower-cased, empty where there is none.
        message: The other side's words, cut to 500 characters.
    """

    code: str = ""
    message: str = ""


class _Wire(msgspec.Struct, frozen=True):
    error: object = None
    code: object = msgspec.field(name="ErrorCode", default=None)
    message: object = msgspec.field(name="Message", default=None)


class _Words(msgspec.Struct, frozen=True):
    code: object = None
    message: object = None


def read_error(body: bytes) -> RemoteError:
    """Read an error body leniently; empty where it is not an error.

    Some layers before the Web API write `ErrorCode` and `Message` without an `error` around them, and the SDK's codes
    are signed decimals: both are read.
    """
    try:
        wire = read(body, _Wire)
    except Unreadable:
        return RemoteError()
    try:
        error = msgspec.convert(wire.error, _Words)
    except msgspec.ValidationError:
        error = _Words(wire.code, wire.message)
    message = error.message if isinstance(error.message, str) else ""
    return RemoteError(_code(error.code), redact(message)[:_MAX_MESSAGE])


def _code(written: object) -> str:
    code = str(written).strip().lower() if isinstance(written, str | int) else ""
    if _DECIMAL.fullmatch(code):
        return f"0x{int(code) & 0xFFFFFFFF:08x}"
    return code if _CODE.fullmatch(code) else ""


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
    wait = asked_wait(reply.headers.get("retry-after"), now, by=host)
    seen = f"{status} {code}" if code else f"{status}"
    if status == 429 or code in THROTTLED:  # noqa: PLR2004 (HTTP statuses read best as such)
        return Throttled(f"{host} asked to slow down ({seen}).", status=status, remote_code=code, retry_after=wait)
    if status == 401:  # noqa: PLR2004 (same)
        return Unauthenticated(f"{host} did not accept the token ({seen}).", status=status, remote_code=code)
    refused = REFUSALS.get(error.code, UNSAID if status == 403 else None)  # noqa: PLR2004 (same)
    if refused is not None:
        msg = f"{host} refused the call ({seen}): {refused.why}."
        return Forbidden(msg, status=status, remote_code=code, hint=refused.hint)
    if status in {408, 502, 503, 504}:
        return Unreachable(f"{host} is not available ({seen}).", status=status, remote_code=code, retry_after=wait)
    return UnexpectedAnswer(f"{host} answered {seen}.", status=status, remote_code=code, retry_after=wait)
