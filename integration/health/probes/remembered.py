"""What a counterpart asked for at the last round holds in this one; pure."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from integration.health.check import Answer, Kind


class Remembered(msgspec.Struct, frozen=True):
    """The answer of an earlier round.

    Args:
        answer: As it was given.
        at: When.
    """

    answer: Answer
    at: datetime


type Past = Mapping[Kind, Remembered]
"""The last answer of each check of one organization, as far as there is one."""


def resting(remembered: Remembered | None, now: datetime) -> Answer | None:
    """Tell whether a counterpart must not be asked yet.

    Args:
        remembered: The last answer.
        now: The time.

    Returns:
        The last answer with what is left of its wait; None where it may be asked. A clock that was set back makes no
        wait longer than it was.
    """
    if remembered is None or remembered.answer.retry_after is None:
        return None
    asked = remembered.answer.retry_after
    left = min(asked - (now - remembered.at).total_seconds(), asked)
    return msgspec.structs.replace(remembered.answer, retry_after=left) if left > 0 else None
