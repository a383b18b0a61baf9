"""Record what was buried as it is, outside a run: a resend must reopen it, and nobody wait for it."""

from integration.clock import Clock
from integration.delivery.journalled.salvage import RowSalvage
from integration.delivery.queued.work import Work
from integration.journal import Entry, Journal, Refuse, Run, Subject, Wait
from integration.journal.scope import Recheck, WholeEvent
from integration.loggers import logger
from integration.storage.patience import persist

log = logger("delivery")


async def abandon(  # noqa: PLR0913, PLR0917  # what was buried, and with what
    journal: Journal | None, work: Work, code: str, letter: str, salvage: RowSalvage, clock: Clock
) -> bool:
    """Enter into the journal that a delivery's chain, or an event's own run, ended in a dead letter; the letter first.

    Nothing is entered where another run has the event or has gone on with it: what that one records counts.

    Args:
        journal: None: there is none.
        work: What was buried; its event may be missing. A re-check stands for the event's own run.
        code: The dead letter's reason.
        letter: Where it lies.
        salvage: Keeps a row that cannot be read, before another is written in its place.
        clock: The time.

    Returns:
        Whether that is all: False while another run holds the event.

    Raises:
        StorageUnavailable: It is not known to be recorded; the message must not be acknowledged.
    """
    subject = work.about if work.event is None else Subject.of(work.event)
    if journal is None or subject is None:
        return True
    own = isinstance(work.scope, Recheck)
    owner = journal.owner_token()
    run = await persist(
        lambda: journal.claim(
            subject,
            work.kind,
            accepted_at=work.accepted_at,
            generation=work.chain.generation,
            scope=work.scope,
            owner=owner,
            salvage=salvage,
            # With the digest, a message that merely uses the id of another event cannot end that event's run.
            digest=work.event.digest if own and work.event is not None else "",
        ),
        clock,
    )
    if not isinstance(run, Run):
        log.info("%s by %s goes on without the message that was buried", subject.key, work.scope.route or "all routes")
        return not isinstance(run, Wait | Refuse)
    whole = isinstance(work.scope, WholeEvent | Recheck)
    entry = Entry(slot=work.scope.slot, state="dead_lettered", attempt=work.chain.attempt, code=code, letter=letter)
    # The event is complete only if this run was about it as a whole, or if this delivery was all there was to do. What
    # else a dead run has left open is for the run that takes over.
    alone = whole or (not run.decision.whole and run.decision.scopes == (work.scope,))
    await persist(lambda: journal.end(run, (entry,), complete=alone), clock)
    return True
