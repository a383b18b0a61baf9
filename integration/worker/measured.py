"""What is counted of events, as whoever takes measurements is told it."""

from integration.tally import Key
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import DEAD_LETTERS, EVENTS, PARKED


def counted(key: Key) -> None:
    """Tell what was counted to who measures."""
    known = {"organization": key.organization, "source": key.source, "target": key.target, "reason": key.reason}
    tell(EVENTS, outcome="received" if key.what == "in" else key.what, **known)
    if key.what in ("dead_lettered", "parked"):
        del known["source"]
        tell(DEAD_LETTERS if key.what == "dead_lettered" else PARKED, **known)
