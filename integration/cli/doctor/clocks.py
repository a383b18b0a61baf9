"""This machine's clock against those of the hosts that answered; pure."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Self

import msgspec

from integration.cli.doctor import beyond
from integration.cli.doctor.step import Finding, failed, passed, warned

WARN_SECONDS = 60.0
FAIL_SECONDS = 300.0
"""What Entra lets an assertion, and resources a token, be off."""


class Reading(msgspec.Struct, frozen=True):
    """What one host's clock says of ours.

    Args:
        host: The host.
        off: Seconds that ours is ahead, at least; negative: behind.
    """

    host: str
    off: float

    @classmethod
    def of(cls, host: str, header: str, before: datetime, after: datetime) -> Self | None:
        """Read the `Date` of an answer.

        Args:
            host: Whose.
            header: As it came.
            before: This machine's time before the call.
            after: And after it: the answer was made in between.

        Returns:
            None: it names no time.
        """
        try:
            theirs = parsedate_to_datetime(header)
            # A Date is cut to its second.
            behind = (theirs - after).total_seconds()
            ahead = (before - theirs).total_seconds() - 1
        except (ValueError, TypeError, IndexError):
            return None
        return cls(host, -behind if behind > 0 else max(ahead, 0.0))

    def __str__(self) -> str:
        """Say how far ours is off."""
        way = "behind" if self.off < 0 else "ahead of"
        return f"{abs(self.off):.0f} s {way} {self.host}"


def judge_clocks(readings: Sequence[Reading]) -> Finding:
    """Judge this machine's clock: hosts that agree make it wrong; one alone among others is wrong itself.

    Args:
        readings: Of each host that answered, at least one.
    """
    wrong = [each for each in readings if abs(each.off) > WARN_SECONDS]
    if not wrong:
        return passed(beyond.CLOCK, f"within {WARN_SECONDS:.0f} s of {', '.join(each.host for each in readings)}")
    told = "; ".join(map(str, wrong))
    right = [each.host for each in readings if each not in wrong]
    if right:
        todo = (
            "This machine agrees with the others: whoever answers for that host has a clock that is off, a proxy say; "
            "what it makes of a token's time is not to be trusted."
        )
        return warned(beyond.CLOCK, f"it is {told}, but within {WARN_SECONDS:.0f} s of {', '.join(right)}", todo)
    if max(abs(each.off) for each in wrong) > FAIL_SECONDS:
        return failed(beyond.CLOCK, f"it is {told}")
    return warned(beyond.CLOCK, f"it is {told}")
