"""The dead man's switch: a URL that is called after each round that came to its end.

Who is called notices when the calls stop (Healthchecks, Better Stack and the like take a bare GET). That the call
fails is logged, once until it works again: it must not fail the round.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from integration.faults import summary
from integration.loggers import logger

if TYPE_CHECKING:
    import httpx

log = logger("health")

ANSWERS_WITHIN_SECONDS = 10.0
_OK = range(200, 300)


class DeadMan:
    """Calls the URL.

    Args:
        url: Whoever knows it can keep it quiet: it is never logged. Empty: nothing is called.
        http: Opens the client at the first call.
    """

    def __init__(self, url: str, http: Callable[[], "httpx.AsyncClient"]) -> None:
        self._url = url
        self._http = http
        self._is_failing = False

    async def call(self) -> None:
        """Say that a round came to its end; never raises for what becomes of it."""
        if not self._url:
            return
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_SECONDS):
                answer = await self._http().get(self._url, follow_redirects=False)
            said = "" if answer.status_code in _OK else f"it answered {answer.status_code}"
        except TimeoutError:
            said = f"no answer within {ANSWERS_WITHIN_SECONDS:g} s"
        except Exception as error:  # noqa: BLE001  # whatever a URL of somebody's choice does is not the round's fault
            said = type(error).__name__ if self._url in str(error) else summary(error)
        if said and not self._is_failing:
            log.error("the dead man's URL could not be called: %s", said)
        elif not said and self._is_failing:
            log.warning("the dead man's URL can be called again")
        self._is_failing = bool(said)
