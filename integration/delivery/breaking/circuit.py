"""A circuit breaker as a pure state machine: a target that keeps failing is left alone for a while.

Source: "Circuit Breaker pattern", Azure Architecture Center.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from integration.config.keys.model import Breaker

PROBE_LASTS = timedelta(seconds=120)
"""When a probe that nobody has heard of again is given up; one run ends within it."""
PROBE_ANSWERED_IN = timedelta(seconds=5)
"""When a delivery looks again that met a probe under way; mostly that has been answered by then."""

type Move = Literal["opened", "reopened", "closed"]
"""`reopened`: a probe failed."""


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """What one process knows of one target.

    Args:
        state: `closed`: deliveries pass. `open`: none does. `half_open`: one is under way as a probe.
        failures: Failures in a row.
        seen: Attempts in the present window.
        failed: Failures among them.
        window_ends: When the present window ends.
        opened_at: When it was opened; stays through probes that fail.
        until: When an open circuit lets a probe pass, or a probe is given up.
        opened: How often it was opened in a row without a success between.
        code: Why the last failure was one.
    """

    state: Literal["closed", "open", "half_open"] = "closed"
    failures: int = 0
    seen: int = 0
    failed: int = 0
    window_ends: datetime | None = None
    opened_at: datetime | None = None
    until: datetime | None = None
    opened: int = 0
    code: str = ""


class Admission(msgspec.Struct, frozen=True):
    """Whether a delivery may be attempted, and the circuit after that.

    Args:
        circuit: To be kept.
        allowed: Attempt it; else defer it.
        wait: How long until the next probe may pass, or the present one is heard of, where it is not allowed.
    """

    circuit: Circuit
    allowed: bool
    wait: timedelta = timedelta(0)


class Step(msgspec.Struct, frozen=True):
    """The circuit after an attempt, and what has thereby happened to it.

    Args:
        circuit: To be kept.
        moved: None: nothing that others must know.
    """

    circuit: Circuit
    moved: Move | None = None


def admit(circuit: Circuit, now: datetime) -> Admission:
    """Decide whether a delivery may be attempted now.

    Args:
        circuit: The target's.
        now: The time.
    """
    if circuit.state == "closed" or circuit.until is None:
        return Admission(circuit, allowed=True)
    if now < circuit.until:
        left = circuit.until - now
        return Admission(circuit, allowed=False, wait=left if circuit.state == "open" else min(left, PROBE_ANSWERED_IN))
    return Admission(msgspec.structs.replace(circuit, state="half_open", until=now + PROBE_LASTS), allowed=True)


def succeed(circuit: Circuit, settings: Breaker, now: datetime) -> Step:
    """Take that a target has answered, if only to refuse the delivery for good.

    Args:
        circuit: The target's.
        settings: Thresholds.
        now: The time.
    """
    if circuit.state != "closed":
        # Also an answer to a delivery that was under way when the circuit opened says that the target is back.
        return Step(Circuit(), "closed")
    counted = _counted(circuit, settings, now)
    return Step(msgspec.structs.replace(counted, failures=0))


def fail(circuit: Circuit, settings: Breaker, now: datetime, code: str) -> Step:
    """Take that an attempt has failed which may succeed another time.

    Args:
        circuit: The target's.
        settings: Thresholds.
        now: The time.
        code: Why it failed: an error code.
    """
    if circuit.state == "open":
        return Step(msgspec.structs.replace(circuit, code=code))  # it was under way when the circuit opened
    if circuit.state == "half_open":
        return Step(_opened(circuit, settings, now, code), "reopened")
    counted = _counted(circuit, settings, now)
    counted = msgspec.structs.replace(counted, failures=counted.failures + 1, failed=counted.failed + 1, code=code)
    often = counted.seen >= settings.minimum and counted.failed * 100 >= counted.seen * settings.failure_percent
    if often or counted.failures >= settings.failures:
        return Step(_opened(counted, settings, now, code), "opened")
    return Step(counted)


def abandon(circuit: Circuit, now: datetime) -> Circuit:
    """Return the circuit after an attempt that came to no end: a probe leaves its place to the next one.

    Args:
        circuit: The target's.
        now: The time.
    """
    return msgspec.structs.replace(circuit, state="open", until=now) if circuit.state == "half_open" else circuit


def _counted(circuit: Circuit, settings: Breaker, now: datetime) -> Circuit:
    if circuit.window_ends is None or now >= circuit.window_ends:
        return msgspec.structs.replace(circuit, seen=1, failed=0, window_ends=now + settings.window)
    return msgspec.structs.replace(circuit, seen=circuit.seen + 1)


def _opened(circuit: Circuit, settings: Breaker, now: datetime, code: str) -> Circuit:
    pause = min(settings.open_for * 2 ** min(circuit.opened, 20), settings.open_at_most)
    return Circuit(
        state="open",
        opened_at=circuit.opened_at or now,
        until=now + pause,
        opened=circuit.opened + 1,
        code=code,
    )
