"""The HTTP session that msal uses: with timeouts, and with Entra's own trouble told from its answers.

Runs in threads only; `requests` comes with msal and is imported at first use.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from integration.errors import LinkUnknown, Unreachable
from integration.identity.refusals import interruption
from integration.retry_after import parse_retry_after

if TYPE_CHECKING:
    from requests import Response

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 10.0


class Interrupted(Exception):
    """Carries an error of ours through msal, which would mistake an OSError for a reason to guess endpoints."""

    def __init__(self, error: LinkUnknown) -> None:
        super().__init__(str(error))
        self.error = error


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

    def get(self, url: str, **kwargs: Any) -> "Response":
        """GET, as `requests` does it."""
        return self._send("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> "Response":
        """POST, as `requests` does it."""
        return self._send("POST", url, kwargs)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _send(self, method: str, url: str, kwargs: dict[str, Any]) -> "Response":
        host = urlsplit(url).hostname
        try:
            answer = self._session.request(
                method, url, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), allow_redirects=False, **kwargs
            )
        except self._trouble as error:
            # The text of these errors may hold the whole URL; its class says enough.
            msg = f"{host} could not be reached for a token ({type(error).__name__})."
            raise Interrupted(Unreachable(msg)) from error
        wait = parse_retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
        trouble = interruption(answer.status_code, wait)
        if trouble is not None:
            raise Interrupted(trouble)
        return answer
