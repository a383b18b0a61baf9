"""What must be so, whatever was answered: told apart from how the machine does it."""

from collections.abc import Sequence

from integration.config.keys.health import Thresholds
from integration.health.machine import State
from tests.unit.health.machine.fleet import Fleet


def all_ill(fleet: Fleet, count: int) -> bool:
    last = fleet.counted[-count:]
    return len(last) == count and all(answer.is_unhealthy for _, answer, _, _ in last)


def enough(answers: Sequence[bool], in_a_row: int, of: Sequence[int]) -> bool:
    """Tell whether the last of some answers is one that is looked for, and they are enough of them, by either way."""
    if not answers or not answers[-1]:
        return False
    row = len(answers) >= in_a_row and all(answers[-in_a_row:])
    return row or (bool(of) and sum(answers[-of[1] :]) >= of[0])


def check_round(fleet: Fleet, settings: Thresholds, before: State, counted: int) -> None:
    """Check what holds after each round.

    Args:
        fleet: After it.
        settings: Of the round.
        before: The row before it.
        counted: How many answers had counted before it.
    """
    state = fleet.state
    assert (state.incident is None) == (state.phase in ("ok", "suspect"))
    new = [told for told in fleet.told if told.notice not in before.outbox and told.notice.at == state.checked_at]
    for told in new:
        assert told.notice.since <= told.notice.at
    if len(fleet.counted) == counted:
        return  # nothing was asked, or it could not be written
    now, _, around, muted = fleet.counted[-1]
    quiet = not (around.maintenance or around.inhibited_by or muted)
    if quiet and all_ill(fleet, settings.failure_threshold):
        assert state.incident is not None, "bad for long enough, and no incident"
        assert state.incident.is_told, "bad for long enough, and nobody was told"
    if state.incident is not None and state.incident.next_reminder is not None and settings.reminder_every:
        assert state.incident.next_reminder - now <= settings.reminder_cap


def check_notices(fleet: Fleet) -> None:
    """Check what holds of all that was told: `fleet` is drained."""
    notices = [told.notice for told in fleet.told]
    assert len({notice.key for notice in notices}) == len(notices), "two notices have one key"
    assert set(fleet.sent) == {notice.key for notice in notices}, "something was never sent"
    for told in fleet.told:
        if told.notice.transition == "relinked":
            assert not told.muted
        elif told.notice.transition != "resolved":
            assert not told.silent, f"{told.notice.key} was told in silence"
    for incident in {notice.incident for notice in notices if notice.transition != "relinked"}:
        _check_incident(fleet, incident)


def _check_incident(fleet: Fleet, incident: str) -> None:
    own = [told.notice for told in fleet.told if told.notice.incident == incident]
    is_open = fleet.state.incident is not None and fleet.state.incident.id == incident
    ends = [notice for notice in own if notice.transition == "resolved"]
    assert len(ends) == (0 if is_open else 1), "an incident has one end"
    assert is_open or own[-1] is ends[0], "nothing is told after the end"
    assert own[0].transition in ("triggered", "flapping"), "it begins with its beginning"
    assert sum(notice.transition == "triggered" for notice in own) <= 1
    for route, heard in fleet.heard.items():
        mine = [notice for notice in heard.values() if notice.incident == incident]
        told_end = any(notice.transition == "resolved" for notice in mine)
        told_else = any(notice.transition != "resolved" for notice in mine)
        assert told_end == (told_else and not is_open), f"{route} heard of an end without an alert, or of no end"
