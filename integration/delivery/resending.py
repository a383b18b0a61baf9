"""What had failed and comes again from its sender: it goes the whole way, as any event does, and as it was stored.

The guards judge the message that came; what is delivered is the event that its dead letter holds, by the routes whose
delivery had failed, as far as they take it still. So a message that only repeats an id can neither choose a target nor
take away the dead letter of what it does not hold.
"""

import msgspec

from integration.delivery.attempts import Attempts, all_of
from integration.delivery.continuing import Continuing
from integration.delivery.journalled.ledger import Ledger
from integration.delivery.outcome import Ignored, Outcome
from integration.delivery.queued.work import Work
from integration.delivery.screening.guard import Echo, Refused
from integration.delivery.screening.screening import Screening
from integration.delivery.undelivered import Undelivered
from integration.errors import LinkUnknown
from integration.events.event import Event
from integration.journal.scope import ByRoute, Scope, Slot, WholeEvent
from integration.loggers import logger

log = logger("delivery")


class Resending:
    """Makes the deliveries that failed again because their sender says so.

    Args:
        screening: Judges what came.
        continuing: Makes the deliveries.
        attempts: Defers them while who we are is not known.
        undelivered: Has the dead letters.
    """

    def __init__(
        self,
        screening: Screening,
        continuing: Continuing,
        attempts: Attempts,
        undelivered: Undelivered,
    ) -> None:
        self._screening = screening
        self._continuing = continuing
        self._attempts = attempts
        self._undelivered = undelivered

    async def again(self, work: Work, works: list[Work], ledger: Ledger, settled: frozenset[Slot]) -> list[Outcome]:
        """Make deliveries again.

        Args:
            work: The message that came.
            works: The deliveries that had failed, or were begun anew and not ended.
            ledger: Where they are entered; knows their dead letters.
            settled: Routes whose delivery is recorded and not to be made again.

        Raises:
            StorageUnavailable: Something could not be stored, or a dead letter not be read.
        """
        works = [msgspec.structs.replace(each, event=await self.stored(work, each.scope, ledger)) for each in works]
        try:
            # Checked as a replay: an operator may have let in other data under this id, and that is no reason to refuse
            # the event now.
            verdict = await self._screening.guarded(work.require_event(), replay=max(work.chain.replay, 1))
        except LinkUnknown as unknown:
            return await all_of([self._attempts.settle(each, None, unknown, ledger) for each in works])
        if not isinstance(verdict, Echo | Refused):
            return await self._continuing.make(works[0].require_event(), works, None, ledger, settled, anew=True)
        for each in works:
            ledger.leave(each.scope)
        if isinstance(verdict, Echo):
            log.info("%s is an echo of our own write", work.require_event().key)
            return [Ignored("echo")]
        # The dead letters that are there stay: they hold an event that had passed the guards; this one has not.
        whole = msgspec.structs.replace(work, scope=WholeEvent())
        return [await self._undelivered.bury(whole, verdict.reason, verdict.message, verdict.hint)]

    async def stored(self, work: Work, scope: Scope, ledger: Ledger) -> Event:
        """Give the event as the dead letter of a delivery holds it; where it is gone, the one that came.

        That one has the digest of the first, unless the row was written before there were digests. What its guards or
        its routes refused as a whole is judged anew as it came, if it has.

        Raises:
            StorageUnavailable: It could not be read.
        """
        event = work.require_event()
        if not isinstance(scope, ByRoute) and ledger.proven:
            return event
        found = await self._undelivered.stored(ledger.letter(scope))
        return found if found is not None and found.key == event.key else event
