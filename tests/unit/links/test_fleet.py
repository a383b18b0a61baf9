"""Several processes with a shared tier: one call between them."""

import asyncio

import msgspec
import pytest

from integration.errors import Busy, Forbidden, Throttled, Unreachable
from integration.links import Linked, NotLinked, Record
from tests.fake_clock import settle
from tests.unit.links.fleet import POLICY, UNLINKED, details


async def cold(world, processes=16, callers=20, **changes):
    resolvers = [world.process(**changes) for _ in range(processes)]
    tasks = [asyncio.create_task(resolver.resolve("contoso")) for resolver in resolvers for _ in range(callers)]
    return resolvers, tasks


async def test_sixteen_cold_processes_make_one_call(world):
    world.dataverse.delay = 2.0
    _, callers = await cold(world)
    await world.clock.advance(6.0)
    links = await asyncio.gather(*callers)
    assert world.dataverse.calls == 1
    assert {link.url for link in links} == {"https://contoso.operations.dynamics.com"}


async def test_processes_with_clocks_that_disagree_still_make_one_call(world):
    world.dataverse.delay = 2.0
    resolvers = [world.process(skew=skew) for skew in (-120.0, 0.0, 3.0, 120.0)]
    callers = [asyncio.create_task(resolver.resolve("contoso")) for resolver in resolvers]
    await world.clock.advance(6.0)
    await asyncio.gather(*callers)
    assert world.dataverse.calls == 1


async def test_under_throttling_the_fleet_makes_one_call_per_back_off_step(world):
    world.dataverse.answer = Throttled("slow down", status=429)
    resolvers = [world.process() for _ in range(8)]
    answers = []
    for _ in range(140):
        asking = [asyncio.create_task(resolver.resolve("contoso")) for resolver in resolvers]
        await world.clock.advance(0.1)
        answers += asking
    await world.clock.advance(9)
    kinds = {type(answer) for answer in await asyncio.gather(*answers, return_exceptions=True)}
    assert kinds == {Throttled}
    gaps = [later - earlier for earlier, later in zip(world.dataverse.times, world.dataverse.times[1:], strict=False)]
    assert len(gaps) == 2
    assert all(gap >= step for step, gap in zip([2, 4], gaps, strict=True))


async def test_every_process_raises_the_failure_that_one_of_them_saw(world):
    world.dataverse.answer = Forbidden("no application user", status=403, remote_code="0x80072560")
    first, second = world.process(), world.process()
    with pytest.raises(Forbidden):
        await first.resolve("contoso")
    with pytest.raises(Forbidden, match="no application user") as raised:
        await second.resolve("contoso")
    assert (raised.value.status, raised.value.remote_code) == (403, "0x80072560")
    assert 1 <= raised.value.retry_after <= 3
    assert world.dataverse.calls == 1


async def test_a_waiter_gives_up_after_eight_seconds_as_busy(world):
    world.dataverse.gate.clear()
    holder, waiter = world.process(), world.process()
    holding = asyncio.create_task(holder.resolve("contoso"))
    await settle()
    waiting = asyncio.create_task(waiter.resolve("contoso"))
    await world.clock.advance(7.9)
    assert not waiting.done()
    await world.clock.advance(0.2)
    with pytest.raises(Busy):
        await waiting
    world.dataverse.gate.set()
    assert isinstance(await holding, Linked)
    assert isinstance(await waiter.resolve("contoso"), Linked)
    assert world.dataverse.calls == 1


async def test_a_waiter_looks_less_and_less_often(world):
    world.dataverse.gate.clear()
    holding = asyncio.create_task(world.process().resolve("contoso"))
    await settle()
    before = world.tier.reads
    waiting = asyncio.create_task(world.process().resolve("contoso"))
    await world.clock.advance(8.1)
    with pytest.raises(Busy):
        await waiting
    assert 7 <= world.tier.reads - before <= 12
    world.dataverse.gate.set()
    await holding


async def kill(resolver):
    """End a process's tasks without letting it clean up after itself."""
    resolver._shared.write = hang
    for flights in (resolver._loads, resolver._probes, resolver._compares):
        for flight in list(flights._flights.values()):
            flight.cancel()
    await settle()


async def hang(*_):
    await asyncio.get_running_loop().create_future()


class Connection:
    """A process's own connection to the shared tier, which dies with it."""

    def __init__(self, tier) -> None:
        self.read = tier.read
        self.write = tier.write
        self.aclose = tier.aclose


async def test_a_killed_lease_holder_is_replaced_when_the_record_has_not_changed_for_the_lease(world):
    world.dataverse.gate.clear()
    victim = world.process()
    victim._loader._shared = Connection(world.tier)
    victim._shared = victim._loader._shared
    dying = asyncio.create_task(victim.resolve("contoso"))
    await settle()
    await kill(victim)
    world.dataverse.gate.set()
    assert world.tier.record().lease
    survivor = world.process()
    asked = world.clock.elapsed
    answer = None
    while answer is None:
        waiting = asyncio.create_task(survivor.resolve("contoso"))
        await world.clock.advance(8.5)
        try:
            answer = await waiting
        except Busy:
            assert world.clock.elapsed - asked <= 95 + 9
    assert isinstance(answer, Linked)
    assert world.clock.elapsed - asked >= 95
    assert world.dataverse.calls == 2
    assert not world.tier.record().lease
    for flight in victim._loads._flights.values():
        flight.cancel()
    dying.cancel()


async def test_a_closed_lease_holder_gives_its_lease_back(world):
    world.dataverse.gate.clear()
    holder = world.process()
    holding = asyncio.create_task(holder.resolve("contoso"))
    await settle()
    assert world.tier.record().lease
    await holder.aclose()
    with pytest.raises(Busy):
        await holding
    assert not world.tier.record().lease
    world.dataverse.gate.set()
    assert isinstance(await world.process().resolve("contoso"), Linked)


async def test_a_cold_process_adopts_an_old_answer_at_once_and_refreshes_behind_it(world):
    await world.process().resolve("contoso")
    await world.clock.advance(1000)
    world.dataverse.delay = 2.0
    late = world.process()
    link = await late.resolve("contoso")
    assert isinstance(link, Linked)
    assert world.dataverse.calls == 1
    await world.clock.advance(3.0)
    assert world.dataverse.calls == 2
    assert (await late.resolve("contoso")).checked_at > link.checked_at


async def test_a_refresh_by_one_process_refreshes_all_without_another_call(world):
    resolvers = [world.process() for _ in range(5)]
    for resolver in resolvers:
        await resolver.resolve("contoso")
    await world.clock.advance(905)
    for resolver in resolvers:
        await resolver.resolve("contoso")
        await settle()
    assert world.dataverse.calls == 2
    links = [await resolver.resolve("contoso") for resolver in resolvers]
    assert len({link.checked_at for link in links}) == 1


async def test_a_change_seen_by_a_probe_reaches_every_process_within_share_check(world):
    prober, other, idle = world.process(), world.process(), world.process()
    heard = []
    for resolver in (other, idle):
        await resolver.resolve("contoso")
        resolver.subscribe(lambda _, before, after: heard.append((type(before), type(after))))
    await world.clock.advance(1)
    world.dataverse.answer = UNLINKED
    assert isinstance(await prober.refresh("contoso"), NotLinked)
    for _ in range(29):
        await other.resolve("contoso")
        await world.clock.advance(1)
    assert isinstance(await other.resolve("contoso"), NotLinked)
    assert isinstance(await idle.resolve("contoso"), NotLinked)  # asked nothing meanwhile, and still may not be old
    assert heard == [(Linked, NotLinked)] * 2


async def test_a_link_that_is_back_is_known_to_every_process_within_a_second(world):
    world.dataverse.answer = UNLINKED
    prober, other = world.process(), world.process()
    assert isinstance(await other.resolve("contoso"), NotLinked)
    reads = world.tier.reads
    for _ in range(10):
        await other.resolve("contoso")
        await world.clock.advance(0.1)
    assert world.tier.reads - reads <= 3
    world.dataverse.answer = details()
    assert isinstance(await prober.refresh("contoso"), Linked)
    await world.clock.advance(1)
    assert isinstance(await other.resolve("contoso"), Linked)  # or what it parks would wait for the next round
    assert world.dataverse.calls == 2


async def test_an_answer_that_is_older_than_what_another_process_found_since_is_not_served(world):
    prober, idle = world.process(), world.process()
    assert isinstance(await idle.resolve("contoso"), Linked)
    await world.clock.advance(1)
    world.dataverse.answer = UNLINKED
    assert isinstance(await prober.refresh("contoso"), NotLinked)
    # Longer than "not linked" holds: what the shared tier has is over, but newer than the link in memory.
    await world.clock.advance(POLICY.not_linked_for + 60)
    assert isinstance(await idle.resolve("contoso"), NotLinked)
    assert world.dataverse.calls == 3


async def test_comparing_under_steady_use_suspends_nobody(world):
    resolver = world.process()
    await resolver.resolve("contoso")
    for _ in range(120):
        await world.clock.advance(1)
        with pytest.raises(StopIteration):
            resolver.resolve("contoso").send(None)
    assert world.dataverse.calls == 1


async def test_without_storage_the_memory_tier_works_alone(world, caplog):
    world.tier.down = True
    first, second = world.process(), world.process()
    assert isinstance(await first.resolve("contoso"), Linked)
    assert isinstance(await second.resolve("contoso"), Linked)
    assert world.dataverse.calls == 2
    assert "not shared" in caplog.text
    await world.clock.advance(901)
    world.tier.down = False
    await first.resolve("contoso")
    await settle()
    await first.resolve("contoso")
    assert isinstance(world.tier.record().link, Linked)


async def test_storage_that_goes_down_during_the_call_does_not_lose_the_answer(world):
    world.dataverse.delay = 2.0
    resolver = world.process()
    waiting = asyncio.create_task(resolver.resolve("contoso"))
    await world.clock.advance(1.0)
    world.tier.down = True
    await world.clock.advance(1.0)
    assert isinstance(await waiting, Linked)
    assert world.dataverse.calls == 1


async def test_two_probes_at_once_make_one_call(world):
    first, second = world.process(), world.process()
    await first.resolve("contoso")
    world.dataverse.delay = 2.0
    await world.clock.advance(5)
    probes = [asyncio.create_task(resolver.refresh("contoso")) for resolver in (first, second)]
    await world.clock.advance(4)
    answers = await asyncio.gather(*probes)
    assert world.dataverse.calls == 2
    assert answers[0].checked_at == answers[1].checked_at


@pytest.mark.parametrize(
    "text",
    ["", "not JSON", "[]", '{"v":2}', '{"v":1,"link":{"state":"linked","url":7}}', '{"v":1,"link":{"state":"odd"}}'],
)
async def test_a_damaged_record_is_replaced(world, text):
    world.tier.put(text)
    assert isinstance(await world.process().resolve("contoso"), Linked)
    assert isinstance(world.tier.record().link, Linked)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://contoso.operations.dynamics.com"},
        {"url": "https://user@contoso.operations.dynamics.com"},
        {"id": "x"},
        {"tenant_id": "../"},
    ],
)
async def test_a_shared_value_that_no_network_answer_could_be_is_not_believed(world, change, caplog):
    await world.process().resolve("contoso")
    record = world.tier.record()
    world.tier.put(msgspec.structs.replace(record, link=msgspec.structs.replace(record.link, **change)))
    assert (await world.process().resolve("contoso")).url == "https://contoso.operations.dynamics.com"
    assert "not believed" in caplog.text
    assert world.dataverse.calls == 2


async def test_trust_is_judged_anew_for_shared_values(world):
    await world.process().resolve("contoso")
    record = world.tier.record()
    forged = msgspec.structs.replace(record.link, url="https://evil.example.com", trusted=True)
    world.tier.put(msgspec.structs.replace(record, link=forged))
    link = await world.process().resolve("contoso")
    assert not link.trusted
    assert "evil.example.com" in link.distrust


async def test_an_answer_from_the_future_is_not_adopted(world):
    await world.process(skew=100_000.0).resolve("contoso")
    await world.process().resolve("contoso")
    assert world.dataverse.calls == 2


async def test_a_not_before_far_in_the_future_does_not_stop_the_fleet_for_longer_than_any_back_off(world):
    world.dataverse.answer = Unreachable("gone")
    with pytest.raises(Unreachable):
        await world.process(skew=250.0).resolve("contoso")
    with pytest.raises(Unreachable) as raised:
        await world.process().resolve("contoso")
    assert raised.value.retry_after <= 600


async def test_an_answer_that_arrives_after_the_lease_was_lost_does_not_overwrite_a_newer_one(world):
    world.dataverse.gate.clear()
    slow = asyncio.create_task(world.process().resolve("contoso"))
    await settle()
    world.tier.put(Record())  # somebody judged the lease dead and gave it back
    world.dataverse.gate.set()
    world.dataverse.answer = details("newer")
    await slow
    await world.clock.advance(1)
    assert world.tier.record().link.url == "https://newer.operations.dynamics.com"
    assert (await world.process().resolve("contoso")).url == "https://newer.operations.dynamics.com"
