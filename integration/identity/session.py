"""The HTTP session that msal uses: with timeouts and limits, and with Entra's own trouble told from its answers.

Runs in threads only; `requests` comes with msal and is imported at first use.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from integration.errors import LinkUnknown, UnexpectedAnswer, Unreachable
from integration.identity.refusals import interruption
from integration.retry_after import asked_wait

if TYPE_CHECKING:
    from requests import Response

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 10.0
WHOLE_TIMEOUT_SECONDS = 25.0
"""Seconds for one answer: `requests` limits each read, and who drips would never reach that limit."""

MAX_BODY = 1024 * 1024
_PIECE = 16 * 1024
_BAD_REQUEST = 400


class Interrupted(Exception):
    """Carries an error of ours through msal, which would mistake an OSError for a reason to guess endpoints."""

    def __init__(self, error: LinkUnknown) -> None:
        super().__init__(str(error))
        self.error = error


class Answered(msgspec.Struct, frozen=True):
    """An answer as msal looks at one.

    Args:
        status_code: The HTTP status.
        headers: As they came.
        text: The body, decoded leniently.
    """

    status_code: int
    headers: Mapping[str, str]
    text: str

    def raise_for_status(self) -> None:
        """Raise for an answer that msal did not expect to be an error.

        Raises:
            Interrupted: It is one.
        """
        if self.status_code >= _BAD_REQUEST:
            msg = f"Microsoft Entra answered {self.status_code}."
            raise Interrupted(UnexpectedAnswer(msg, status=self.status_code))


class Session:
    """What msal calls an http_client.

    Args:
        local: For managed identity, whose endpoint is on this machine: no proxy is used.
    """

    def __init__(self, *, local: bool = False) -> None:
        import requests  # noqa: PLC0415 (imported at first use: import budget)

        self._session = requests.Session()
        self._session.trust_env = not local
        self._trouble = requests.RequestException

    def get(self, url: str, **kwargs: Any) -> Answered:
        """GET, as `requests` does it."""
        return self._send("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> Answered:
        """POST, as `requests` does it."""
        return self._send("POST", url, kwargs)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _send(self, method: str, url: str, kwargs: dict[str, Any]) -> Answered:
        host = urlsplit(url).hostname
        try:
            with self._session.request(
                method,
                url,
                timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
                allow_redirects=False,
                stream=True,
                **kwargs,
            ) as answer:
                return _read(answer, host)
        except self._trouble as error:
            # The text of these errors may hold the whole URL; its class says enough.
            msg = f"{host} could not be reached for a token ({type(error).__name__})."
            raise Interrupted(Unreachable(msg)) from error


def _read(answer: "Response", host: str | None) -> Answered:
    asked = answer.headers.get("Retry-After") if answer.status_code >= _BAD_REQUEST else None
    wait = asked_wait(asked, datetime.now(UTC), by=host or "the token endpoint")
    trouble = interruption(answer.status_code, wait)
    if trouble is not None:
        raise Interrupted(trouble)
    ends = time.monotonic() + WHOLE_TIMEOUT_SECONDS
    body = bytearray()
    for piece in answer.iter_content(_PIECE):
        body += piece
        if len(body) > MAX_BODY:
            msg = f"{host} answered more than {MAX_BODY} bytes for a token."
            raise Interrupted(UnexpectedAnswer(msg, status=answer.status_code))
        if time.monotonic() > ends:
            msg = f"{host} did not come to the end of its answer within {WHOLE_TIMEOUT_SECONDS:g} s."
            raise Interrupted(Unreachable(msg))
    # Not Retry-After: msal reads it with a parser of its own, and we have read it.
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "retry-after"}
    return Answered(answer.status_code, headers, body.decode(errors="replace"))
