"""Waiting for what becomes of a message."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from emulation.sending.app import App
from emulation.sending.outcome import Became, of_dead_letter, of_row

EVERY = 0.3

type Told = Callable[[Became], None]


class Following:
    """Asks the app until nothing is open any more.

    Args:
        app: The app.
        source: By which source the messages came.
        organization: Of which organization the source is; empty: not known.
        began: When sending began, by the clock of the app.
        told: Told of each event when something has changed of it.
    """

    def __init__(self, app: App, source: str, organization: str, began: datetime, told: Told) -> None:
        self._app = app
        self._source = source
        self._organization = organization
        self._began = began
        self._told = told
        self._last: dict[str, Became] = {}

    def wait(self, ids: Sequence[str], count: int, seconds: float) -> list[Became]:
        """Wait until so many events are settled; return what is known of each at the end.

        Args:
            ids: Of the events, as far as they are known.
            count: How many there are.
            seconds: How long to wait.

        Raises:
            Unasked: The app does not say.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = self._look(ids)
            for each in found:
                if self._last.get(each.id) != each:
                    self._last[each.id] = each
                    self._told(each)
            if (len(found) >= count and not any(each.open for each in found)) or time.monotonic() > deadline:
                return found
            time.sleep(EVERY)

    def _look(self, ids: Sequence[str]) -> list[Became]:
        found = [row for id_ in ids if (row := self._app.event(id_, self._organization)) is not None]
        if not ids:
            listed = self._app.events(self._source, self._began)
            found = [row for each in listed if (row := self._app.event(str(each["key"]), "")) is not None]
        became = [of_row(row, self._began) for row in found]
        known = {each.id for each in became}
        letters = [each for each in self._app.dead_letters(self._source, self._began) if not each.get("eventId")]
        return became + [each for each in map(of_dead_letter, letters) if each.id not in known or not each.id]
