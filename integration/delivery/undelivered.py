"""What is kept of deliveries that are not made now: retries, parked deliveries, dead letters."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Configuration
from integration.dead_letters import Attempted, DeadLetters, Place, Record, reasons
from integration.delivery.backoff import FAULTS, GiveUp, decide, postpone
from integration.delivery.outcome import KEPT_RESPONSE, Buried, Deferred, Ignored, Outcome, Waiting
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import Work
from integration.errors import (
    CorruptRecord,
    DeliveryFailed,
    LinkUnknown,
    Spared,
    Unforeseen,
)
from integration.events.event import Event
from integration.events.inbound import Inbound, Undecoded
from integration.faults import summary
from integration.journal.scope import WholeEvent, stored
from integration.loggers import logger
from integration.plain_text import plain
from integration.storage.patience import persist
from integration.tally import First, Key, Tally, uncounted
from integration.telemetry.carrier import Trail

log = logger("delivery")


type Failure = DeliveryFailed | LinkUnknown | Unforeseen


class Undelivered:
    """Stores what is not delivered now; each call returns once that is durable.

    Args:
        configuration: Schedules, and what happens to unrouted events.
        dead_letters: Where dead letters and parked deliveries are kept.
        retries: The retry queue.
        clock: The time.
        rng: Jitter.
        tally: Counts what is deferred.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # its collaborators
        self,
        configuration: Configuration,
        dead_letters: DeadLetters,
        retries: RetryQueue,
        clock: Clock,
        rng: random.Random,
        tally: Tally = uncounted,
    ) -> None:
        self._configuration = configuration
        self._dead_letters = dead_letters
        self._retries = retries
        self._clock = clock
        self._rng = rng
        self._tally = tally

    async def defer(self, work: Work, failure: Failure, target: str) -> Deferred | Buried:
        """Store a delivery for its next attempt, or bury it when there is none.

        Raises:
            StorageUnavailable: It is not known to be stored.
        """
        now = self._clock.now()
        settings = self._configuration.delivery
        configured = self._configuration.targets.get(target)
        schedule = (configured.retry_after if configured else ()) or settings.retry_after
        chain = work.chain.failing(now)
        work = work.following(chain)
        age = {"age": now - (chain.since or now), "give_up_after": settings.give_up_after}
        if isinstance(failure, Spared):
            decision = postpone(schedule, chain.attempt, failure.retry_after or 0.0, self._rng, **age)
        elif isinstance(failure, Unforeseen):
            decision = decide(FAULTS, chain.faults, None, self._rng, **age)
        else:
            decision = decide(schedule, chain.attempt, failure.retry_after, self._rng, **age)
        if isinstance(decision, GiveUp):
            message = f"given up after {decision.attempts} attempts; the last one: {failure}"
            reason = reasons.RETRIES_EXHAUSTED if isinstance(failure, DeliveryFailed) else failure.code
            return await self.bury(work, reason, message, failure.hint, target)
        # Its message is not the one that brought it: a claim-check of its own, since that one's is emptied.
        await self._retries.later(msgspec.structs.replace(work, payload="", begins=""), decision.delay)
        event = work.require_event()
        route, until = work.scope.route or "undecided routes", self._clock.now() + decision.delay
        waits = First(at=now, accepted_at=work.accepted_at, until=until)
        self._tally(Key("deferred", event.organization, event.ingress, target, failure.code), waits)
        log.warning("delivery by %s deferred: %s: %s; again at %s", route, failure.code, failure, until)
        return Deferred(work.scope.route, until, failure.code, chain.attempt)

    async def failed(self, work: Work, fault: Unforeseen, target: str = "") -> tuple[Deferred | Buried, Attempted]:
        """Store for another attempt what failed in a way that nobody has foreseen; after some, bury it.

        Returns:
            What became of it, and how the attempt failed.

        Raises:
            StorageUnavailable: It is not known to be stored.
        """
        log.error("%s by %s: %s", work.require_event().key, work.scope.route or "no route yet", fault)
        last = self.attempted(fault)
        tried = work.following(work.chain.tried(last).faulted(last))
        return await self.defer(tried, fault, target), last

    def after_fault(self, work: Work) -> timedelta | None:
        """Say how long to wait after an unforeseen fault that `work` counts already; None: it is to be buried."""
        decision = decide(FAULTS, work.chain.faults, None, self._rng)
        return None if isinstance(decision, GiveUp) else decision.delay

    async def park(self, work: Work, reason: str, message: str, target: str) -> Waiting | Buried:
        """Keep a delivery until the link allows it; one that was accepted longer than `park_for` ago is a dead letter.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        if self._clock.now() - work.accepted_at >= self._configuration.delivery.park_for:
            message = f"parked as {reason} for longer than park_for: {message}"
            hint = "Link the organization again, then replay it."
            return await self.bury(work, reasons.PARKED_TOO_LONG, message, hint, target)
        hint = "It is released by itself when the link is back."
        if reason == reasons.PARKED_FOR_OTHER_ENVIRONMENT:
            hint = 'Check that it belongs there, then replay it; or set on_relink = "deliver" on the route.'
        record = self._record(work, reason, message, hint, target)
        await persist(lambda: self._dead_letters.park(record), self._clock)
        log.warning("delivery by %s parked: %s", work.scope.route or "undecided routes", reason)
        return Waiting(work.scope.route, reason)

    async def bury(self, work: Work, reason: str, message: str, hint: str, target: str = "") -> Buried:
        """Make a delivery a dead letter.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        record = self._record(work, reason, message, hint, target)
        path = await persist(lambda: self._dead_letters.bury(record), self._clock)
        log.error("delivery by %s is a dead letter (%s: %s): %s", work.scope.route or "no route", reason, message, path)
        return Buried(work.scope.route, reason)

    async def unrouted(self, unrouted: Work) -> Buried | Ignored:
        """Keep, or only note, an event that no route takes.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        event = unrouted.require_event()
        if event.internal:
            log.warning("no route takes the alert %s", event.type)
            return Ignored("unrouted")
        if self._configuration.routing.unmatched == "journal":
            log.info("%s of type %s is taken by no route", event.key, event.type)
            return Ignored("unrouted")
        chain = Chain(replay=unrouted.chain.replay, generation=unrouted.chain.generation)
        work = Work(
            scope=WholeEvent(), accepted_at=unrouted.accepted_at, event=event, chain=chain, trail=unrouted.trail
        )
        message = f"no route takes events of type {event.type[:200]}"
        return await self.bury(work, reasons.UNROUTED, message, "Add a route for it, then replay the dead letter.")

    async def bury_undecoded(self, item: Undecoded, inbound: Inbound, replay: int) -> Buried:
        """Make a message that cannot be read a dead letter, as it came.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        now = self._clock.now()
        record = Record(
            organization=inbound.organization,
            reason=item.reason,
            message=plain(item.message),
            hint=item.hint,
            accepted_at=inbound.received_at,
            recorded_at=now,
            source=inbound.ingress,
            body=item.raw,
            content_type=inbound.content_type,
            headers=inbound.headers,
            properties=inbound.properties,
            attempts=replay,
            replays=replay,
            trail=Trail().left(),
        )
        path = await persist(lambda: self._dead_letters.bury(record), self._clock)
        log.error("%s: a message is a dead letter (%s: %s): %s", inbound.ingress, item.reason, item.message, path)
        return Buried("", item.reason)

    def unread(self, inbound: Inbound, replay: int) -> Callable[[Unforeseen], Awaitable[Outcome]]:
        """Make a dead letter of a message, as it came, when something unforeseen has happened to it."""

        async def bury(fault: Unforeseen) -> Outcome:
            item = Undecoded(reason="Unforeseen", message=str(fault), hint=fault.hint, raw=inbound.body)
            return await self.bury_undecoded(item, inbound, replay)

        return bury

    async def stored(self, letter: str) -> Event | None:
        """Give the event that a dead letter holds; None where it is gone or cannot be read.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        place = Place.read(letter)
        found = await persist(lambda: self._dead_letters.read(place), self._clock) if place is not None else None
        try:
            return None if found is None else Record.decode(found[0]).event
        except CorruptRecord as corrupt:
            log.warning("the dead letter %s cannot be read: %s", letter, corrupt)
            return None

    def _record(self, work: Work, reason: str, message: str, hint: str, target: str) -> Record:
        event = work.require_event()
        route, whole = stored(work.scope)
        return Record(
            organization=event.organization,
            reason=reason,
            message=plain(message),
            hint=hint,
            accepted_at=work.accepted_at,
            recorded_at=self._clock.now(),
            source=event.ingress,
            event=event,
            route=route,
            target=target,
            attempts=work.chain.attempts,
            last=work.chain.last,
            environment=work.environment,
            whole=whole,
            replays=work.chain.replay,
            generation=work.chain.generation,
            trail=work.trail.left(),
        )

    async def take_away(self, letters: Sequence[str], generation: int) -> None:
        """Remove dead letters that a run has taken care of; what is left behind is found out when it is replayed.

        Args:
            letters: Where they lie.
            generation: The journal's number of the run.
        """
        for path in letters:
            try:
                if await self._dead_letters.supersede(path, generation):
                    log.info("the dead letter %s is over and removed", path)
            except Exception as error:  # noqa: BLE001  # all is recorded by now: nothing may undo that
                log.warning("the dead letter %s is over but left behind: %s", path, summary(error))

    def attempted(self, failure: Failure) -> Attempted:
        """Say how an attempt failed."""
        response = failure.response[:KEPT_RESPONSE] if isinstance(failure, DeliveryFailed) else ""
        status = None if isinstance(failure, Unforeseen) else failure.status
        return Attempted(self._clock.now(), failure.code, str(failure), status, response)
