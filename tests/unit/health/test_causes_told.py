"""Who speaks for a cause, and names the others: one from whom it is heard."""

from datetime import timedelta

import msgspec
import pytest

from integration.config.keys.health import OwnThresholds
from integration.health.check import not_asked
from integration.health.machine import mute
from integration.health.maintenance import MaintenanceCall
from integration.health.standing import Watched
from tests.fixtures.rounds import AWAY, LOST, Rig


async def test_one_who_was_told_of_something_else_does_not_speak_for_a_cause():
    rig = Rig("a", "b", "c")
    rig.says("a", link=LOST)
    await rig.rounds(3)
    for name in "abc":
        rig.says(name, token=AWAY, dataverse=not_asked("token"), link=not_asked("token"))
    await rig.rounds(4)
    # `a` is known to be lost, and says nothing new: so `b` speaks for the cause, and names `c`.
    assert rig.receivers.said == [("page", "integration.lost", "a"), ("page", "integration.unreachable", "b")]
    assert msgspec.json.decode(bytes(rig.receivers.sent[1][1].data))["children"] == ["c"]
    for name in "abc":
        rig.says(name)
    await rig.rounds(4)
    assert sorted(rig.receivers.said[2:]) == [
        ("page", "integration.restored", "a"),
        ("page", "integration.restored", "b"),
    ]


@pytest.mark.parametrize("how", ["mute", "maintenance"])
async def test_who_is_silent_does_not_speak_for_a_cause(how):
    rig = Rig("a", "b", "c")
    await rig.rounds(1)
    until = rig.clock.now() + timedelta(hours=5)
    if how == "mute":
        await rig.standings.change(
            Watched("organization", "a"),
            lambda it: it.with_state("integration", mute(it.states["integration"], until)),
        )
    else:
        await rig.incidents.call(MaintenanceCall(organization="a", since=rig.clock.now(), until=until, by="Ada"))
    for name in "abc":
        rig.says(name, token=AWAY, dataverse=not_asked("token"), link=not_asked("token"))
    await rig.rounds(4)
    assert rig.receivers.said == [("page", "integration.unreachable", "b")]


async def test_who_needs_more_answers_than_another_does_not_hold_up_what_is_told_of_a_cause():
    rig = Rig("a", "b")
    rig.organizations["a"] = msgspec.structs.replace(rig.organizations["a"], health=OwnThresholds(failure_threshold=50))
    for name in "ab":
        rig.says(name, token=AWAY, dataverse=not_asked("token"), link=not_asked("token"))
    await rig.rounds(3)
    assert rig.receivers.said == [("page", "integration.unreachable", "b")]
