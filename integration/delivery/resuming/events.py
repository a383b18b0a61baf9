"""An event that was delivered may be delivered again, from its payload, because an operator says so."""

from datetime import timedelta

from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import Work
from integration.errors import CorruptRecord
from integration.journal import Found, Payloads
from integration.journal.scope import ByRoute, WholeEvent


class EventReplays:
    """Orders replays of events.

    Args:
        payloads: The events themselves, as far as they are kept.
        retries: Where the order waits for the function app.
    """

    def __init__(self, payloads: Payloads, retries: RetryQueue) -> None:
        self._payloads = payloads
        self._retries = retries

    async def order(self, found: Found, *, route: str = "") -> Work:
        """Order that an event be delivered again, though it may have been; the function app does it.

        To the environment that is linked then, by message ids that end in `:r{n}`.

        Args:
            found: Its row in the journal.
            route: By this route alone; empty: by all that take it.

        Returns:
            What was ordered.

        Raises:
            PayloadNotKept: Only what became of it was kept.
            CorruptRecord: Its row, or the event, cannot be read.
            StorageUnavailable: It is not known to be ordered.
        """
        row = found.row
        if row is None:
            msg = f"the journal row of {found.key} cannot be read"
            raise CorruptRecord(msg)
        event = await self._payloads.get(found.table, row.subject.organization, found.key)
        scope = ByRoute(route) if route else WholeEvent()
        ordered = Work(scope=scope, accepted_at=row.accepted_at, event=event).anew("replay", row.replayed + 1)
        await self._retries.later(ordered, timedelta(0))
        return ordered
