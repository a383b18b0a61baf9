"""Getting a fresh answer: one call for the fleet, under a lease in the shared record."""

from collections.abc import Callable
from datetime import timedelta
from math import inf
from random import Random
from uuid import uuid4

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.errors import Busy, LinkUnknown, StorageUnavailable, UnexpectedAnswer
from integration.links.asking import Asker
from integration.links.decide import Adopt, Policy, Refused, Wait, age_of, next_backoff, remaining, who_asks
from integration.links.entry import Entry
from integration.links.shared import Failure, Record, SharedTier
from integration.links.values import Link, remembering
from integration.loggers import logger

log = logger("links")


class Loader:
    """Loads and compares; `LinkResolver` sees to it that each runs once at a time for an organization.

    Args:
        asker: Asks Dataverse.
        shared: The shared tier, None to work alone.
        policy: The times.
        clock: Time.
        random: For back-off.
        installed: Told after an answer was remembered: the entry, the link before, the link now.
    """

    def __init__(  # noqa: PLR0913 (its collaborators)
        self,
        asker: Asker,
        *,
        shared: SharedTier | None,
        policy: Policy,
        clock: Clock,
        random: Random,
        installed: Callable[[Entry, Link | None, Link], None],
    ) -> None:
        self._asker = asker
        self._shared = shared
        self._policy = policy
        self._clock = clock
        self._random = random
        self._installed = installed
        self._shared_from = -inf

    @property
    def sharing(self) -> bool:
        """Whether there is a shared tier and it has not just failed."""
        return self._shared is not None and self._clock.monotonic() >= self._shared_from

    async def load(self, entry: Entry, *, forced: bool = False) -> Link:
        """Get a fresh answer and remember it.

        Args:
            entry: The organization's.
            forced: Answers that are there already do not do.

        Raises:
            LinkUnknown: There is none; the failure is remembered and shared. Busy is not a failure.
        """
        try:
            if self._shared is not None and self.sharing:
                try:
                    return await self._load_shared(entry, self._shared, forced=forced)
                except StorageUnavailable as error:
                    self._lose(error)
            return await self._load_alone(entry, forced=forced)
        except (LinkUnknown, StorageUnavailable):
            raise
        except Exception:
            log.exception("the refresh of the link of %s failed in a way it must not", entry.organization.name)
            raise

    async def compare(self, entry: Entry) -> None:
        """Take over what the shared tier knows better. Never raises for a tier that is down."""
        shared = self._shared
        if shared is None:
            return
        try:
            stored = await shared.read(entry.organization)
        except StorageUnavailable as error:
            self._lose(error)
            return
        finally:
            entry.compared(self._clock.monotonic(), self._policy.compared_every(entry.link))
        if stored is None or stored.record is None:
            return
        now = self._clock.now()
        link = stored.record.link
        if link is not None and (entry.link is None or link.checked_at > entry.link.checked_at):
            age = age_of(link, now)
            if age is not None and age < self._policy.lifetimes(link)[1]:
                await self._adopt(entry, link)
            elif entry.link is not None:
                # Another process had a newer answer, and even that has expired by now.
                entry.outdate()
        waiting = remaining(stored.record, now)
        if waiting is not None:
            self._refuse(entry, waiting)

    async def _load_shared(self, entry: Entry, shared: SharedTier, *, forced: bool) -> Link:
        organization = entry.organization
        give_up = self._clock.monotonic() + self._policy.patience
        poll = self._policy.first_poll
        known = entry.link.checked_at if entry.link is not None else None
        stored = await shared.read(organization)
        if forced and stored is not None and stored.record is not None and stored.record.link is not None:
            known = stored.record.link.checked_at
        while True:
            record = stored.record if stored is not None else None
            decision = who_asks(
                record,
                known=known,
                unchanged_for=entry.unchanged_for(stored.etag if stored else "", self._clock.monotonic()),
                now=self._clock.now(),
                policy=self._policy,
                forced=forced,
            )
            if isinstance(decision, Adopt):
                adopted = await self._adopt(entry, decision.link)
                if adopted is not None:
                    return adopted
            if isinstance(decision, Refused):
                self._refuse(entry, decision)
                raise decision.failure.error(decision.seconds)
            if not isinstance(decision, Wait):
                leased = msgspec.structs.replace(record or Record(), lease=uuid4().hex)
                etag = await shared.write(organization, leased, stored.etag if stored else None)
                if etag is not None:
                    return await self._load_leased(entry, shared, leased, etag)
            left = give_up - self._clock.monotonic()
            if left <= 0:
                msg = f"Another instance has been asking about {organization.name} for {self._policy.patience:g} s."
                raise Busy(msg, retry_after=self._policy.last_poll)
            await self._clock.sleep(min(poll, left))
            poll = min(poll * 2, self._policy.last_poll)
            stored = await shared.read(organization)

    async def _load_leased(self, entry: Entry, shared: SharedTier, leased: Record, etag: str) -> Link:
        free = msgspec.structs.replace(leased, lease="")
        try:
            link = await self._asker.ask(entry.organization)
        except LinkUnknown as error:
            seconds = self._fail(entry, error, leased.attempts + 1)
            failed = msgspec.structs.replace(
                free,
                failure=entry.failure,
                attempts=entry.attempts,
                not_before=self._clock.now() + timedelta(seconds=seconds),
            )
            await self._save(shared, entry.organization, failed, etag)
            raise
        except BaseException:
            # Cancelled: the next instance need not wait until this lease is judged dead.
            await self._save(shared, entry.organization, free, etag)
            raise
        link = remembering(link, leased.link or entry.link)
        self._install(entry, link)
        await self._publish(shared, entry.organization, free.answered(link), etag)
        return link

    async def _load_alone(self, entry: Entry, *, forced: bool) -> Link:
        left = entry.not_before - self._clock.monotonic()
        if entry.failure is not None and left > 0 and (not forced or entry.failure.binds):
            raise entry.failure.error(left)
        try:
            link = await self._asker.ask(entry.organization)
        except LinkUnknown as error:
            self._fail(entry, error, entry.attempts + 1)
            raise
        link = remembering(link, entry.link)
        self._install(entry, link)
        return link

    async def _adopt(self, entry: Entry, link: Link) -> Link | None:
        try:
            judged = await self._asker.judge(entry.organization, link)
        except UnexpectedAnswer as error:
            log.warning("the shared link of %s is not believed: %s", entry.organization.name, error)
            return None
        except LinkUnknown as error:
            log.warning("the shared link of %s cannot be judged: %s", entry.organization.name, error)
            return None
        self._install(entry, judged)
        return judged

    def _install(self, entry: Entry, link: Link) -> None:
        before = entry.link
        now = self._clock.monotonic()
        age = max((self._clock.now() - link.checked_at).total_seconds(), 0.0)
        fresh, usable = self._policy.lifetimes(link)
        entry.install(link, now, fresh_for=fresh - age, usable_for=usable - age)
        entry.compared(now, inf if self._shared is None else self._policy.compared_every(link))
        self._installed(entry, before, link)

    def _fail(self, entry: Entry, error: LinkUnknown, attempts: int) -> float:
        seconds = next_backoff(error.retry_after, attempts, self._random)
        error.retry_after = seconds
        entry.fail(Failure.of(error), attempts, self._clock.monotonic() + seconds)
        log.warning(
            "the link of %s is unknown (%s, attempt %d, next in %.0f s): %s",
            entry.organization.name,
            error.code,
            attempts,
            seconds,
            error,
        )
        return seconds

    def _refuse(self, entry: Entry, refused: Refused) -> None:
        entry.fail(refused.failure, refused.attempts, self._clock.monotonic() + refused.seconds)

    async def _publish(self, shared: SharedTier, organization: Organization, record: Record, etag: str | None) -> None:
        link = record.link
        try:
            for _ in range(3):
                if link is None or await shared.write(organization, record, etag) is not None:
                    return
                stored = await shared.read(organization)
                current = stored.record if stored is not None else None
                if current is not None and current.link is not None and current.link.checked_at >= link.checked_at:
                    return
                record = (current or Record()).answered(link)
                etag = stored.etag if stored is not None else None
        except StorageUnavailable as error:
            self._lose(error)

    async def _save(self, shared: SharedTier, organization: Organization, record: Record, etag: str) -> None:
        try:
            await shared.write(organization, record, etag)
        except StorageUnavailable as error:
            self._lose(error)

    def _lose(self, error: StorageUnavailable) -> None:
        self._shared_from = self._clock.monotonic() + self._policy.share_check
        log.warning("links are not shared with other instances for %.0f s: %s", self._policy.share_check, error)
