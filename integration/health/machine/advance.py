"""One answer: the whole machine."""

from datetime import datetime

import msgspec

from integration.config.keys.health import Thresholds
from integration.health.check import Answer
from integration.health.machine.answers import shortened
from integration.health.machine.clocks import steadied
from integration.health.machine.flapping import flapped
from integration.health.machine.phases import moved
from integration.health.machine.relinking import relinked
from integration.health.machine.scene import Scene
from integration.health.machine.state import Circumstances, State
from integration.health.machine.streaks import counted
from integration.health.machine.telling import told
from integration.links.values import Linked


def advance(  # noqa: PLR0913  # the machine's whole input
    state: State,
    answer: Answer,
    now: datetime,
    settings: Thresholds,
    around: Circumstances,
    *,
    kind: str,
    subject: str,
) -> State:
    """Take one answer.

    Args:
        state: Before; the only memory there is.
        answer: What was answered. `not_asked` is none: nothing counts, nothing is told.
        now: When. May be earlier than the last time.
        settings: What holds for the subject; may be others than the last time. Its escalation has the shortest first.
        around: What silences it, and what it explains.
        kind: The machine's.
        subject: About whom.

    Returns:
        The state after, with what is to be told added to its outbox. The same input gives the same state, ids and keys.
    """
    before = steadied(state, now)
    if answer.health == "not_asked":
        return msgspec.structs.replace(before, not_asked=answer.message or answer.code)
    answer = shortened(answer)
    previous = _previous(before.link, answer.link)
    scene = Scene(kind=kind, subject=subject, now=now, settings=settings, around=around, previous=previous)
    after = flapped(before, counted(before, answer, now, settings), now, settings)
    return relinked(told(moved(before, after, scene), scene), scene)


def _previous(known: Linked | None, link: Linked | None) -> Linked | None:
    return None if known is None or (link is not None and link.same_environment(known)) else known
