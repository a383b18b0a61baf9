"""An end goes to those who were told and to nobody else, whatever is sent late, in part, twice or by another."""

from datetime import timedelta

import msgspec

from integration.health.machine import State, dismissed, due, settle
from tests.unit.health.machine.playing import LOST, QUIET, START, Played, at, play

NOW = START


def unsent(answers, settings=QUIET, **more):
    return play(answers, settings, played=Played(routes=None, **more))[1]


def test_an_end_goes_to_the_routes_that_have_the_alert():
    played = Played(routes=("mail", "teams"))
    play("B", played=played)
    played.routes = ("mail", "sms")
    play(".", played=played)
    assert played.notices[1].routes == ("mail", "teams")


def test_who_hears_of_it_later_hears_of_its_end_too():
    played = Played()
    play("U", played=played)
    played.routes = ("mail", "losses")
    play("B.", played=played)
    assert played.notices[2].routes == ("mail", "losses")


def test_an_end_waits_until_it_is_known_who_was_told():
    played = unsent("B.")
    first, end = played.state.outbox
    assert (end.transition, end.routes) == ("resolved", ())
    assert due(played.state) == (first,)
    state = settle(played.state, first.key, ("mail",))
    (end,) = due(state)
    assert end.routes == ("mail",)
    assert settle(state, end.key, ("mail",)).outbox == ()


def test_incidents_do_not_wait_for_each_other():
    played = unsent("B.B.")
    first, _, third, _ = played.state.outbox
    assert due(played.state) == (first, third)
    state = settle(settle(played.state, third.key, ("sms",)), first.key, ("mail",))
    assert [notice.routes for notice in due(state)] == [("mail",), ("sms",)]


def test_what_some_routes_have_stays_for_the_others():
    played = unsent("B")
    (alert,) = played.state.outbox
    state = settle(played.state, alert.key, ("mail",), done=False)
    assert due(state)[0].settled == ("mail",)
    assert due(state)[0].key == alert.key
    state = settle(state, alert.key, ("sms",))
    assert state.outbox == ()
    assert state.incident is not None
    assert state.incident.told == ("mail", "sms")


def test_what_is_taken_in_portions_is_remembered_whole():
    state = unsent("B").state
    (alert,) = state.outbox
    for route in ("mail", "teams"):
        state = settle(state, alert.key, (route,), done=False)
    assert due(state)[0].settled == ("mail", "teams")


def test_a_step_of_escalation_goes_to_no_more_than_its_own_targets():
    state = unsent("B").state
    (alert,) = state.outbox
    step = msgspec.structs.replace(alert, transition="escalated", routes=("oncall",))
    state = settle(msgspec.structs.replace(state, outbox=(alert, step)), alert.key, ("mail",))
    assert [notice.routes for notice in due(state)] == [("oncall",)]


def test_an_end_that_all_routes_hear_of_stays_one_for_all():
    state = unsent("B").state
    assert state.incident is not None
    state = msgspec.structs.replace(state, incident=msgspec.structs.replace(state.incident, told=None))
    ended = dismissed(state, "gone", NOW, kind="integration", subject="contoso")
    assert ended.outbox[-1].routes is None
    assert settle(ended, state.outbox[0].key, ("mail",)).outbox[-1].routes is None


def test_what_is_settled_twice_is_settled():
    state = unsent("B").state
    key = state.outbox[0].key
    once = settle(state, key, ("mail",))
    assert settle(once, key, ("mail", "sms")) == once
    assert settle(State(), "unknown", ("mail",)) == State()


def test_an_incident_that_no_route_takes_has_an_end_that_goes_nowhere():
    played = Played(routes=())
    assert play("B.", played=played)[0] == "tr"
    assert played.notices[1].routes == ()


def test_an_incident_from_before_it_was_remembered_who_was_told_ends_for_all():
    _, played = play("B")
    incident = played.state.incident
    assert incident is not None
    played.state = msgspec.structs.replace(played.state, incident=msgspec.structs.replace(incident, told=None))
    play(".", played=played)
    assert played.notices[1].routes is None


def test_the_one_that_ended_remembers_who_was_told_too():
    played = unsent("B.")
    state = settle(played.state, played.state.outbox[0].key, ("mail",))
    assert state.last is not None
    assert state.last.told == ("mail",)


def test_the_end_of_a_move_or_of_another_is_not_addressed_by_it():
    played = unsent("B.B")
    _, end, second = played.state.outbox
    state = settle(played.state, second.key, ("sms",))
    assert state.outbox[1] == end
    assert state.incident is not None
    assert state.incident.told == ("sms",)
    assert state.last is not None
    assert state.last.told == ()


def test_nobody_is_reminded_of_what_he_has_not_heard():
    reminding = msgspec.structs.replace(QUIET, reminder_every=timedelta(minutes=10), reminder_factor=1.0)
    played = unsent("B" * 50, reminding)
    assert [notice.transition for notice in played.state.outbox] == ["triggered"]
    played.routes = ("mail",)
    played.send()
    assert play("BBBB", reminding, played=played)[0].strip().startswith("a")


def test_what_is_not_asked_any_more_is_over_for_who_was_told():
    _, played = play("B")
    after = dismissed(played.state, "the target is not configured any more", at(1), kind="target", subject="erp")
    (end,) = after.outbox
    assert (end.transition, end.routes, end.kind, end.subject) == ("resolved", ("mail",), "target", "erp")
    assert end.message == "the target is not configured any more; it was: not integrated"
    assert after.incident is None
    assert after.phase == "ok"
    assert dismissed(after, "again", at(2), kind="target", subject="erp") == after


def test_what_was_never_told_is_over_without_a_word():
    _, played = play("B", silence="m")
    assert dismissed(played.state, "gone", at(1), kind="target", subject="erp").outbox == ()


def test_a_notice_says_what_was_answered():
    played = unsent([msgspec.structs.replace(LOST, facts={"agrees": "yes"})])
    (alert,) = played.state.outbox
    assert (alert.code, alert.message, alert.hint) == ("0x80048d0b", "not integrated", "link it")
    assert alert.facts == {"agrees": "yes"}
    assert (alert.kind, alert.subject, alert.health) == ("integration", "contoso", "bad")
