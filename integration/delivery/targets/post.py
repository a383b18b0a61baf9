"""One HTTPS POST of a delivery, and what its answer means."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from integration.delivery.shipment import Receipt
from integration.errors import TargetRejected, TargetUnavailable
from integration.redaction import Redaction, secrets_of

if TYPE_CHECKING:
    import httpx

_RESPONSE = 500
"""Characters of an answer that are kept."""

_UTF8 = 4
"""Bytes of one character, at the most."""

_TRANSIENT = frozenset({408, 425, 429})


async def post(  # noqa: PLR0913  # one request has these parts
    http: "httpx.AsyncClient",
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    name: str,
    timeout: float,  # noqa: ASYNC109  # limits the whole exchange, and is httpx's own limit for each step too
    now: datetime,
    configured: str = "",
    public: Collection[str] = (),
) -> Receipt:
    """POST once; redirects are never followed, so that no receiver can pass an event on.

    Args:
        http: The process's client.
        url: Where to.
        body: What to send.
        headers: With the content type.
        name: The target's name, for messages.
        timeout: Seconds for all of it.
        now: For a Retry-After that is a date.
        configured: The URL as it is configured, whose user info, query and keys in the path are secret.
        public: Names of headers whose values are no secrets, beside the standard ones.

    Returns:
        The status, and the first characters of the answer without what was secret in the request.

    Raises:
        TargetUnavailable: No answer, a 5xx, 408, 425 or 429.
        TargetRejected: Any other answer but a 2xx.
    """
    import httpx  # noqa: PLC0415  # imported at first use: import budget

    sent = {**headers, "accept-encoding": "identity"}  # a few bytes must not unfold into many
    try:
        # httpx limits each read; a receiver that drips its answer is limited here.
        async with (
            asyncio.timeout(timeout),
            http.stream("POST", url, content=body, headers=sent, timeout=timeout, follow_redirects=False) as answer,
        ):
            response = await _beginning(answer, lambda: Redaction(secrets_of(configured, headers, public)))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeEncodeError) as error:
        msg = f"no request can be made to {name}: its URL or headers are not legal"
        raise TargetRejected(msg) from error
    except (httpx.HTTPError, TimeoutError) as error:
        msg = f"{name} gave no answer: {type(error).__name__}"
        raise TargetUnavailable(msg) from error
    return _judge(answer, response, name, now)


def _judge(answer: "httpx.Response", response: str, name: str, now: datetime) -> Receipt:
    status = answer.status_code
    if answer.is_success:
        return Receipt(status, response)
    msg = f"{name} answered {status}"
    if answer.is_redirect:
        msg += ", a redirect, and redirects are not followed"
    if answer.is_server_error or status in _TRANSIENT:
        wait = _retry_after(answer.headers.get("retry-after", ""), now)
        raise TargetUnavailable(msg, status=status, response=response, retry_after=wait)
    raise TargetRejected(msg, status=status, response=response)


async def _beginning(answer: "httpx.Response", redaction: Callable[[], Redaction]) -> str:
    """Read the beginning of an answer; the rest of a long one is not worth waiting for."""
    read, enough, redact = b"", 0, None
    async for chunk in answer.aiter_raw():
        redact = redact or redaction()
        # So much more that no secret is cut at the end of what is kept, and so missed.
        enough = (_RESPONSE + redact.margin) * _UTF8
        read += chunk
        if len(read) >= enough:
            break
    return redact.apply(read[:enough].decode(errors="replace"))[:_RESPONSE] if redact else ""


def _retry_after(header: str, now: datetime) -> float | None:
    """Read Retry-After: seconds, or an HTTP date."""
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds()) if header else None
    except (ValueError, TypeError):
        return None
