"""What to do about a link, as data; pure. The resolver does it.

Freshness as in Caffeine (page "Refresh"): older than `refresh_after`, the old value serves and one refresh runs behind
it, started only by a query; older than `expire_after`, the caller waits.
"""

from datetime import datetime
from enum import Enum, auto
from random import Random

import msgspec

from integration.config.keys.model import Cache
from integration.links.entry import Entry
from integration.links.shared import Failure, Record
from integration.links.values import Link, Linked, NotLinked
from integration.retry_after import LONGEST_SECONDS, backoff

CLOCK_SKEW_SECONDS = 300.0
"""Seconds that another instance's clock may be ahead; an answer from later than that is not believed."""

NOT_LINKED_CHECK_SECONDS = 1.0
"""The longest `share_check` of "not linked": what is parked by a memory of a loss that is over would wait for the next
round, and one read is little beside what parking costs."""


class Policy(msgspec.Struct, frozen=True):
    """The times of design §5, in seconds.

    Args:
        refresh_after: See `Cache`.
        expire_after: See `Cache`.
        not_linked_for: See `Cache`.
        share_check: See `Cache`.
        lease: After this long without a change of the record, its lease holder is judged dead: the call's timeout and
            5 s.
        patience: How long a caller waits for another instance's call.
        first_poll: The first wait between two looks at the record; doubled each time.
        last_poll: The longest such wait.
    """

    refresh_after: float
    expire_after: float
    not_linked_for: float
    share_check: float
    lease: float = 95.0
    patience: float = 8.0
    first_poll: float = 0.1
    last_poll: float = 2.0

    @classmethod
    def of(cls, cache: Cache, *, call_timeout: float) -> "Policy":
        """Take the times from the configuration and the timeout of a call."""
        return cls(
            cache.refresh_after.total_seconds(),
            cache.expire_after.total_seconds(),
            cache.not_linked_for.total_seconds(),
            cache.share_check.total_seconds(),
            lease=call_timeout + 5.0,
        )

    def lifetimes(self, link: Link) -> tuple[float, float]:
        """Return for how long after its check a link is fresh, and for how long it may be served."""
        if isinstance(link, Linked):
            return self.refresh_after, max(self.refresh_after, self.expire_after)
        return self.not_linked_for, self.not_linked_for

    def compared_every(self, link: Link | None) -> float:
        """Return after how long a memory of this link is compared with the shared tier, in seconds."""
        if isinstance(link, NotLinked):
            return min(self.share_check, NOT_LINKED_CHECK_SECONDS)
        return self.share_check


class Step(Enum):
    """What a query does next."""

    SERVE = auto()
    SERVE_AND_COMPARE = auto()
    SERVE_AND_REFRESH = auto()
    COMPARE = auto()
    """Wait for a look at the shared tier, then decide again."""
    REFUSE = auto()
    """Raise the last failure: the next call may not be made yet."""
    LOAD = auto()
    """Wait for a fresh answer."""


def next_step(entry: Entry, now: float, *, shared: bool) -> Step:
    """Decide what a query does.

    Args:
        entry: What is remembered; only read.
        now: Monotonic seconds.
        shared: Whether there is a shared tier that answers.
    """
    if shared and now >= entry.compare_by:
        return Step.COMPARE
    if entry.link is not None and now < entry.fresh_until:
        return Step.SERVE_AND_COMPARE if shared and now >= entry.compare_from else Step.SERVE
    if entry.link is not None and now < entry.usable_until:
        return Step.SERVE if now < entry.not_before else Step.SERVE_AND_REFRESH
    return Step.REFUSE if now < entry.not_before else Step.LOAD


class Adopt(msgspec.Struct, frozen=True):
    """Take over the answer that another instance got."""

    link: Link


class Refused(msgspec.Struct, frozen=True):
    """Do not call yet.

    Args:
        failure: Of the last call, by whichever instance.
        attempts: Failures in a row.
        seconds: Until the next call may be made.
    """

    failure: Failure
    attempts: int
    seconds: float


class Wait(msgspec.Struct, frozen=True):
    """Another instance is asking."""


class Take(msgspec.Struct, frozen=True):
    """Take the lease and call."""


type WhoAsks = Adopt | Refused | Wait | Take


def who_asks(  # noqa: PLR0913 (everything that the decision depends on)
    record: Record | None,
    *,
    known: datetime | None,
    unchanged_for: float,
    now: datetime,
    policy: Policy,
    forced: bool = False,
) -> WhoAsks:
    """Decide who calls Dataverse.

    Args:
        record: The shared record, None when there is none.
        known: When the answer that is to be replaced was given; only a newer one is adopted.
        unchanged_for: Seconds since which this process has seen the record unchanged, on its own monotonic clock.
        now: Wall-clock time.
        policy: The times.
        forced: A probe: it does not wait out a back-off of our own, but does what Dataverse asked for.
    """
    if record is None:
        return Take()
    link = record.link
    if link is not None and (known is None or link.checked_at > known):
        age = age_of(link, now)
        if age is not None and age < policy.lifetimes(link)[0]:
            return Adopt(link)
    waiting = remaining(record, now)
    if waiting is not None and (not forced or waiting.failure.binds):
        return waiting
    if record.lease and unchanged_for < policy.lease:
        return Wait()
    return Take()


def age_of(link: Link, now: datetime) -> float | None:
    """Return a shared answer's age in seconds, at least 0; None when it claims to be from the future."""
    age = (now - link.checked_at).total_seconds()
    return max(age, 0.0) if age >= -CLOCK_SKEW_SECONDS else None


def remaining(record: Record, now: datetime) -> Refused | None:
    """Return the back-off that a record asks for, None when a call may be made."""
    if record.failure is None or record.not_before is None:
        return None
    seconds = (record.not_before - now).total_seconds()
    # The time may come from a wrong clock or a damaged record: wait no longer than the longest back-off.
    return Refused(record.failure, record.attempts, min(seconds, LONGEST_SECONDS)) if seconds > 0 else None


def next_backoff(asked: float | None, attempt: int, random: Random) -> float:
    """Return the seconds until the next call.

    Args:
        asked: The other side's Retry-After, where it gave one.
        attempt: Failures in a row, from 1.
        random: For up to a tenth more, so that organizations do not call in step.
    """
    seconds = backoff(asked, attempt)
    return min(seconds * (1 + random.uniform(0, 0.1)), LONGEST_SECONDS)
