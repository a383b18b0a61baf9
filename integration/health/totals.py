"""Counts of the whole fleet, added up: pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from integration.tally import First, Key, What

FIRSTS = 3
"""How many of the first events are kept of what is counted alike."""
SLOT = timedelta(minutes=5)
"""The shortest span that is told apart once some minutes have passed."""

# Deferred without that the target was asked: its own fault it is not.
_NOT_ASKED = frozenset({"CircuitOpen", "CoolingDown"})
_OF_THE_LINK = frozenset({"Unauthenticated", "Forbidden", "Throttled", "Unreachable", "UnexpectedAnswer", "Busy"})
# Dead letters whose last attempt the target itself refused or failed.
_REFUSED = frozenset({"TargetRejected", "RetriesExhausted"})


class Span(msgspec.Struct, frozen=True):
    """What was counted in a few minutes.

    Args:
        at: When they began, in UTC.
        counts: The numbers.
        firsts: The first events of what was counted with such.
        seen: When each source had its latest event.
    """

    at: datetime
    counts: Mapping[Key, int] = {}
    firsts: Mapping[Key, tuple[First, ...]] = {}
    seen: Mapping[str, datetime] = {}


class Seen(msgspec.Struct, frozen=True):
    """What is known of a source.

    Args:
        begun: Since when it is watched.
        at: When it had its latest event; None: it has had none since.
    """

    begun: datetime
    at: datetime | None = None

    @property
    def latest(self) -> datetime:
        """Since when it has been silent."""
        return self.at or self.begun


class Totals(msgspec.Struct, frozen=True):
    """What the fleet has counted over some time.

    Args:
        spans: Oldest first.
        complete: False: there was more than is read at once, and the newest is missing.
    """

    spans: tuple[Span, ...] = ()
    complete: bool = True

    def since(self, at: datetime) -> "Totals":
        """Leave out what was counted before a time, to within a span."""
        return Totals(tuple(span for span in self.spans if span.at > at - SLOT), self.complete)

    def of(self, organization: str) -> "Totals":
        """Leave out what is of other organizations."""
        spans = (
            msgspec.structs.replace(
                span,
                counts={key: count for key, count in span.counts.items() if key.organization == organization},
                firsts={key: few for key, few in span.firsts.items() if key.organization == organization},
            )
            for span in self.spans
        )
        return Totals(tuple(spans), self.complete)

    def hourly(self) -> dict[datetime, dict[What, int]]:
        """Add up by hour, fno-link's own events left out."""
        hours: dict[datetime, dict[What, int]] = defaultdict(lambda: defaultdict(int))
        for span in self.spans:
            hour = hours[span.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)]
            for key, count in span.counts.items():
                if key.source or key.what == "dead_lettered":
                    hour[key.what] += count
        return {hour: dict(counts) for hour, counts in sorted(hours.items())}

    def by(self, what: What, of: Callable[[Key], str]) -> dict[str, int]:
        """Add up one kind of number by a part of its key, the largest first.

        Args:
            what: Which.
            of: Gives the part, such as the reason.
        """
        found: dict[str, int] = defaultdict(int)
        for key, count in self._of(what):
            found[of(key)] += count
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    def error_rates(self) -> dict[str, float]:
        """Give each target's share of attempts that it did not take; targets that were not asked are not in it."""
        asked: dict[str, int] = defaultdict(int)
        failed: dict[str, int] = defaultdict(int)
        for span in self.spans:
            for key, count in span.counts.items():
                if key.target and (key.what == "delivered" or _is_failed(key)):
                    asked[key.target] += count
                    failed[key.target] += count if _is_failed(key) else 0
        return {target: failed[target] / count for target, count in sorted(asked.items())}

    def seen(self) -> dict[str, datetime]:
        """Say when each source had its latest event, as far as these spans know."""
        return latest(span.seen for span in self.spans)

    def firsts(self, what: What, organization: str) -> list[tuple[Key, First]]:
        """Give the first events of one kind of an organization, oldest first."""
        found = [
            (key, first)
            for span in self.spans
            for key, firsts in span.firsts.items()
            if key.what == what and key.organization == organization
            for first in firsts
        ]
        return sorted(found, key=lambda each: each[1].at)

    def waiting(self, now: datetime) -> dict[str, datetime]:
        """Say, by target, when the oldest event was taken that waits for another attempt.

        What is due has been tried again, and is counted anew if it still waits.
        """
        found: dict[str, datetime] = {}
        for span in self.spans:
            for key, few in span.firsts.items():
                for first in few:
                    if key.what == "deferred" and first.accepted_at and first.until and first.until > now:
                        found[key.target] = min(first.accepted_at, found.get(key.target, first.accepted_at))
        return found

    def letters(self) -> list[tuple[Key, First]]:
        """Give the dead letters that are known one by one, the latest first, each once."""
        found = {
            first.letter: (key, first)
            for span in self.spans
            for key, few in span.firsts.items()
            for first in few
            if key.what == "dead_lettered" and first.letter
        }
        return sorted(found.values(), key=lambda each: (each[1].at, each[1].letter), reverse=True)

    def _of(self, what: What) -> Iterator[tuple[Key, int]]:
        for span in self.spans:
            for key, count in span.counts.items():
                if key.what == what:
                    yield key, count


def added(at: datetime, spans: Iterable[Span]) -> Span:
    """Add spans up to one.

    Args:
        at: When it begins.
        spans: In any order.
    """
    counts: dict[Key, int] = defaultdict(int)
    firsts: dict[Key, list[First]] = defaultdict(list)
    spans = list(spans)
    for span in spans:
        for key, count in span.counts.items():
            counts[key] += count
        for key, few in span.firsts.items():
            firsts[key].extend(few)
    kept = {key: tuple(few_of(few)) for key, few in firsts.items()}
    return Span(at, dict(counts), kept, latest(span.seen for span in spans))


def few_of(firsts: Sequence[First]) -> list[First]:
    """Choose which of the first events of one kind are kept: the first ones.

    Of those that wait, the oldest ones, and the one that waits longest: as long as any waits, one is known that does.
    """
    waiting = [first for first in firsts if first.until is not None]
    if not waiting:
        return sorted(firsts, key=lambda first: first.at)[:FIRSTS]
    oldest = sorted(waiting, key=lambda first: first.accepted_at or first.at)[: FIRSTS - 1]
    longest = max(waiting, key=lambda first: first.until or first.at)
    return oldest if longest in oldest else [*oldest, longest]


def latest(seen: Iterable[Mapping[str, datetime]]) -> dict[str, datetime]:
    """Keep the latest time of each name."""
    found: dict[str, datetime] = {}
    for each in seen:
        for name, at in each.items():
            found[name] = max(at, found.get(name, at))
    return found


def slot_of(at: datetime) -> datetime:
    """Give the beginning of the slot that a time is in."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)


def _is_failed(key: Key) -> bool:
    if key.what == "deferred":
        return bool(key.reason) and key.reason not in _NOT_ASKED | _OF_THE_LINK
    return key.what == "dead_lettered" and key.reason in _REFUSED
