"""Record deliveries whose retry message was buried as it is: a resend must reopen them, and not be a duplicate."""

from integration.delivery.persist import persist
from integration.delivery.work import Work
from integration.journal import Entry, Journal, Run, Subject
from integration.loggers import logger

log = logger("delivery")


async def abandon(journal: Journal | None, work: Work, code: str, letter: str) -> None:
    """Enter into the journal that a delivery's chain of retries ended in a dead letter; the letter comes first.

    Nothing is entered for a re-check, which is about no delivery, nor where another run has the event or has gone on
    with it: what that one records counts.

    Args:
        journal: None: there is none.
        work: What the retry message held; its event may be missing.
        code: The dead letter's reason.
        letter: Where it lies.

    Raises:
        StorageUnavailable: It is not known to be recorded; the message must not be acknowledged.
    """
    subject = work.about if work.event is None else Subject.of(work.event)
    if journal is None or subject is None or work.recheck or (work.event is not None and work.event.internal):
        return
    owner = journal.word()
    run = await persist(
        lambda: journal.claim(
            subject,
            "continuation",
            accepted_at=work.accepted_at,
            generation=work.generation,
            route=work.route,
            owner=owner,
        )
    )
    if not isinstance(run, Run):
        log.info("%s by %s goes on without the message that was buried", subject.key, work.route)
        return
    entry = Entry(route=work.route, state="dead_lettered", attempt=work.attempt, code=code, letter=letter)
    # What else a dead run has left open is for whoever takes over.
    alone = not run.decision.whole and run.decision.routes == (work.route,)
    await persist(lambda: journal.end(run, (entry,), complete=alone))
