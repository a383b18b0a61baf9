"""The days of a subject: the worst that was seen on each of the last ninety, one character each."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec

KEEP = 90
"""How many days are kept."""
type Day = Literal["ok", "warn", "bad", "none"]
"""The worst that was seen on a day, in UTC; `none`: nothing was asked."""

_LETTERS: dict[Day, str] = {"none": "n", "ok": "o", "warn": "w", "bad": "b"}
_DAYS: dict[str, Day] = {letter: day for day, letter in _LETTERS.items()}
_ORDER = "nowb"


class Days(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was seen on each day.

    Args:
        last: The latest day that anything was seen on; None: none was.
        seen: A letter a day, the last one for `last`.
    """

    last: date | None = None
    seen: str = ""

    def noted(self, day: Day, now: datetime) -> "Days":
        """Return it with what was seen now: of a day, the worst stays.

        Args:
            day: What was seen.
            now: When.
        """
        today, letter = now.astimezone(UTC).date(), _LETTERS[day]
        if self.last is None:
            return Days(today, letter)
        gone = (today - self.last).days
        if gone <= 0:  # a clock that was set back says nothing of a later day
            return Days(self.last, self.seen[:-1] + max(self.seen[-1:] or "n", letter, key=_ORDER.find))
        return Days(today, (self.seen + "n" * min(gone - 1, KEEP) + letter)[-KEEP:])

    def until(self, now: datetime) -> tuple[Day, ...]:
        """Give the last ninety days, today included, the oldest first."""
        today = now.astimezone(UTC).date()
        gone = max(0, (today - self.last) // timedelta(days=1)) if self.last is not None else 0
        seen = (self.seen + "n" * min(gone, KEEP))[-KEEP:].rjust(KEEP, "n")
        return tuple(_DAYS.get(letter, "none") for letter in seen)
