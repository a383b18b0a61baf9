"""The resolver with its memory alone."""

import asyncio

import pytest

from integration.errors import Busy, Forbidden, Throttled, UnknownOrganization, Unreachable
from integration.links import Linked, NotLinked
from tests.fake_clock import settle
from tests.unit.links.fleet import UNLINKED, details


async def test_a_linked_organization_is_answered_with_its_environment(world):
    link = await world.process(shared=False).resolve("contoso")
    assert isinstance(link, Linked)
    assert link.url == "https://contoso.operations.dynamics.com"
    assert link.trusted
    assert not link.stale
    assert link.checked_at == world.clock.now()


async def test_an_unknown_name_is_refused_without_a_call(world):
    resolver = world.process(shared=False)
    with pytest.raises(UnknownOrganization, match="fabrikam"):
        await resolver.resolve("fabrikam")
    with pytest.raises(UnknownOrganization):
        await resolver.refresh("fabrikam")
    assert resolver.cached("fabrikam") is None
    assert not resolver.known("fabrikam")
    assert resolver.known("contoso")
    assert world.dataverse.calls == 0


async def test_a_thousand_cold_callers_share_one_call(world):
    resolver = world.process(shared=False)
    world.dataverse.delay = 2.0
    callers = [asyncio.create_task(resolver.resolve("contoso")) for _ in range(1000)]
    await world.clock.advance(2.0)
    links = await asyncio.gather(*callers)
    assert world.dataverse.calls == 1
    assert all(link is links[0] for link in links)


async def test_a_thousand_callers_of_a_failing_call_share_it_and_each_gets_the_error(world):
    resolver = world.process(shared=False)
    world.dataverse.delay = 2.0
    world.dataverse.answer = Forbidden("no user", status=403, remote_code="0x80072560")
    callers = [asyncio.create_task(resolver.resolve("contoso")) for _ in range(1000)]
    await world.clock.advance(2.0)
    errors = await asyncio.gather(*callers, return_exceptions=True)
    assert world.dataverse.calls == 1
    assert {(type(error), error.remote_code) for error in errors} == {(Forbidden, "0x80072560")}


async def test_cancelling_a_waiter_cancels_neither_the_load_nor_the_others(world):
    resolver = world.process(shared=False)
    world.dataverse.delay = 2.0
    first, second = (asyncio.create_task(resolver.resolve("contoso")) for _ in range(2))
    await settle()
    first.cancel()
    await world.clock.advance(2.0)
    assert isinstance(await second, Linked)
    assert first.cancelled()
    assert world.dataverse.calls == 1


async def test_a_load_whose_every_waiter_is_cancelled_still_fills_the_cache(world):
    resolver = world.process(shared=False)
    world.dataverse.delay = 2.0
    only = asyncio.create_task(resolver.resolve("contoso"))
    await settle()
    only.cancel()
    await world.clock.advance(2.0)
    assert isinstance(resolver.cached("contoso"), Linked)
    assert world.dataverse.calls == 1


async def test_a_fresh_hit_suspends_nothing(world):
    resolver = world.process(shared=False)
    link = await resolver.resolve("contoso")
    await world.clock.advance(899)
    with pytest.raises(StopIteration) as stopped:
        resolver.resolve("contoso").send(None)
    assert stopped.value.value is link
    assert resolver.cached("contoso") is link


async def test_older_than_refresh_after_the_old_value_is_served_at_once_with_one_refresh_behind_it(world):
    resolver = world.process(shared=False)
    old = await resolver.resolve("contoso")
    world.dataverse.answer = details("contoso2")
    world.dataverse.delay = 2.0
    await world.clock.advance(900)
    assert world.dataverse.calls == 1  # nothing refreshes unless somebody asks
    assert resolver.cached("contoso") is None
    for _ in range(10):
        assert await resolver.resolve("contoso") is old
    await world.clock.advance(2.0)
    assert (await resolver.resolve("contoso")).url == "https://contoso2.operations.dynamics.com"
    assert world.dataverse.calls == 2


async def test_older_than_expire_after_the_caller_waits(world):
    resolver = world.process(shared=False)
    await resolver.resolve("contoso")
    await world.clock.advance(86400)
    world.dataverse.answer = details("contoso2")
    world.dataverse.delay = 2.0
    waiting = asyncio.create_task(resolver.resolve("contoso"))
    await settle()
    assert not waiting.done()
    await world.clock.advance(2.0)
    assert (await waiting).url == "https://contoso2.operations.dynamics.com"


async def test_a_refresh_that_fails_keeps_the_old_value_as_stale_until_it_expires(world):
    resolver = world.process(shared=False)
    old = await resolver.resolve("contoso")
    world.dataverse.answer = Unreachable("gone")
    await world.clock.advance(901)
    assert not (await resolver.resolve("contoso")).stale
    await settle()
    stale = await resolver.resolve("contoso")
    assert stale.stale
    assert stale.same_environment(old)
    await world.clock.advance(86400)
    with pytest.raises(Unreachable):
        await resolver.resolve("contoso")


async def test_an_answer_after_a_failure_is_no_longer_stale(world):
    resolver = world.process(shared=False)
    await resolver.resolve("contoso")
    world.dataverse.answer = Unreachable("gone")
    await world.clock.advance(901)
    await resolver.resolve("contoso")
    await settle()
    world.dataverse.answer = details()
    await world.clock.advance(10)
    assert (await resolver.resolve("contoso")).stale
    await settle()
    assert not (await resolver.resolve("contoso")).stale


async def test_not_linked_is_an_answer_that_serves_for_its_own_short_time(world):
    resolver = world.process(shared=False)
    world.dataverse.answer = UNLINKED
    link = await resolver.resolve("contoso")
    assert isinstance(link, NotLinked)
    assert link.code == "0x80048d0b"
    await world.clock.advance(59)
    assert resolver.cached("contoso") is link
    assert world.dataverse.calls == 1
    world.dataverse.answer = details()
    await world.clock.advance(1)
    assert isinstance(await resolver.resolve("contoso"), Linked)
    assert world.dataverse.calls == 2


async def test_not_linked_replaces_a_linked_value_at_once(world):
    resolver = world.process(shared=False)
    await resolver.resolve("contoso")
    world.dataverse.answer = UNLINKED
    assert isinstance(await resolver.refresh("contoso"), NotLinked)
    assert isinstance(await resolver.resolve("contoso"), NotLinked)


async def test_an_expired_not_linked_is_not_served_when_the_call_fails(world):
    resolver = world.process(shared=False)
    world.dataverse.answer = UNLINKED
    await resolver.resolve("contoso")
    world.dataverse.answer = Unreachable("gone")
    await world.clock.advance(60)
    with pytest.raises(Unreachable):
        await resolver.resolve("contoso")


@pytest.mark.parametrize("kind", [Unreachable, Forbidden, Throttled])
async def test_failures_are_asked_about_again_after_2_4_8_seconds_only(world, kind):
    resolver = world.process(shared=False)
    world.dataverse.answer = kind("no")
    for _ in range(100):
        with pytest.raises(kind) as raised:
            await resolver.resolve("contoso")
        assert 0 < raised.value.retry_after <= 600
        await world.clock.advance(0.1)
    gaps = [later - earlier for earlier, later in zip(world.dataverse.times, world.dataverse.times[1:], strict=False)]
    assert len(gaps) == 2
    assert all(step <= gap <= step * 1.1 + 0.2 for step, gap in zip([2, 4], gaps, strict=True))


async def test_a_retry_after_is_kept_by_resolve_and_by_refresh(world):
    resolver = world.process(shared=False)
    world.dataverse.answer = Throttled("slow down", retry_after=120.0, status=429)
    with pytest.raises(Throttled):
        await resolver.resolve("contoso")
    await world.clock.advance(119)
    for ask in (resolver.resolve, resolver.refresh):
        with pytest.raises(Throttled):
            await ask("contoso")
    assert world.dataverse.calls == 1
    world.dataverse.answer = details()
    await world.clock.advance(14)
    assert isinstance(await resolver.resolve("contoso"), Linked)


async def test_refresh_does_not_wait_out_a_back_off_of_our_own(world):
    resolver = world.process(shared=False)
    world.dataverse.answer = Unreachable("gone")
    with pytest.raises(Unreachable):
        await resolver.resolve("contoso")
    world.dataverse.answer = details()
    assert isinstance(await resolver.refresh("contoso"), Linked)
    assert isinstance(await resolver.resolve("contoso"), Linked)


async def test_subscribers_hear_every_new_answer_and_cannot_break_one(world):
    resolver = world.process(shared=False)
    heard = []

    def break_down(*_):
        raise RuntimeError

    resolver.subscribe(break_down)
    end = resolver.subscribe(lambda *change: heard.append(change))
    first = await resolver.resolve("contoso")
    await world.clock.advance(1)
    world.dataverse.answer = details("moved")
    second = await resolver.refresh("contoso")
    end()
    await world.clock.advance(1)
    await resolver.refresh("contoso")
    assert [(organization.name, before, after) for organization, before, after in heard] == [
        ("contoso", None, first),
        ("contoso", first, second),
    ]


async def test_relinking_drops_the_tokens_for_the_old_environment(world):
    resolver = world.process(shared=False)
    await resolver.resolve("contoso")
    await world.clock.advance(1)
    await resolver.refresh("contoso")
    assert world.tokens.dropped == []
    world.dataverse.answer = details("moved")
    await resolver.refresh("contoso")
    assert world.tokens.dropped == ["https://contoso.operations.dynamics.com/.default"]


async def test_an_untrusted_environment_is_served_with_the_reason(world):
    world.dataverse.answer = details(tenant="99999999-2222-3333-4444-555555555555")
    link = await world.process(shared=False).resolve("contoso")
    assert not link.trusted
    assert "tenant 99999999" in link.distrust


async def test_closing_ends_the_wait_of_callers_with_an_error_and_leaves_no_task(world):
    resolver = world.process(shared=False)
    world.dataverse.gate.clear()
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(resolver.resolve("contoso"))
    await settle()
    assert len(asyncio.all_tasks() - before) == 2
    await resolver.aclose()
    with pytest.raises(Busy, match="shutting down"):
        await waiting
    assert asyncio.all_tasks() == before
