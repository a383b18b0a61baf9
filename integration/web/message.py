"""HTTP as these handlers see it: frozen requests and responses, and problem details."""

import math
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from integration.errors import FnoLinkError, LengthRequired, LinkUnknown, StorageUnavailable, Unforeseen
from integration.faults import unforeseen
from integration.loggers import logger

log = logger("web")

RETRY_AFTER = 10
TOO_MANY, UNAVAILABLE = 429, 503
PROBLEM_TYPE = "application/problem+json"


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What went wrong, as RFC 9457 writes it.

    Args:
        type: `about:blank`: `code` tells one problem from another.
        title: What the code means.
        status: The HTTP status.
        detail: What happened.
        code: The stable name of the error.
        hint: What to do.
        instance: The URI of this very occurrence, which stands in the log.
        remote_code: The error code of the other side, where it gave one.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    hint: str
    instance: str | UnsetType = UNSET
    remote_code: str | UnsetType = UNSET


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request.

    Args:
        method: Upper-case.
        headers: Names lower-cased.
        body: As sent.
        query: The parameters of the URL, decoded.
    """

    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    query: Mapping[str, str] = {}

    @property
    def unmeasured(self) -> bool:
        """Whether it may have had a body that never came here.

        The Functions host hands on a body only with a Content-Length (its `GrpcMessageConversionExtensions`): one that
        is sent in chunks arrives as nothing, also where a proxy says both.
        """
        if self.body:
            return False
        return "transfer-encoding" in self.headers or self.headers.get("content-length", "").strip() != "0"

    def measured(self) -> bytes:
        """Return the body.

        Raises:
            LengthRequired: It may have had one that never came here.
        """
        if self.unmeasured:
            raise LengthRequired
        return self.body

    def matches(self, tag: str) -> bool:
        """Tell whether the caller has what a tag names: it is compared as weak tags are (RFC 9110, 13.1.2)."""
        header = self.headers.get("if-none-match", "")
        wanted = {part.strip().removeprefix("W/") for part in header.split(",")}
        return tag.removeprefix("W/") in wanted or "*" in wanted


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""

    @classmethod
    def json(cls, status: int, content: Any, headers: Mapping[str, str] | None = None) -> "Response":
        """Answer with JSON."""
        given = {"Content-Type": "application/json", **(headers or {})}
        return cls(status=status, headers=given, body=msgspec.json.encode(content))

    def with_headers(self, headers: Mapping[str, str]) -> "Response":
        """Give the same with more headers."""
        return msgspec.structs.replace(self, headers={**self.headers, **headers})


def unforeseen_problem(error: Exception, *, status: int = 500) -> Response:
    """Answer an error that nobody has foreseen: who asked gets an id that stands in the log with what happened.

    Args:
        error: As it was raised.
        status: 500; 503 where the sender is to keep its message.
    """
    try:
        fault = unforeseen(error)
    except StorageUnavailable as unavailable:
        return problem(503, unavailable, retry_after=RETRY_AFTER)
    instance = f"urn:uuid:{uuid.uuid4()}"
    log.error("%s: %s", instance, fault)
    # What happened is for the log: a caller may be anyone with a key.
    told = Unforeseen(f"fno-link failed on this request; its log says more under {instance}")
    return problem(status, told, retry_after=RETRY_AFTER if status == UNAVAILABLE else None, instance=instance)


def problem(status: int, error: FnoLinkError, *, retry_after: float | None = None, instance: str = "") -> Response:
    """Answer with RFC 9457 problem details that carry the error's code and hint.

    Args:
        status: The HTTP status.
        error: What went wrong.
        retry_after: Seconds after which to ask again; whole seconds, rounded up, at least 1.
        instance: The URI of this very occurrence, where it has one.
    """
    remote_code = error.remote_code if isinstance(error, LinkUnknown) else None
    detail = ProblemDetails(
        title=(type(error).__doc__ or "").splitlines()[0],
        status=status,
        detail=str(error),
        code=error.code,
        hint=error.hint,
        instance=instance or UNSET,
        remote_code=remote_code or UNSET,
    )
    headers = {"Content-Type": PROBLEM_TYPE}
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return Response(status=status, headers=headers, body=msgspec.json.encode(detail))
