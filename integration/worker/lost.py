"""Messages that no delivery can be made of: each is a dead letter as it came, and the journal says so of its events."""

from collections.abc import Callable

from integration.clock import Clock
from integration.dead_letters import DeadLetters, Record
from integration.delivery import Work, decode_continuation
from integration.delivery.journalled.abandoned import abandon
from integration.delivery.journalled.salvage import RowSalvage
from integration.delivery.queued.arrivals import Arrivals, Message
from integration.errors import CorruptRecord, FnoLinkError, Unforeseen, UnknownSource
from integration.events.decode import decode
from integration.faults import netted
from integration.journal import Journal
from integration.journal.scope import Recheck
from integration.loggers import logger
from integration.storage.names import RETRIES

log = logger("worker")


class LostMessages:
    """Buries messages.

    Args:
        arrivals: Reads messages.
        dead_letters: Where they go.
        journal: Gives the journal, None: there is none. Not opened before a message is kept: it may be what fails.
        clock: The time.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        dead_letters: DeadLetters,
        journal: Callable[[], Journal | None],
        clock: Clock,
    ) -> None:
        self._arrivals = arrivals
        self._dead_letters = dead_letters
        self._journal = journal
        self._clock = clock

    async def bury(self, message: Message, error: FnoLinkError) -> None:
        """Make a dead letter of a message because of an error, and end its events in the journal as far as that goes.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        record = self._arrivals.record(message, error.code, str(error), error.hint)
        path = await self._keep(record)
        await netted(self._end(message.source, record, path), _unended)

    async def bury_poison(self, message: Message, reason: str, text: str, hint: str) -> bool:
        """Make a dead letter of what was inside a message that could not be processed in many attempts.

        Returns:
            False while a run that may still be alive holds one of its events: the message is to come again.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        record = self._arrivals.record(message, reason, text, hint)

        async def as_it_is(fault: Unforeseen) -> Record | None:
            log.error("the message of %s is kept as it is: %s", message.source, fault)
            return record

        kept = await netted(self._arrivals.unwrapped(message, record), as_it_is)
        if kept is None:
            log.warning("a poison message of %s had been dealt with: it was only never acknowledged", message.source)
            return True
        path = await self._keep(kept)
        return await netted(self._end(message.source, kept, path, message.body), _unended)

    async def _keep(self, record: Record) -> str:
        path = await self._dead_letters.bury(record)
        log.error("a message of %s is a dead letter (%s: %s): %s", record.source, record.reason, record.message, path)
        return path

    async def _end(self, queue: str, record: Record, path: str, message: bytes | None = None) -> bool:
        """End the rows of what a dead letter is about; False while another run holds one."""
        salvage = RowSalvage(self._dead_letters, self._clock)
        if queue == RETRIES:
            try:
                continuation = decode_continuation(record.body or b"" if message is None else message)
            except CorruptRecord:
                return True  # nothing in it says what it was about
            if not isinstance(continuation, Work):
                return True
            return await abandon(self._journal(), continuation, record.reason, path, salvage, self._clock)
        journal = self._journal()
        if journal is None:
            return True
        try:
            inbound = self._arrivals.inbound(Message.of(record))
        except UnknownSource:
            return True
        ended = True
        for event in decode(inbound).events:
            own = Work(scope=Recheck(), accepted_at=record.accepted_at, event=event)
            ended &= await abandon(journal, own, record.reason, path, salvage, self._clock)
        return ended


async def _unended(fault: Unforeseen) -> bool:
    # The dead letter is there: nothing of this may bring the message back.
    log.error("the journal does not say that a message is a dead letter: %s", fault)
    return True
