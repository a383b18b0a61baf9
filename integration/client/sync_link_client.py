"""A deployed fno-link, asked for links by programs without an event loop."""

from datetime import timedelta
from threading import Lock
from types import TracebackType
from typing import Self

import httpx

from integration.client.address import app_address, link_address
from integration.client.answer import Reply, read
from integration.client.copies import Copies
from integration.client.credential import Credential, TokenSource
from integration.client.link_client import KEEP_FOR, away, gather
from integration.clock import Clock, SystemClock
from integration.errors import Busy, FnoLinkError
from integration.links.values import Link


class SyncLinkClient:
    """`LinkClient` for threads: the same arguments, answers and errors; use it with `with`.

    Threads that ask for the same organization at once share one request.

    Args:
        app: `https://HOST` of the function app.
        key: A function key of `link`, or a host key.
        token: Says a bearer token when asked; or a synchronous credential of azure-identity.
        scope: What a credential is asked for: `api://fno-link/.default`.
        keep_for: For how long after it was last confirmed a linked answer is served while there is no newer one.
        timeout: Seconds that one request may take in all, those in which a token is got left out.
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
        http: httpx.Client | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._base = app_address(app)
        self._credential = Credential(key, token, scope)
        self._clock = clock or SystemClock()
        self._copies = Copies(self._clock, keep_for)
        self._timeout = timeout
        self._http = httpx.Client(timeout=timeout) if http is None else http
        self._owns = http is None
        self._flights: dict[str, Lock] = {}
        self._lock = Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def resolve(self, name: str) -> Link:
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
        url = link_address(self._base, name, by_token=self._credential.is_token)
        with self._lock:
            if link := self._at_hand(name):
                return link
            flight = self._flights.setdefault(name, Lock())
        with flight:
            with self._lock:
                # Whoever had the flight has left an answer, or why there is none.
                if link := self._at_hand(name):
                    return link
                conditions = self._copies.conditions(name)
            return self._ask(name, url, conditions)

    def close(self) -> None:
        """Close the connections; requests that are under way end first, and nobody asks anew."""
        with self._lock:
            self._closed = True
            flights = list(self._flights.values())
        for flight in flights:
            with flight:
                pass
        if self._owns:
            self._http.close()

    def _at_hand(self, name: str) -> Link | None:
        if self._closed:
            msg = "this client is closed"
            raise Busy(msg)
        return self._copies.at_hand(name)

    def _ask(self, name: str, url: str, conditions: dict[str, str]) -> Link:
        try:
            answer = read(self._send(url, self._credential.headers_now() | conditions), self._clock.now())
            with self._lock:
                return self._copies.take(name, answer)
        except FnoLinkError as error:
            failure = error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            failure = away(self._base, error)
        with self._lock:
            return self._copies.fail(name, failure)

    def _send(self, url: str, headers: dict[str, str]) -> Reply:
        until = self._clock.monotonic() + self._timeout
        with self._http.stream("GET", url, headers=headers, follow_redirects=False) as answer:
            body = bytearray()
            for part in answer.iter_bytes():
                gather(body, part)
                if self._clock.monotonic() > until:
                    msg = f"no whole answer within {self._timeout} s"
                    raise TimeoutError(msg)
            return Reply(answer.status_code, answer.headers, bytes(body))
