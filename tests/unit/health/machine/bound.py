"""How much may be told at most: a formula of the settings, the answers and the time."""

from datetime import timedelta

from integration.config.keys.health import Thresholds
from integration.health.machine.reminding import wait
from integration.health.machine.telling import MOST_REASONS


def most_flapping(settings: Thresholds, answers: int, passed: timedelta) -> int:
    """E = min(⌊passed / stable_for⌋ + 1, ⌊(answers - 1) / (flapping + 1)⌋); 0 where flapping is off."""
    if not settings.flapping:
        return 0
    return min(passed // settings.stable_for + 1, max(0, answers - 1) // (settings.flapping + 1))


def most_incidents(settings: Thresholds, answers: int, passed: timedelta) -> int:
    """I = 1 + ⌊answers / (f + s)⌋ + E, f and s the fewest answers that raise and that end an alarm."""
    fewest = min([settings.failure_threshold, *settings.failures_of[:1]])
    fewest += min([settings.success_threshold, *settings.successes_of[:1]])
    return 1 + answers // fewest + most_flapping(settings, answers, passed)


def most_notices(settings: Thresholds, answers: int, passed: timedelta, reasons: int) -> int:
    """I · (1 + (reasons - 1) + steps + 1) + E + ⌊passed / reminder_every⌋ + ⌊passed / stable_for⌋ + 1.

    The trigger, a change for each other definite reason, each step and the end of each incident; flapping; reminders;
    moves of the link.

    Args:
        settings: What held all the time.
        answers: How many counted.
        passed: How far the clock went ahead, all in all.
        reasons: How many different reasons there were; at least 1.
    """
    incidents = most_incidents(settings, answers, passed)
    each = 1 + min(reasons, MOST_REASONS) + len(settings.escalation)
    reminders = passed // wait(settings, 0) if settings.reminder_every else 0
    moves = passed // settings.stable_for + 1
    return incidents * each + most_flapping(settings, answers, passed) + reminders + moves
