"""What one process remembers about one organization's link."""

from math import inf

import msgspec

from integration.config.keys.model import Organization
from integration.links.shared import Failure
from integration.links.values import Link, Linked


class Entry:
    """Mutable on purpose and small: a hit reads two of its fields.

    All times are monotonic seconds. `quick_until` is the nearest of the deadlines below and -inf without a link, so
    that a hit is one comparison.
    """

    __slots__ = (
        "attempts",
        "compare_by",
        "compare_from",
        "failure",
        "fresh_until",
        "link",
        "not_before",
        "organization",
        "quick_until",
        "usable_until",
        "watched_etag",
        "watched_since",
    )

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self.link: Link | None = None
        self.quick_until = -inf
        self.fresh_until = -inf
        self.usable_until = -inf
        # From the first on a comparison with the shared tier runs behind; from the second on it is waited for.
        self.compare_from = -inf
        self.compare_by = -inf
        self.failure: Failure | None = None
        self.attempts = 0
        self.not_before = -inf
        self.watched_etag = ""
        self.watched_since = inf

    def install(self, link: Link, now: float, *, fresh_for: float, usable_for: float) -> None:
        """Remember an answer.

        Args:
            link: The answer.
            now: Monotonic seconds.
            fresh_for: Seconds from now for which it needs no refresh; negative when that is past.
            usable_for: Seconds from now for which it may be served.
        """
        self.link = link
        self.fresh_until = now + fresh_for
        self.usable_until = now + usable_for
        self.failure = None
        self.attempts = 0
        self.not_before = -inf
        self._aim()

    def outdate(self) -> None:
        """Serve the answer no longer: it is known to be old."""
        self.fresh_until = self.usable_until = -inf
        self._aim()

    def compared(self, now: float, every: float) -> None:
        """Note a comparison with the shared tier; `every` is infinite without one."""
        self.compare_from = now + every / 2
        self.compare_by = now + every
        self._aim()

    def fail(self, failure: Failure, attempts: int, not_before: float) -> None:
        """Remember a failure; a linked answer is stale from now on.

        Args:
            failure: Why.
            attempts: Failures in a row, this one included.
            not_before: Monotonic seconds.
        """
        self.failure = failure
        self.attempts = attempts
        self.not_before = not_before
        if isinstance(self.link, Linked) and not self.link.stale:
            self.link = msgspec.structs.replace(self.link, stale=True)

    def unchanged_for(self, etag: str, now: float) -> float:
        """Note the shared record's version; return the seconds since which it has been this one."""
        if etag != self.watched_etag:
            self.watched_etag = etag
            self.watched_since = now
        return now - self.watched_since

    def _aim(self) -> None:
        self.quick_until = min(self.fresh_until, self.compare_from)
