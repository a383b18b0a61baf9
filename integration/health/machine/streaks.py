"""Counting: whether it is well, how often in a row, and how often of late. Why it is not makes no difference here."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from integration.config.keys.health import Thresholds
from integration.health.check import Answer
from integration.health.machine.state import State

WIDTH = 64
"""How many answers are remembered; `m of the last k` may not look farther back."""


def counted(state: State, answer: Answer, now: datetime, settings: Thresholds) -> State:
    """Count an answer, in silence as at any time.

    Args:
        state: Before.
        answer: One that was asked for.
        now: When.
        settings: How far back trouble belongs together.
    """
    ill = answer.is_unhealthy
    goes_on = state.answer is not None and state.answer.is_unhealthy == ill
    after = msgspec.structs.replace(
        state,
        answer=answer,
        not_asked="",
        checked_at=now,
        since=state.since if goes_on else now,
        bad=state.bad + 1 if ill else 0,
        good=0 if ill else state.good + 1,
        recent=_last(state.recent << 1 | ill, WIDTH),
        remembered=min(state.remembered + 1, WIDTH),
    )
    reach = settings.failures_of[1] if settings.failures_of else 1
    doubted = _last(after.recent, min(reach, after.remembered)) > 0
    return msgspec.structs.replace(after, doubted_since=(state.doubted_since or now) if doubted else None)


def fails(state: State, settings: Thresholds) -> datetime | None:
    """Tell whether it has not been well for long enough, by either way.

    Returns:
        Since when; None: it has not.
    """
    if not state.bad:
        return None
    if state.bad >= settings.failure_threshold:
        return state.since
    ill, _ = _of_late(state, settings.failures_of)
    return state.doubted_since if settings.failures_of and ill >= settings.failures_of[0] else None


def recovers(state: State, settings: Thresholds) -> bool:
    """Tell whether it has been well for long enough, by either way."""
    if not state.good:
        return False
    _, well = _of_late(state, settings.successes_of)
    enough = bool(settings.successes_of) and well >= settings.successes_of[0]
    return enough or state.good >= settings.success_threshold


def begun_anew(state: State) -> State:
    """Forget the answers of late: what opened an incident is not held against its end, nor against the next one."""
    return msgspec.structs.replace(state, recent=0, remembered=0)


def _of_late(state: State, of: Sequence[int]) -> tuple[int, int]:
    """Count those of the last answers that were not well, and those that were."""
    looked_at = min(of[1] if of else 0, state.remembered)
    ill = _last(state.recent, looked_at).bit_count()
    return ill, looked_at - ill


def _last(bits: int, count: int) -> int:
    return bits & ((1 << count) - 1)
