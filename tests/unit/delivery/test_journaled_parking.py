"""Parked deliveries under the journal, on Azurite: released once, and not kept parked for ever."""

from datetime import timedelta

import pytest

from integration.delivery import Release
from integration.delivery.outcome import Buried, Delivered, Held
from integration.journal import Listing, Wanted
from integration.journal.scope import ByRoute
from integration.storage.names import DEAD_LETTERS, PARKED
from tests.fixtures.bench import AT, LINKED, NOT_LINKED
from tests.fixtures.journaled import BODY, DUPLICATE, STALE, journaled, row
from tests.fixtures.letters import Killed


@pytest.fixture
def bench(bench):
    return journaled(bench)


async def test_a_parked_event_is_a_duplicate_until_it_is_released_once(bench):
    bench.links.answer = NOT_LINKED
    await bench.pipeline.receive(bench.inbound(BODY))
    assert (await row(bench)).state == "parked"
    assert await bench.pipeline.receive(bench.inbound(BODY)) == DUPLICATE
    bench.links.answer = LINKED
    parked = await bench.records(PARKED)
    assert await bench.releases.run(Release(organization="contoso")) == [Delivered("orders", 200, "ok")]
    assert (await row(bench)).state == "done"
    # The run was killed before it deleted the blob: the next release finds the delivery made.
    for record in parked.values():
        await bench.dead_letters.park(record)
    assert await bench.releases.run(Release(organization="contoso")) == STALE
    assert await bench.parked() == []
    assert len(bench.orders.shipments) == 1


async def test_a_release_leaves_what_another_run_holds_where_it_is(bench):
    bench.links.answer = NOT_LINKED
    await bench.pipeline.receive(bench.inbound(BODY))
    bench.links.answer = LINKED
    kept = await row(bench)
    await bench.journal.claim(kept.subject, "replay", accepted_at=AT, scope=ByRoute("orders"))
    assert await bench.releases.run(Release(organization="contoso")) == [Held("orders")]
    assert len(await bench.parked()) == 1
    bench.clock.seconds = 151
    assert await bench.releases.run(Release(organization="contoso")) == [Delivered("orders", 200, "ok")]


FOR_TOO_LONG = timedelta(days=14, seconds=1).total_seconds()


async def test_what_is_parked_too_long_is_a_dead_letter_in_its_row_too_and_a_resend_reopens_it(bench, monkeypatch):
    bench.links.answer = NOT_LINKED
    await bench.pipeline.receive(bench.inbound(BODY))
    bench.clock.seconds = FOR_TOO_LONG
    steps = []
    for owner, name in ((bench.dead_letters, "bury"), (bench.journal, "end"), (bench.dead_letters, "unpark")):
        real = getattr(owner, name)

        async def noted(*args, real=real, name=name, **options):
            steps.append(name)
            return await real(*args, **options)

        monkeypatch.setattr(owner, name, noted)
    assert await bench.releases.expire("contoso") == [Buried("orders", "ParkedTooLong")]
    assert steps == ["bury", "end", "unpark"]
    kept = await row(bench)
    assert len((await Listing(bench.storage, bench.clock).page(Wanted(), 10))[0]) == 1  # no second row of it
    entry = kept.entry(ByRoute("orders"))
    assert (kept.state, entry.state, entry.code) == ("dead_lettered", "dead_lettered", "ParkedTooLong")
    assert list(await bench.records(DEAD_LETTERS)) == [entry.letter]
    (letter,) = await bench.dead()
    assert (letter.message, letter.target) == (
        "parked as NotLinked for longer than park_for: Dataverse instance isn't integrated",
        "orders",
    )
    assert await bench.parked() == []
    bench.links.answer = LINKED
    assert await bench.pipeline.receive(bench.inbound(BODY)) == [Delivered("orders", 200, "ok")]
    assert ((await row(bench)).state, await bench.dead()) == ("done", [])


@pytest.mark.parametrize("lost", ["unpark", "end"])
async def test_an_expiry_that_is_killed_between_two_effects_is_made_to_its_end_by_the_next(bench, monkeypatch, lost):
    bench.links.answer = NOT_LINKED
    await bench.pipeline.receive(bench.inbound(BODY))
    bench.clock.seconds = FOR_TOO_LONG

    async def killed(*args, **options):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(bench.journal if lost == "end" else bench.dead_letters, lost, killed)
        with pytest.raises(Killed):
            await bench.releases.expire("contoso")
    assert (len(await bench.parked()), len(await bench.dead())) == (1, 1)
    bench.clock.seconds += 151  # the dead run's lease is over
    await bench.releases.expire("contoso")
    assert (len(await bench.parked()), len(await bench.dead())) == (0, 1)
    assert (await row(bench)).state == "dead_lettered"


async def test_what_another_run_holds_or_was_delivered_meanwhile_does_not_expire(bench):
    bench.links.answer = NOT_LINKED
    await bench.pipeline.receive(bench.inbound(BODY))
    parked = await bench.records(PARKED)
    bench.clock.seconds = FOR_TOO_LONG
    await bench.journal.claim((await row(bench)).subject, "replay", accepted_at=AT, scope=ByRoute("orders"))
    assert await bench.releases.expire("contoso") == [Held("orders")]
    assert (len(await bench.parked()), await bench.dead()) == (1, [])
    bench.clock.seconds += 151
    bench.links.answer = LINKED
    assert await bench.releases.run(Release(organization="contoso")) == [Delivered("orders", 200, "ok")]
    for record in parked.values():
        await bench.dead_letters.park(record)
    assert await bench.releases.expire("contoso") == STALE
    assert (await bench.parked(), await bench.dead()) == ([], [])
