"""Tokens kept by us until 5 minutes before they expire; fetched in threads of our own."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from integration.clock import Clock
from integration.errors import LinkUnknown, Unreachable
from integration.single_flight import SingleFlight

RENEW_BEFORE_SECONDS = 300.0
"""Seconds before its expiry from which on a token is no longer used."""


class Grant(msgspec.Struct, frozen=True):
    """A token as issued.

    Args:
        token: The bearer token; never shown.
        lifetime: Seconds it is valid for, from now.
    """

    token: str
    lifetime: float

    def __repr__(self) -> str:
        return f"Grant(…, lifetime={self.lifetime!r})"


class _Kept:
    __slots__ = ("expires_at", "token", "usable_until")

    def __init__(self, grant: Grant, now: float) -> None:
        self.token = grant.token
        self.expires_at = now + grant.lifetime
        # A token that lives shorter than twice the margin would otherwise be fetched for every call.
        self.usable_until = now + max(grant.lifetime - RENEW_BEFORE_SECONDS, grant.lifetime / 2)


class Grants[K: Hashable]:
    """A cache of tokens, single-flight per key.

    Fetching is synchronous (msal and its constructor's discovery are) and runs on a small pool of its own, so that an
    Entra that hangs can neither block the loop nor use up the loop's default executor.

    Args:
        clock: Time.
        timeout: Seconds that one fetch may take, queueing included, before it counts as unreachable.
        threads: Fetches at the same time.
    """

    def __init__(self, clock: Clock, *, timeout: float, threads: int) -> None:
        self._clock = clock
        self._timeout = timeout
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._kept: dict[K, _Kept] = {}
        self._fetches: SingleFlight[K, _Kept] = SingleFlight()

    async def get(self, key: K, fetch: Callable[[], Grant]) -> tuple[str, float]:
        """Return a usable token and the seconds it is still valid for.

        Args:
            key: Client, tenant and scope.
            fetch: Gets a new one; runs in a thread; raises errors of `integration.errors` only.

        Raises:
            LinkUnknown: No token could be had; the subclass says why.
        """
        kept = self._kept.get(key)
        if kept is None or not self.holds(key):
            kept = await self._fetches.join(key, lambda: self._fetch(key, fetch))
        return kept.token, kept.expires_at - self._clock.monotonic()

    def holds(self, key: K) -> bool:
        """Tell whether a usable token of this key is kept."""
        kept = self._kept.get(key)
        return kept is not None and self._clock.monotonic() < kept.usable_until

    def forget(self, matches: Callable[[K], bool]) -> None:
        """Drop the tokens whose key matches."""
        for key in [key for key in self._kept if matches(key)]:
            del self._kept[key]

    async def aclose(self) -> None:
        """Stop fetching; threads that still wait for Entra end by their own timeouts."""
        await self._fetches.aclose()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def _fetch(self, key: K, fetch: Callable[[], Grant]) -> _Kept:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="fno-link-entra")
        answer = asyncio.get_running_loop().run_in_executor(self._pool, fetch)
        try:
            async with asyncio.timeout(self._timeout):
                grant = await answer
        except TimeoutError as error:
            msg = f"Microsoft Entra gave no token within {self._timeout:g} s."
            raise Unreachable(msg) from error
        except LinkUnknown:
            self._kept.pop(key, None)
            raise
        kept = _Kept(grant, self._clock.monotonic())
        self._kept[key] = kept
        return kept
