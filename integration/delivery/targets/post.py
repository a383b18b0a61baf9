"""One HTTPS POST of a delivery, and what its answer means."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from integration.delivery.backoff import LONGEST
from integration.delivery.shipment import Receipt
from integration.errors import TargetRejected, TargetUnavailable
from integration.redaction import Redaction, secrets_of
from integration.retry_after import asked_wait
from integration.telemetry.carrier import inject
from integration.telemetry.operations import REQUEST
from integration.telemetry.spans import span

if TYPE_CHECKING:
    import httpx

KEPT = 500
"""Characters of an answer that are kept with an attempt."""

_UTF8 = 4
"""Bytes of one character, at the most."""

_TRANSIENT = frozenset({408, 425, 429})


class Answer(msgspec.Struct, frozen=True):
    """What a target answered.

    Args:
        status: The HTTP status.
        body: The beginning of the body as it came; to be judged, never to be kept.
        text: The beginning as it is kept with an attempt: decoded leniently, without what we sent in confidence.
        retry_after: Seconds that it asked to wait, where it did.
        headers: As they came, names in lower case; to be judged, never to be kept.
    """

    status: int
    body: bytes = b""
    text: str = ""
    retry_after: float | None = None
    headers: Mapping[str, str] = {}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, and how its answer is read.

    Args:
        url: Where to.
        body: What to send.
        headers: With the content type.
        name: The target's name, for messages.
        timeout: Seconds for the whole exchange.
        now: For a Retry-After that is a date.
        configured: The URL as it is configured, whose user info, query and keys in the path are secret.
        public: Names of headers whose values are no secrets, beside the standard ones.
        read: How many bytes of the answer are read at the least, where it has so many.
        method: POST, unless a receiver is asked something.
    """

    url: str
    body: bytes
    headers: Mapping[str, str]
    name: str
    timeout: float
    now: datetime
    configured: str = ""
    public: Collection[str] = ()
    read: int = 0
    method: str = "POST"


async def post(http: "httpx.AsyncClient", request: Request) -> Receipt:
    """POST once, and judge the answer by its status alone.

    Args:
        http: The process's client.
        request: What to send.

    Returns:
        The status, and the first characters of the answer without what was secret in the request.

    Raises:
        TargetUnavailable: No answer, a 5xx, 408, 425 or 429.
        TargetRejected: Any other answer but a 2xx, or no request can be made of URL and headers.
    """
    return judged(await ask(http, request), request.name)


async def ask(http: "httpx.AsyncClient", request: Request) -> Answer:
    """Send once; redirects are never followed, so that no receiver can pass an event on.

    Args:
        http: The process's client.
        request: What to send.

    Raises:
        TargetUnavailable: No answer, or none that HTTP allows.
        TargetRejected: No request can be made of URL and headers.
    """
    import httpx  # noqa: PLC0415  # imported at first use: import budget

    name, timeout = request.name, request.timeout
    sent = {**request.headers, "accept-encoding": "identity"}  # a few bytes must not unfold into many

    def redaction() -> Redaction:
        return Redaction(secrets_of(request.configured, request.headers, request.public))

    try:
        # httpx limits each read; a receiver that drips its answer is limited here.
        with span(REQUEST, method=request.method, target=name) as told:
            if told.on:
                told.note(address=httpx.URL(request.url).host)
                inject(sent)
            async with (
                asyncio.timeout(timeout),
                http.stream(
                    request.method,
                    request.url,
                    content=request.body,
                    headers=sent,
                    timeout=timeout,
                    follow_redirects=False,
                ) as answer,
            ):
                told.answered(answer.status_code)
                asked = None if answer.is_success else answer.headers.get("retry-after")
                wait = asked_wait(asked, request.now, by=name, floor=0.0, cap=LONGEST.total_seconds())
                beginning, text = await _beginning(answer, redaction, request.read)
                return Answer(answer.status_code, beginning, text, wait, answer.headers)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError) as error:
        msg = f"no request can be made to {name}: its URL or headers are not legal"
        raise TargetRejected(msg) from error
    except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
        msg = f"{name} gave no answer: {type(error).__name__}"
        raise TargetUnavailable(msg) from error


def judged(answer: Answer, name: str) -> Receipt:
    """Say by its status what an answer means.

    Args:
        answer: The answer.
        name: The target's name, for messages.

    Raises:
        TargetUnavailable: A 5xx, 408, 425 or 429.
        TargetRejected: Any other answer but a 2xx.
    """
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004  # HTTP statuses read best as such
        return Receipt(status, answer.text)
    msg = f"{name} answered {status}"
    if 300 <= status < 400:  # noqa: PLR2004  # same
        msg += ", a redirect, and redirects are not followed"
    if 500 <= status < 600 or status in _TRANSIENT:  # noqa: PLR2004  # same
        raise TargetUnavailable(msg, status=status, response=answer.text, retry_after=answer.retry_after)
    raise TargetRejected(msg, status=status, response=answer.text)


async def _beginning(answer: "httpx.Response", redaction: Callable[[], Redaction], least: int) -> tuple[bytes, str]:
    """Read the beginning of an answer; the rest of a long one is not worth waiting for."""
    read, enough, redact = b"", 0, None
    async for chunk in answer.aiter_raw():
        redact = redact or redaction()
        # So much more that no secret is cut at the end of what is kept, and so missed.
        enough = max((KEPT + redact.margin) * _UTF8, least)
        read += chunk
        if len(read) >= enough:
            break
    read = read[:enough]
    return read, redact.apply(read.decode(errors="replace"))[:KEPT] if redact else ""
