"""Parked deliveries go on by themselves when their organization is linked again.

Release depends on the link, not on alerts: whoever sees `Linked` while something is parked orders a release, and the
timer does so too. One instance at a time releases an organization's deliveries, many at once and those of one subject
oldest first; a run that is cut short leaves the rest where it was and the next order goes on from there.

An order says which environment was seen. The process that carries it out may serve an older answer for a while: where
the two differ it asks Dataverse, or what is parked would be judged by a link that is over and nobody would order again.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from integration.clock import Clock
from integration.config.keys.model import Configuration
from integration.dead_letters import DeadLetters, Parked, Place
from integration.dead_letters.places import stamp
from integration.dead_letters.reasons import NOT_LINKED, PARKED_FOR_OTHER_ENVIRONMENT
from integration.delivery.environment import Links, fingerprint
from integration.delivery.outcome import Outcome
from integration.delivery.pipeline import Pipeline
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.queued.work import Release
from integration.delivery.resuming.order import Order
from integration.delivery.resuming.releasing import Choosing, Expiring, Releasing
from integration.delivery.resuming.unparking import Unparking
from integration.delivery.resuming.window import Duty, Window
from integration.errors import UnknownOrganization
from integration.links.values import Link, Linked
from integration.loggers import logger
from integration.storage.turn import Ended, Turn

if TYPE_CHECKING:
    from integration.storage.blobs import BlobLease

log = logger("delivery")

RUN_SECONDS = 60.0
"""A run ends well within the function's time; what is left is ordered anew."""
AGAIN = timedelta(seconds=30)


class Releases:
    """Releases parked deliveries.

    Args:
        configuration: The checked configuration.
        links: The link resolver.
        dead_letters: Where parked deliveries are kept.
        pipeline: Takes them on to their targets.
        retries: Where release orders wait.
        clock: The time.
    """

    def __init__(  # noqa: PLR0913  # the composition root names each part once
        self,
        *,
        configuration: Configuration,
        links: Links,
        dead_letters: DeadLetters,
        pipeline: Pipeline,
        retries: RetryQueue,
        clock: Clock,
    ) -> None:
        self._configuration = configuration
        self._links = links
        self._dead_letters = dead_letters
        self._retries = retries
        self._unparking = Unparking(dead_letters, pipeline, clock)
        self._clock = clock

    @cached_property
    def _order(self) -> Order:
        return Order(self._configuration)

    async def order(self, organization: str, link: Linked | None = None) -> bool:
        """Order a release if anything is parked that may go on.

        Args:
            organization: Whose link was just seen.
            link: The link; None: an operator asks, whatever the link is.

        Returns:
            Whether a release was ordered.

        Raises:
            StorageUnavailable: Whether anything is parked could not be found out.
        """
        environment = fingerprint(link)
        parked = await self._dead_letters.has_parked(organization, NOT_LINKED)
        if not parked and not await self._is_any_held(organization, environment):
            return False
        # `held` also where nothing is held now: a delivery may become so before the order is carried out.
        await self._retries.release(Release(organization=organization, held=True, environment=environment))
        return True

    async def run(self, order: Release) -> list[Outcome]:
        """Release what is parked for an organization, as far as the time allows.

        Raises:
            StorageUnavailable: The account went away; the order stays on its queue.
        """
        outcomes: list[Outcome] = []
        if order.organization not in self._configuration.organizations:
            log.warning("no release: the organization %s is no longer configured", order.organization)
            return outcomes
        async with self._dead_letters.releasing(order.organization) as lease:
            if lease is None:
                # Another run has the lease and may end before it has seen all: ask again while anything is parked.
                if await self._is_any_parked(order.organization, held=order.held):
                    await self._retries.release(order, AGAIN)
            else:
                outcomes = await self._under(lease, order)
        log.info("released %d parked deliveries of %s", len(outcomes), order.organization)
        return outcomes

    async def _is_any_parked(self, organization: str, *, held: bool) -> bool:
        if await self._dead_letters.has_parked(organization, NOT_LINKED):
            return True
        return held and await self._is_any_held(organization)

    async def _is_any_held(self, organization: str, environment: str = "") -> bool:
        """Tell whether anything is held for an environment; empty: for any."""
        if not environment:
            return await self._dead_letters.has_parked(organization, PARKED_FOR_OTHER_ENVIRONMENT)
        async for parked in self._dead_letters.parked(organization, PARKED_FOR_OTHER_ENVIRONMENT):
            if parked.environment == environment:
                return True
        return False

    async def _link(self, order: Release) -> Link:
        """Find out the link; where this process's answer is not what the order was made for, by asking Dataverse."""
        link = await self._links.resolve(order.organization)
        if order.environment and fingerprint(link if isinstance(link, Linked) else None) != order.environment:
            return await self._links.refresh(order.organization)
        return link

    async def _under(self, lease: "BlobLease", order: Release) -> list[Outcome]:
        """Release under the lease, oldest first, until all is done, the link is gone or the time is up."""
        duty = Releasing(
            self._unparking,
            self._order,
            self._clock,
            turn=Turn(lease, self._clock, RUN_SECONDS),
            resolve=lambda: self._links.resolve(order.organization),
            first=lambda: self._link(order),
        )
        ended = await duty.check(self._clock.monotonic())
        if ended is None:
            ended = await self._window(duty).run(self._parked(order))
        if ended is Ended.TIME:
            await self._retries.release(order)
        elif duty.unknown is not None:
            log.warning("the release of %s stops: %s", order.organization, duty.unknown)
            await self._retries.release(order, AGAIN)
        return duty.outcomes

    def _window[R](self, duty: Duty[Parked, R]) -> Window[Parked, R]:
        return Window(duty, self._clock, at_once=self._configuration.delivery.replays_at_once)

    async def _parked(self, order: Release) -> AsyncGenerator[Parked]:
        for reason in (NOT_LINKED, PARKED_FOR_OTHER_ENVIRONMENT) if order.held else (NOT_LINKED,):
            async for parked in self._dead_letters.parked(order.organization, reason):
                yield parked

    async def some(self, places: Sequence[Place], *, current_environment: bool) -> dict[str, list[Outcome]]:
        """Go on with chosen deliveries because an operator says so, oldest first, as far as the time allows.

        Args:
            places: Where they lie.
            current_environment: Deliver to the environment that is linked now, whichever they were meant for.

        Returns:
            What became of each by its path; none of one that is gone; nothing is said of those that are left.

        Raises:
            LinkUnknown: Whether the organization is linked could not be found out.
            UnknownOrganization: One is of an organization that is not configured; none is released.
            StorageUnavailable: The account went away.
        """
        for place in places:
            if place.organization not in self._configuration.organizations:
                msg = f"the organization {place.organization} is no longer configured"
                raise UnknownOrganization(msg)
        duty = Choosing(
            self._unparking,
            self._order,
            self._clock,
            until=self._clock.monotonic() + RUN_SECONDS,
            resolve=self._links.resolve,
            current_environment=current_environment,
        )
        await self._window(duty).run(_chosen(places))
        return duty.outcomes

    async def expire(self, organization: str) -> list[Outcome]:
        """Make dead letters of what has been parked for longer than `park_for`, whatever the link is now.

        In the order of every delivery: the dead letter, the journal's row, then the parked delivery is removed. What
        another run holds stays for the next time; what was delivered meanwhile is only removed. Many are under way at
        once, as in a release.

        Raises:
            StorageUnavailable: The account went away.
        """
        horizon = self._clock.now() - self._configuration.delivery.park_for
        duty = Expiring(self._unparking, self._order, self._clock, horizon=horizon)
        await self._window(duty).run(self._accepted_by(horizon, organization))
        return duty.outcomes

    async def _accepted_by(self, horizon: datetime, organization: str) -> AsyncGenerator[Parked]:
        """List what was accepted by a time: its path says so, and the rest of its reason is younger."""
        for reason in (NOT_LINKED, PARKED_FOR_OTHER_ENVIRONMENT):
            async for parked in self._dead_letters.parked(organization, reason):
                place = Place.read(parked.path)
                if place is not None and place.at > stamp(horizon):
                    break
                yield parked


async def _chosen(places: Sequence[Place]) -> AsyncGenerator[Parked]:
    for place in sorted(places, key=lambda place: place.order):
        yield Parked(place.path, place.organization, place.reason, "", place.route)
