"""One delivery: made, or kept with the reason why not."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Protocol

from integration.about import about
from integration.clock import Clock
from integration.dead_letters import Attempted, reasons
from integration.delivery.environment import fingerprint, stamp
from integration.delivery.journalled.ledger import Ledger
from integration.delivery.outcome import Buried, Deferred, Delivered, Settled, measured, reason_of
from integration.delivery.queued.work import Work
from integration.delivery.screening.guard import Refused
from integration.delivery.shipment import Receipt, Shipment, Target
from integration.delivery.undelivered import Undelivered
from integration.errors import (
    DeliveryFailed,
    LinkUnknown,
    Spared,
    StorageUnavailable,
    TargetUnavailable,
    Unforeseen,
)
from integration.faults import netted, summary
from integration.links.values import Link, Linked, NotLinked
from integration.loggers import logger
from integration.routing.compiled_route import CompiledRoute
from integration.tally import Key, Tally, uncounted
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import DURATION
from integration.telemetry.operations import DELIVER
from integration.telemetry.operations import HEADER as TRACEPARENT
from integration.telemetry.spans import Told, span

log = logger("delivery")


class Targets(Protocol):
    """What this room needs of the targets."""

    def get(self, name: str) -> Target:
        """Give the target of this name."""
        ...


class Attempts:
    """Makes deliveries.

    Args:
        targets: The targets by name.
        undelivered: Keeps what is not delivered now.
        clock: The time.
        longest: How long one attempt may take, whatever its target's own limits: a run ends within its lease.
        tally: Counts what is delivered.
        systems: Over which messaging system a target is reached, by its name; those that are left out: by HTTP.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self,
        targets: Targets,
        undelivered: Undelivered,
        clock: Clock,
        longest: timedelta,
        tally: Tally = uncounted,
        *,
        systems: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._targets = targets
        self._undelivered = undelivered
        self._clock = clock
        self._longest = longest.total_seconds()
        self._tally = tally
        self._systems = systems

    async def settle(
        self, work: Work, route: CompiledRoute | None, link: Link | LinkUnknown | None, ledger: Ledger
    ) -> Settled:
        """Make one delivery, or store why not, and enter it.

        Args:
            work: The delivery.
            route: Its route; None: what only the link decides.
            link: The link, as far as it is known and needed.
            ledger: Where it is entered.

        Raises:
            StorageUnavailable: What became of it could not be stored.
        """
        work = work.of_run(ledger.generation)
        started = self._clock.monotonic()
        event, name, target = work.require_event(), work.scope.route, route.target if route else ""
        attempt, system = work.chain.attempts + 1, self._systems.get(target, "")
        known = {**event.named, "route": name, "target": target, "attempt": attempt}
        kind = None if system else "internal"
        with (
            about(**known),
            span(DELIVER, target, known, kind=kind, system=system, type=event.type, source=event.ingress) as told,
        ):
            trying = self._without_link(work, "", link) if route is None else self._attempt(work, route, link)
            outcome, last = await netted(trying, lambda fault: self._undelivered.failed(work, fault, target))
            seconds = self._clock.monotonic() - started
            _tell(told, target, outcome, seconds)
        ledger.note(outcome, work, target=target, last=last, ms=round(seconds * 1000))
        return outcome

    async def refused(self, work: Work, why: Refused, ledger: Ledger) -> Settled:
        """Make a dead letter of what must not be delivered, and enter it.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        outcome = await self._undelivered.bury(work, why.reason, why.message, why.hint)
        ledger.note(outcome, work, last=work.chain.last)
        return outcome

    async def failed(self, work: Work, fault: Unforeseen, ledger: Ledger) -> Settled:
        """Store for another attempt what failed before it came to one, and enter it.

        Args:
            work: The delivery, or the event as a whole.
            fault: What happened.
            ledger: Where it is entered.

        Raises:
            StorageUnavailable: It is not known to be stored.
        """
        work = work.of_run(ledger.generation)
        outcome, last = await self._undelivered.failed(work, fault)
        ledger.note(outcome, work, last=last)
        return outcome

    async def _attempt(
        self, work: Work, route: CompiledRoute, link: Link | LinkUnknown | None
    ) -> tuple[Settled, Attempted | None]:
        event = work.require_event()
        if route.needs_link(event):
            if not isinstance(link, Linked):
                return await self._without_link(work, route.target, link)
            if work.environment and work.environment != fingerprint(link) and route.on_relink == "hold":
                message = "the organization is linked to another environment than the one this was meant for"
                reason = reasons.PARKED_FOR_OTHER_ENVIRONMENT
                return await self._undelivered.park(work, reason, message, route.target), work.chain.last
        linked = link if isinstance(link, Linked) else None
        if linked is not None:
            event = stamp(event, linked)
        if work.trail.origin and TRACEPARENT not in event.extensions:
            # The start of its way, and none of its hops: extension "Distributed Tracing" of CloudEvents.
            event = event.stamp({TRACEPARENT: work.trail.origin})
        shipment = Shipment(event, route.name, work.chain.attempts + 1, linked, work.chain.replay)
        try:
            receipt = await self._deliver(route.target, shipment)
        except Spared as spared:
            return await self._undelivered.defer(work, spared, route.target), work.chain.last
        except DeliveryFailed as failure:
            last = self._undelivered.attempted(failure)
            tried = work.following(work.chain.tried(last))
            if failure.transient:
                return await self._undelivered.defer(tried, failure, route.target), last
            return await self._undelivered.bury(tried, failure.code, str(failure), failure.hint, route.target), last
        self._tally(Key("delivered", event.organization, event.ingress, route.target))
        answered = "" if receipt.status is None else f" ({receipt.status})"
        log.info("delivered to %s by %s%s", route.target, route.name, answered)
        return Delivered(route.name, receipt.status, receipt.response), None

    async def _deliver(self, target: str, shipment: Shipment) -> Receipt:
        limit = asyncio.timeout(self._longest)
        try:
            async with limit:
                return await self._targets.get(target).deliver(shipment)
        except TimeoutError as late:
            msg = f"no answer within {self._longest:g} s" if limit.expired() else f"no answer in time: {summary(late)}"
            raise TargetUnavailable(msg) from late
        except (OSError, StorageUnavailable) as away:  # its own account may be; ours has nothing to do with it
            msg = f"the target cannot be reached: {summary(away)}"
            raise TargetUnavailable(msg) from away
        except Exception as error:
            if not _of_azure(error):
                raise
            msg = f"the target cannot be used: {summary(error)}"
            raise TargetUnavailable(msg) from error

    async def _without_link(
        self, work: Work, target: str, link: Link | LinkUnknown | None
    ) -> tuple[Settled, Attempted | None]:
        if isinstance(link, NotLinked):
            return await self._undelivered.park(work, reasons.NOT_LINKED, link.message, target), work.chain.last
        if not isinstance(link, LinkUnknown):
            msg = f"a delivery that needs the link was given {type(link).__name__}"
            raise TypeError(msg)
        last = self._undelivered.attempted(link)
        tried = work.following(work.chain.tried(last))
        return await self._undelivered.defer(tried, link, target), last


def _tell(told: Told, target: str, outcome: Settled, seconds: float) -> None:
    """Say what became of it, to who measures."""
    became, reason = measured(outcome), reason_of(outcome)
    tell(DURATION, seconds, target=target, outcome=became)
    if not told.on:
        return
    told.note(outcome=became, reason=reason, status=outcome.status if isinstance(outcome, Delivered) else None)
    if isinstance(outcome, Deferred | Buried):
        told.failed(reason)


def _of_azure(error: Exception) -> bool:
    """Tell whether an Azure SDK says it, without importing one."""
    return any(kind.__module__.partition(".")[0] == "azure" for kind in type(error).__mro__)


async def all_of[T](settling: Sequence[Awaitable[T]]) -> list[T]:
    """Run deliveries side by side; let every one come to its end before the first exception leaves."""
    if len(settling) < 2:  # noqa: PLR2004  # one alone needs no task of its own
        return [await each for each in settling]
    results = await asyncio.gather(*settling, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
