"""What a round leaves for who looks at the status: how the day was, and what waits."""

import json

import msgspec

from integration.dead_letters import DeadLetters, Record
from integration.events.event import Event
from integration.health.standing import WORKER, Watched
from tests.fixtures.rounds import LOST, Rig


async def test_the_day_of_an_organization_is_as_bad_as_its_worst_round():
    rig = Rig()
    contoso = Watched("organization", "contoso")
    await rig.rounds(1)
    assert (await rig.standings.load(contoso)).standing.days.seen == "o"
    rig.says("contoso", link=LOST)
    await rig.rounds(4)
    assert (await rig.standings.load(contoso)).standing.days.seen == "b"
    rig.says("contoso")
    await rig.rounds(4)
    assert (await rig.standings.load(contoso)).standing.days.seen == "b"


async def test_what_is_parked_stands_in_the_row_of_the_app():
    rig = Rig()
    now = rig.clock.now()
    event = Event(id="e1", source="s", type="T", organization="contoso", data=msgspec.Raw(json.dumps({}).encode()))
    record = Record(
        organization="contoso", reason="NotLinked", message="", accepted_at=now, recorded_at=now, event=event, route="a"
    )
    await DeadLetters(rig.storage).park(record)
    await rig.rounds(1)
    waits = (await rig.standings.load(WORKER)).standing.waits
    assert waits is not None
    assert (waits.parked, waits.oldest) == ({"contoso": {"NotLinked": 1}}, now)
