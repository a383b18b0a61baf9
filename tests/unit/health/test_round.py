"""Rounds of the watch: each trouble is told once and ended once, whoever dies, races or lies meanwhile."""

import asyncio
import json
from datetime import timedelta

import msgspec

from integration.config.keys.health import Escalation, Health, Maintenance
from integration.errors import StorageUnavailable
from integration.health.check import Answer, Check, not_asked
from integration.health.machine import acknowledge, mute
from integration.health.maintenance import MaintenanceCall
from integration.health.standing import Watched
from tests.fixtures.rounds import AWAY, LOST, Rig, linked

CONTOSO = Watched("organization", "contoso")


async def test_a_lost_link_is_told_once_and_its_end_to_those_who_heard_of_it():
    rig = Rig()
    await rig.rounds(1)
    rig.says("contoso", link=LOST)
    await rig.rounds(1)
    assert rig.receivers.said == []
    await rig.rounds(3)
    assert rig.receivers.said == [("page", "integration.lost", "contoso")]
    rig.receivers.routes = ("page", "new")
    rig.says("contoso")
    await rig.rounds(4)
    assert rig.receivers.said == [
        ("page", "integration.lost", "contoso"),
        ("page", "integration.restored", "contoso"),
    ]
    lost, restored = (json.loads(bytes(event.data)) for _, event in rig.receivers.sent)
    assert lost["incident"] == restored["incident"]
    assert lost["code"] == "0x80048d0b"
    assert lost["page"] == f"https://fno-link.example/api/status#incident-{lost['incident']}"
    [ended] = await rig.incidents.ended()
    assert (ended.name, ended.incident.id, ended.incident.told) == ("contoso", lost["incident"], ("page",))
    phases = [each.phase for each in await rig.history.read(subject="contoso", kind="integration")]
    assert phases == ["ok", "suspect", "firing", "recovering", "ok"]


async def test_answers_that_alternate_between_not_linked_and_unknown_alert():
    rig = Rig()
    for number in range(20):
        rig.says("contoso", link=LOST if number % 2 else AWAY)
        await rig.rounds(1)
    assert [kind for _, kind, _ in rig.receivers.said][:1] in (["integration.lost"], ["integration.unreachable"])
    assert len({event.id.partition(":")[0] for _, event in rig.receivers.sent}) == 1


async def test_two_instances_at_once_are_one_round():
    rig = Rig()
    rig.says("contoso", link=LOST)
    reports = await asyncio.gather(*(rig.round().run() for _ in range(4)))
    assert sorted(report.is_ours for report in reports) == [False, False, False, True]
    assert rig.asked == ["contoso"]


async def test_what_cannot_be_sent_is_sent_at_the_next_round_under_the_same_id_and_no_route_twice():
    rig = Rig()
    rig.receivers.routes = ("page", "mail")
    rig.says("contoso", link=LOST)
    rig.receivers.left = {"mail"}
    await rig.rounds(2)
    assert rig.receivers.said == [("page", "integration.lost", "contoso")]
    rig.receivers.left = set()
    rig.receivers.failures = 1
    await rig.rounds(2)
    assert [route for route, _ in rig.receivers.sent] == ["page", "mail"]
    assert len({event.id for _, event in rig.receivers.sent}) == 1
    assert (await rig.state()).incident.told == ("page", "mail")


async def test_a_process_that_dies_between_sending_and_settling_sends_the_same_event_again(monkeypatch):
    rig = Rig()
    rig.says("contoso", link=LOST)
    await rig.rounds(1)
    settle = rig.standings.change

    async def dies(watched, apply, known=None):
        if rig.receivers.sent:
            raise StorageUnavailable
        return await settle(watched, apply, known)

    monkeypatch.setattr(rig.standings, "change", dies)
    report = await rig.run()
    assert any("settled" in said for said in report.failed)
    monkeypatch.setattr(rig.standings, "change", settle)
    await rig.rounds(3)
    assert [event.id for _, event in rig.receivers.sent] == [rig.receivers.sent[0][1].id] * 2


async def test_an_acknowledgement_in_the_middle_of_a_round_stays():
    rig = Rig(settings=Health(failure_threshold=1, reminder_every=timedelta(minutes=5)))
    rig.says("contoso", link=LOST)
    await rig.rounds(1)

    async def acknowledged(name):
        await rig.standings.change(
            CONTOSO,
            lambda it: it.with_state(
                "integration", acknowledge(it.states["integration"], "Ada", "known", rig.clock.now())
            ),
        )

    rig.before_answer = acknowledged
    await rig.rounds(1)
    rig.before_answer = None
    assert (await rig.state()).incident.acknowledged_by == "Ada"
    await rig.rounds(10)
    assert rig.receivers.said == [("page", "integration.lost", "contoso")]


async def test_a_mute_is_silent_and_what_lasts_is_told_when_it_is_over():
    rig = Rig(settings=Health(failure_threshold=1))
    await rig.rounds(1)
    until = rig.clock.now() + timedelta(minutes=30)
    await rig.standings.change(CONTOSO, lambda it: it.with_state("integration", mute(it.states["integration"], until)))
    rig.says("contoso", link=LOST)
    await rig.rounds(5)
    assert rig.receivers.said == []
    began = (await rig.state()).incident.since
    await rig.rounds(3)
    [(_, event)] = rig.receivers.sent
    assert msgspec.json.decode(bytes(event.data))["since"] == began.isoformat().replace("+00:00", "Z")


async def test_what_one_cause_explains_is_told_once_and_names_the_others():
    rig = Rig("a", "b", "c")
    for name in "abc":
        rig.says(name, token=AWAY, dataverse=not_asked("token"), link=not_asked("token"))
    await rig.rounds(4)
    assert rig.receivers.said == [("page", "integration.unreachable", "a")]
    [(_, event)] = rig.receivers.sent
    assert msgspec.json.decode(bytes(event.data))["children"] == ["b", "c"]
    # The cause is over, but one of the others has a trouble of its own.
    rig.says("a")
    rig.says("b", link=LOST)
    rig.says("c")
    await rig.rounds(4)
    assert sorted(rig.receivers.said[1:]) == [
        ("page", "integration.lost", "b"),
        ("page", "integration.restored", "a"),
    ]


async def test_maintenance_silences_what_begins_and_ends_in_it_and_tells_what_outlasts_it():
    rig = Rig("a", "b", settings=Health(failure_threshold=1, success_threshold=1))
    await rig.rounds(1)
    now = rig.clock.now()
    await rig.incidents.call(MaintenanceCall(since=now, until=now + timedelta(minutes=30), by="Ada"))
    rig.says("a", link=LOST)
    rig.says("b", link=LOST)
    await rig.rounds(2)
    rig.says("b")
    await rig.rounds(4)
    assert rig.receivers.said == []
    await rig.rounds(2)
    assert rig.receivers.said == [("page", "integration.lost", "a")]


async def test_a_window_of_the_configuration_holds_for_its_organizations_alone():
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    window = Maintenance(
        weekday=days, start="00:00", duration=timedelta(hours=24), timezone="UTC", organizations=("a",)
    )
    rig = Rig("a", "b", settings=Health(failure_threshold=1, maintenance=(window,)))
    for name in "ab":
        rig.says(name, link=LOST)
    await rig.rounds(2)
    assert rig.receivers.said == [("page", "integration.lost", "b")]


async def test_an_escalation_and_its_end_reach_who_was_called():
    steps = (Escalation(after=timedelta(minutes=10), targets=("oncall",)),)
    rig = Rig(settings=Health(failure_threshold=1, success_threshold=1, escalation=steps))
    rig.says("contoso", link=LOST)
    await rig.rounds(4)
    assert [route for route, _, _ in rig.receivers.said] == ["page", "escalation:oncall"]
    rig.says("contoso")
    await rig.rounds(2)
    assert [route for route, _, _ in rig.receivers.said[2:]] == ["page", "escalation:oncall"]


async def test_a_circuit_that_its_process_has_told_is_not_told_again_and_keeps_its_name():
    rig = Rig(settings=Health(reminder_every=timedelta(minutes=10), reminder_factor=1.0))
    facts = {"told": "true", "incident": "feed"}
    rig.app[Check("target", "orders")] = Answer(health="bad", code="TargetUnavailable", message="down", facts=facts)
    await rig.rounds(2)
    assert rig.receivers.said == []
    await rig.rounds(2)
    assert rig.receivers.said == [("page", "target.opened", "orders")]
    event = rig.receivers.sent[0][1]
    assert (event.id, msgspec.json.decode(bytes(event.data))["facts"]) == ("feed:reminder:1", {})
    rig.app[Check("target", "orders")] = Answer(health="ok", facts={"told": "true"})
    await rig.rounds(2)
    assert len(rig.receivers.sent) == 1
    assert [each.incident.id for each in await rig.incidents.ended()] == ["feed"]


async def test_a_circuit_whose_process_died_before_it_told_is_told():
    rig = Rig()
    facts = {"told": "false", "incident": "feed"}
    rig.app[Check("target", "orders")] = Answer(health="bad", code="TargetUnavailable", message="down", facts=facts)
    await rig.rounds(1)
    rig.app[Check("target", "orders")] = Answer(health="ok", facts={"told": "false"})
    await rig.rounds(1)
    assert [event.id for _, event in rig.receivers.sent] == ["feed:triggered:1", "feed:resolved:1"]


async def test_who_is_not_configured_any_more_ends_and_is_forgotten():
    rig = Rig("a", "b", settings=Health(failure_threshold=1))
    rig.says("a", link=LOST)
    await rig.rounds(1)
    del rig.organizations["a"]
    await rig.rounds(1)
    assert rig.receivers.said == [("page", "integration.lost", "a"), ("page", "integration.restored", "a")]
    assert "not configured" in json.loads(bytes(rig.receivers.sent[1][1].data))["message"]
    await rig.rounds(2)
    assert Watched("organization", "a") not in await rig.standings.all()
    assert len(rig.receivers.sent) == 2


async def test_a_check_that_is_switched_off_ends_what_is_open_in_it():
    rig = Rig(settings=Health(failure_threshold=1))
    rig.says("contoso", finance_operations=LOST)
    await rig.rounds(1)
    rig.settings = Health(finance_operations=False)
    await rig.rounds(2)
    assert [kind for _, kind, _ in rig.receivers.said] == [
        "finance_operations.unreachable",
        "finance_operations.restored",
    ]


async def test_parked_deliveries_go_on_by_the_link_whatever_is_told():
    rig = Rig("a", "b")
    rig.says("a", link=LOST)
    rig.says("b", link=linked(rig.clock, "two"))
    await rig.run()
    assert sorted(rig.released) == [("a", "expire"), ("b", "expire"), ("b", "two")]
