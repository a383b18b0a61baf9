"""Claim an event before anything is done for it, and record what was done: the pipeline's side of the journal.

The order of effects, always: retry message or blob durable → journal row → acknowledge.
"""

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from integration.clock import Clock
from integration.dead_letters import path_for
from integration.delivery import outcome
from integration.delivery.journalled.abandoned import abandon
from integration.delivery.journalled.ledger import Ledger
from integration.delivery.journalled.salvage import RowSalvage
from integration.delivery.journalled.task import Task
from integration.delivery.outcome import Deferred, Held, Ignored, Outcome, PutOff, Stale
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import Work
from integration.delivery.undelivered import Undelivered
from integration.errors import StorageUnavailable, Unforeseen
from integration.events.event import Event, Variant
from integration.events.inbound import Ignored as IgnoredMessage
from integration.events.inbound import Inbound
from integration.faults import netted, summary
from integration.journal import (
    Decision,
    Differs,
    Drop,
    Duplicate,
    Journal,
    Kind,
    Payloads,
    Refuse,
    Run,
    Subject,
    Wait,
)
from integration.journal.scope import Recheck, Scope, WholeEvent
from integration.loggers import logger
from integration.storage.patience import persist

log = logger("delivery")

DELIVERED_SINCE = "delivered_since"
"""Why nothing is done for a dead letter: its delivery was made by a resend, or by another replay."""
_ROUNDS = 4
# Runs that may be the first to have the event as it came.
_FIRST = frozenset({"new", "takeover", "rerouted"})

type Act = Callable[[Work, Task, Ledger], Awaitable[list[Outcome]]]


class Runs:
    """Runs what is to be done for an event under the journal's claim, or without a journal as it is.

    Args:
        journal: The journal; None: there is none, nothing is claimed.
        retries: Where re-checks and deliveries wait while another run holds their event.
        undelivered: Keeps what cannot be read.
        salvage: Keeps a journal row that cannot be read.
        clock: The time.
        payloads: Keeps the events themselves; None: they are not kept.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self,
        journal: Journal | None,
        retries: RetryQueue,
        undelivered: Undelivered,
        salvage: RowSalvage,
        *,
        clock: Clock,
        payloads: Payloads | None = None,
    ) -> None:
        self._journal = journal
        self._retries = retries
        self._undelivered = undelivered
        self._salvage = salvage
        self._clock = clock
        self._payloads = payloads

    async def run(self, kind: Kind, work: Work, act: Act) -> list[Outcome]:
        """Do something for an event, if the claim table allows it.

        Args:
            kind: What brings the event.
            work: The event, and what of it is to be done.
            act: Does it, given the event, what is to be made of it and where to enter what it does.

        Returns:
            What `act` returned; or, where it was not called, Duplicate, Held, PutOff or Stale.

        Raises:
            StorageUnavailable: Something could not be stored; the message must not be acknowledged.
        """
        journal, event = self._journal, work.require_event()
        if journal is None or not self.claims(kind, event):
            return await act(work, Task.of(kind, work, None), Ledger())
        for _ in range(_ROUNDS):
            owner, event = journal.owner_token(), work.require_event()
            answer = await persist(
                lambda owner=owner, event=event, work=work: journal.claim(
                    Subject.of(event),
                    kind,
                    accepted_at=work.accepted_at,
                    generation=work.chain.generation,
                    scope=work.scope,
                    owner=owner,
                    digest=_digest(event, kind, work.scope),
                    salvage=self._salvage,
                ),
                self._clock,
            )
            if isinstance(answer, Differs):
                log.error("%s came before with other data: it is kept beside the first", event.key)
                variant = Variant(event.digest, answer.digest)
                work = msgspec.structs.replace(work, event=msgspec.structs.replace(event, variant=variant))
                continue
            if not isinstance(answer, Run):
                return [await self._instead(kind, work, answer)]
            outcomes = await self._recorded(journal, answer, kind, work, act)
            if outcomes is not None:
                return outcomes
            log.warning("%s was taken over by another run; its message is judged anew", event.key)
        msg = f"{event.key} was taken over again and again"
        raise StorageUnavailable(msg)

    def claims(self, kind: Kind, event: Event) -> bool:
        """Tell whether what is done for an event is done under a claim, and recorded.

        Args:
            kind: What brings the event.
            event: The event.
        """
        # An alert has a row as soon as it goes on by one route: a retry, or a notice of the watch, is made once.
        return self._journal is not None and (kind == "continuation" or not event.internal)

    async def note(self, item: IgnoredMessage, inbound: Inbound) -> None:
        """Record a message that says nothing.

        Raises:
            StorageUnavailable: It is not known to be recorded.
        """
        journal = self._journal
        if journal is None:
            return
        # Empty messages are all alike: one that comes again is told from another by when it was accepted.
        told = f"{inbound.ingress}\x00{item.reason}\x00"
        told += f"{inbound.received_at.isoformat()}\x00" if item.reason == "empty" else ""
        digest = hashlib.sha256(told.encode() + inbound.body).hexdigest()
        subject = Subject(organization=inbound.organization, key=digest, type=item.reason, source=inbound.ingress)
        salvage = self._salvage
        await persist(
            lambda: journal.note(subject, accepted_at=inbound.received_at, reason=item.reason, salvage=salvage),
            self._clock,
        )

    async def is_superseded(self, work: Work) -> bool:
        """Tell whether a retry message that has lost its claim-check is of a link of the chain that is over.

        Raises:
            CorruptRecord: The row cannot be read.
            StorageUnavailable: The account did not answer.
        """
        if self._journal is None or work.about is None:
            return False
        row = await self._journal.find(work.about)
        entry = row.entry(work.scope.slot) if row else None
        if isinstance(work.scope, Recheck):
            return row is not None and row.state != "received" and not row.partial
        return entry is not None and (entry.state, entry.generation) != ("deferred", work.chain.generation)

    async def failed(self, kind: Kind, work: Work, fault: Unforeseen) -> list[Outcome]:
        """Keep what failed in a way that nobody has foreseen beside what its run does: in claiming, or in recording.

        It comes again as what it was, a source's message as a re-check; after some attempts it is a dead letter, and
        the row says so. A release has no message that could come again: what it is about is a dead letter at once.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        event = work.require_event()
        log.error("%s by %s: %s", event.key, work.scope.route or "all routes", fault)
        tried = work.following(work.chain.faulted(self._undelivered.attempted(fault)))
        delay = None if kind == "release" else self._undelivered.after_fault(tried)
        if delay is not None:
            await self._retries.later(self._again(kind, tried), delay)
            return [Deferred(work.scope.route, self._clock.now() + delay, fault.code, work.chain.attempt)]
        lost = self._again(kind, tried)
        letter = msgspec.structs.replace(lost, scope=WholeEvent()) if isinstance(lost.scope, Recheck) else lost
        buried = await self._undelivered.bury(letter, fault.code, str(fault), fault.hint)
        path = path_for(event.organization, fault.code, work.accepted_at, event.key, letter.scope.route)
        await netted(abandon(self._journal, lost, fault.code, path, self._salvage, self._clock), self._unrecorded)
        return [buried]

    def _again(self, kind: Kind, work: Work) -> Work:
        # The claim-check belongs to the message that is being handled, which empties it; the copy needs one of its own.
        work = msgspec.structs.replace(work, payload="", about=None)
        if kind == "source":
            return self._recheck(work).following(Chain(faults=work.chain.faults, last=work.chain.last))
        begins = kind if kind in ("reopen", "replay") else work.begins
        return msgspec.structs.replace(work, begins=begins)

    async def _unrecorded(self, fault: Unforeseen) -> bool:
        log.error("a dead letter stands in no journal row: %s", fault)
        return True

    async def _recorded(self, journal: Journal, run: Run, kind: Kind, work: Work, act: Act) -> list[Outcome] | None:
        """Act and record; None when the run was overtaken."""
        ledger = Ledger(run.row.generation, run.row.deliveries, proven=run.row.digest != "")
        try:
            if self._payloads is not None and run.decision.why in _FIRST:
                await persist(lambda: self._kept(run, work), self._clock)
            outcomes = await act(work, Task.of(kind, work, run.decision), ledger)
        except Exception:
            await self._let_go(journal, run, ledger)
            raise
        ended = await persist(lambda: journal.end(run, ledger.entries, reason=ledger.reason), self._clock)
        if not ended:
            return None
        over = [letter for letter in run.superseded(ledger.entries) if letter != work.letter]
        await self._undelivered.take_away(over, run.row.generation)
        return outcomes

    async def _kept(self, run: Run, work: Work) -> None:
        if self._payloads is not None and run.decision.whole:
            await self._payloads.put(run.table, work.require_event())

    async def _let_go(self, journal: Journal, run: Run, ledger: Ledger) -> None:
        """Record what was done before something failed, so that the message can be processed as soon as it is back."""
        try:
            await journal.end(run, ledger.entries, complete=False)
        except Exception as error:  # noqa: BLE001  # what failed first is what is to be told
            log.warning("%s stays claimed until its lease is over: %s", run.row.subject.key, summary(error))

    async def _instead(self, kind: Kind, work: Work, answer: Decision) -> Outcome:
        event = work.require_event()
        match answer:
            case Duplicate():
                log.info("%s is a duplicate", event.key)
                return outcome.Duplicate()
            case Wait(until=until):
                again = self._recheck(work) if kind == "source" else work
                await self._retries.later(again, until - self._clock.now())
                log.info("%s is being processed; looked at again at %s", event.key, until)
                return PutOff()
            case Refuse():
                log.info("%s is being processed", event.key)
                return Held(work.scope.route)
            case Drop() if kind == "reopen":
                log.info("%s by %s was delivered since", event.key, work.scope.route or "all routes")
                return Ignored(DELIVERED_SINCE)
            case _:
                log.info("%s by %s: nothing is left to do", event.key, work.scope.route or "all routes")
                return Stale()

    def _recheck(self, work: Work) -> Work:
        # A random word makes its claim-check a blob of its own, which is not deleted with another message's.
        word = self._journal.owner_token() if self._journal else ""
        return Work(scope=Recheck(word), accepted_at=work.accepted_at, event=work.event, trail=work.trail)


def _digest(event: Event, kind: Kind, scope: Scope) -> str:
    """Give the digest of an event as its sender sent it; empty where only a later form of it may be at hand."""
    if kind in ("source", "recheck"):
        return event.digest
    entire = kind in ("reopen", "replay") and isinstance(scope, WholeEvent)
    return event.digest if entire and "contextstripped" not in event.extensions else ""
