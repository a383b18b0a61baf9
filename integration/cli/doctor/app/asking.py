"""Ask an app, and keep what it says: the status is the answer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from integration.cli.remote import App

if TYPE_CHECKING:
    import httpx

OPTIONS = "OPTIONS"
ORIGIN = {"WebHook-Request-Origin": "fno-link.doctor"}
"""What makes an `OPTIONS` the handshake of CloudEvents ("HTTP 1.1 Web Hooks for Event Delivery", section 4)."""
HEALTH_MEDIA = "application/health+json"
NOTHING = "doctor"
"""A parameter that no operation takes: it is refused behind the key, before anything is read."""
REFUSED = (401, 403)


class Reply(msgspec.Struct, frozen=True):
    """What was answered.

    Args:
        status: The HTTP status; 0: nothing was.
        media: Its content type.
        body: Its body.
        error: Why there is none.
        location: Where it leads to, of a redirect.
    """

    status: int = 0
    media: str = ""
    body: bytes = b""
    error: str = ""
    location: str = ""

    @property
    def refused(self) -> bool:
        """Whether the key was not accepted."""
        return self.status in REFUSED

    @property
    def opened(self) -> bool:
        """Whether what stands behind the key has answered, whatever it said."""
        if self.status in (0, *REFUSED, 404):
            return False
        # Details of an app that is not well are 503.
        return self.status < 500 or self.media == HEALTH_MEDIA  # noqa: PLR2004 (HTTP statuses read best as such)

    @property
    def content(self) -> Mapping[str, Any]:
        """The JSON object in the body; empty: it holds none."""
        try:
            read = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        return cast("Mapping[str, Any]", read) if isinstance(read, dict) else {}


class Asking:
    """Asks one app.

    Args:
        app: Its address.
        client: The HTTP client.
    """

    def __init__(self, app: App, client: "httpx.AsyncClient") -> None:
        self.base = app.base
        self._client = client

    async def get(self, path: str, key: str = "", *, idle: bool = False) -> Reply:
        """GET a path.

        Args:
            path: From the root, `/api/…`.
            key: A key; empty: none is sent.
            idle: Whether the operation is to do nothing.
        """
        return await self.ask("GET", f"{self.base}{path}{f'?{NOTHING}=1' if idle else ''}", key)

    async def shake_hands(self, source: str, key: str = "") -> Reply:
        """Ask an intake for the handshake; as `get`."""
        return await self.ask(OPTIONS, f"{self.base}/api/events/{source}", key, ORIGIN)

    async def ask(self, method: str, url: str, key: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask for an address; never raises: that there is no answer is one.

        Args:
            method: The HTTP method.
            url: The address.
            key: A key; empty: none is sent.
            headers: Others.
        """
        import httpx  # noqa: PLC0415 - only --app needs it

        sent = {**(headers or {}), **({"x-functions-key": key} if key else {})}
        try:
            answer = await self._client.request(method, url, headers=sent)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = str(error).strip()
            return Reply(error=f"{type(error).__name__}{f': {said}' if said else ''}")
        media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Reply(answer.status_code, media, answer.content, location=answer.headers.get("location", ""))
