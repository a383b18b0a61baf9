"""A deployed fno-link, asked for links by asyncio programs."""

import asyncio
from datetime import timedelta
from types import TracebackType
from typing import Self

import httpx

from integration.client.address import app_address, link_address
from integration.client.answer import LARGEST, Reply, read
from integration.client.copies import Copies
from integration.client.credential import Credential, TokenSource
from integration.clock import Clock, SystemClock
from integration.errors import Busy, FnoLinkError, UnexpectedAnswer, Unreachable
from integration.links.values import Link
from integration.single_flight import SingleFlight

KEEP_FOR = timedelta(hours=24)
AWAY = "Check the app's URL, DNS, proxy and firewall, and that the function app runs."


class LinkClient:
    """Asks a deployed fno-link which environment an organization is linked to; use it with `async with`.

    An answer serves for as long as the app says, then it is asked whether it has changed. While the app cannot be asked
    or does not know, the last linked answer is served, marked as `stale`, and the app is left alone for as long as it
    asked for. Callers who ask at the same time share one request.

    Args:
        app: `https://HOST` of the function app.
        key: A function key of `link`, or a host key.
        token: Says a bearer token when asked, synchronously or not; or a credential of azure-identity.
        scope: What a credential is asked for: `api://fno-link/.default`.
        keep_for: For how long after it was last confirmed a linked answer is served while there is no newer one.
        timeout: Seconds that one request may take in all.
        http: A client to send with, which is not closed; redirects are not followed whatever it is set to.
        clock: Time.

    Raises:
        ValueError: The address is none, or not one of key and token is given.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        app: str,
        *,
        key: str = "",
        token: TokenSource | None = None,
        scope: str = "",
        keep_for: timedelta = KEEP_FOR,
        timeout: float = 10.0,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._base = app_address(app)
        self._credential = Credential(key, token, scope)
        self._clock = clock or SystemClock()
        self._copies = Copies(self._clock, keep_for)
        self._timeout = timeout
        self._http = httpx.AsyncClient(timeout=timeout) if http is None else http
        self._owns = http is None
        self._flights: SingleFlight[str, Link] = SingleFlight()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def resolve(self, name: str) -> Link:
        """Tell what an organization is linked to.

        Args:
            name: The organization's name in the app's configuration.

        Returns:
            `Linked` or `NotLinked`; `Linked.stale` where a newer answer could not be had.

        Raises:
            LinkUnknown: Nobody knows now; that is not "not linked". The subclass says why.
            UnknownOrganization: The app has none of this name.
            AppRefused: The key or token does not do.
            ValueError: It cannot be a name.
        """
        if self._closed:
            msg = "this client is closed"
            raise Busy(msg)
        url = link_address(self._base, name, by_token=self._credential.is_token)
        return self._copies.at_hand(name) or await self._flights.join(name, lambda: self._ask(name, url))

    async def aclose(self) -> None:
        """End what is under way, and close the connections; whoever waits gets `Busy`."""
        self._closed = True
        await self._flights.aclose()
        if self._owns:
            await self._http.aclose()

    async def _ask(self, name: str, url: str) -> Link:
        try:
            async with asyncio.timeout(self._timeout):
                headers = await self._credential.headers()
                reply = await self._send(url, headers | self._copies.conditions(name))
            return self._copies.take(name, read(reply, self._clock.now()))
        except FnoLinkError as error:
            return self._copies.fail(name, error)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            return self._copies.fail(name, away(self._base, error))

    async def _send(self, url: str, headers: dict[str, str]) -> Reply:
        async with self._http.stream("GET", url, headers=headers, follow_redirects=False) as answer:
            body = bytearray()
            async for part in answer.aiter_bytes():
                gather(body, part)
            return Reply(answer.status_code, answer.headers, bytes(body))


def gather(body: bytearray, part: bytes) -> None:
    """Add a part of an answer to what came before.

    Raises:
        UnexpectedAnswer: It is longer than any answer of fno-link.
    """
    body += part
    if len(body) > LARGEST:
        msg = f"the app answered more than {LARGEST} bytes, which is no link"
        raise UnexpectedAnswer(msg)


def away(base: str, error: Exception) -> Unreachable:
    """Return the error of a request that got no answer; its words are not told, as they may hold what was sent."""
    unreachable = Unreachable(f"{base} did not answer: {type(error).__name__}", hint=AWAY)
    unreachable.__cause__ = error
    return unreachable
