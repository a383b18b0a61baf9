"""What an answer comes with: all but the answer and what was remembered."""

from datetime import datetime

import msgspec

from integration.config.keys.health import Thresholds
from integration.health.machine.state import Circumstances
from integration.links.values import Linked


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Whose machine it is, when, and what holds then.

    Args:
        kind: The machine's.
        subject: About whom.
        now: When.
        settings: What holds for the subject.
        around: What silences it, and what it explains.
        previous: The environment before, where the answer has another one or none.
    """

    kind: str
    subject: str
    now: datetime
    settings: Thresholds = Thresholds()
    around: Circumstances = Circumstances()
    previous: Linked | None = None
