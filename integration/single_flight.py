"""One load in flight per key, shared by all who wait for it."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any

from integration import background
from integration.errors import Busy


class SingleFlight[K: Hashable, V]:
    """Loads that are shared: whoever asks while one is under way waits for that one.

    Cancelling one waiter never cancels the load for the others; a load without waiters still ends.
    """

    def __init__(self) -> None:
        self._flights: dict[K, asyncio.Task[V]] = {}

    def start(self, key: K, load: Callable[[], Coroutine[Any, Any, V]]) -> None:
        """Start the load for this key in the background, unless one is under way.

        Args:
            key: What is loaded.
            load: Makes the coroutine; called only when none is under way. Its exception, if nobody waits for it, is
                dropped: the load itself reports it.
        """
        if key not in self._flights:
            self._take_off(key, background.start(load()))

    async def join(self, key: K, load: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Wait for the load of this key, started now or under way.

        Returns:
            What the load returned.

        Raises:
            Busy: The loads were closed while waiting.
            Exception: What the load raised, the same for every waiter.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._take_off(key, asyncio.create_task(load()))
        await asyncio.wait([flight])
        if flight.cancelled():
            msg = "This process is shutting down and has stopped asking."
            raise Busy(msg)
        error = flight.exception()
        if error is not None:
            # All waiters get the same exception object; each raise adds to its traceback, so drop what was added.
            raise error.with_traceback(None)
        return flight.result()

    async def aclose(self) -> None:
        """Cancel every load and wait until all have ended."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _take_off(self, key: K, flight: asyncio.Task[V]) -> asyncio.Task[V]:
        self._flights[key] = flight
        flight.add_done_callback(lambda done: self._land(key, done))
        return flight

    def _land(self, key: K, flight: asyncio.Task[V]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # marks it as retrieved: asyncio would log it once more
