"""Rounds without time, lease or storage, and among those who never answer."""

import asyncio
from contextlib import suppress

import pytest

from integration.config.keys.health import Health
from integration.errors import StorageUnavailable
from integration.health import round as round_
from integration.health.check import OK, Answer, Check
from integration.health.round import ASKING_SECONDS
from integration.health.standing import Watched
from integration.storage.names import HEALTH
from tests.fixtures.rounds import LOST, Rig

CONTOSO = Watched("organization", "contoso")


async def test_a_round_without_time_asks_the_others_first_at_the_next_and_calls_nobody():
    rig = Rig("a", "b", "c", settings=Health(concurrency=1))

    async def slow(name):
        await rig.clock.advance(ASKING_SECONDS / 2 + 1)

    rig.before_answer = slow
    report = await rig.run()
    assert (report.asked, report.left, rig.called) == (2, 1, 0)
    await rig.run()
    assert rig.asked == ["a", "b", "c", "a"]
    rig.before_answer = None
    await rig.run()
    assert rig.called == 1


async def test_who_never_answers_is_unreachable_and_keeps_nobody_from_being_heard_of(monkeypatch):
    """A function that runs too long is killed, and nothing of its round is left: so a round ends by itself."""
    monkeypatch.setattr(round_, "ASKED_WITHIN_SECONDS", 0.05)
    rig = Rig("a", "b", settings=Health(failure_threshold=2, success_threshold=1, concurrency=1))
    rig.says("b", link=LOST)

    async def hangs(name):
        if name == "a":
            await asyncio.Event().wait()

    rig.before_answer = hangs
    await rig.rounds(3)
    assert sorted(rig.receivers.said) == [
        ("page", "integration.lost", "b"),
        ("page", "integration.unreachable", "a"),
    ]
    rig.before_answer = None
    await rig.rounds(2)
    assert rig.receivers.said[2:] == [("page", "integration.restored", "a")]


async def test_an_app_that_never_answers_keeps_no_organization_from_being_heard_of(monkeypatch):
    monkeypatch.setattr(round_, "ASKED_WITHIN_SECONDS", 0.05)
    rig = Rig(settings=Health(failure_threshold=1))
    rig.says("contoso", link=LOST)
    rig.app_hangs = True
    report = await rig.run()
    assert rig.receivers.said == [("page", "integration.lost", "contoso")]
    assert any("questions of the app" in said for said in report.failed)
    assert rig.called == 0


async def test_receivers_of_alerts_that_take_their_time_hold_up_no_release_and_get_the_rest_at_the_next_round():
    rig = Rig("a", "b", settings=Health(failure_threshold=1, concurrency=1))
    for name in "ab":
        rig.says(name, link=LOST)

    async def slowly():
        assert ("a", "expire") in rig.released
        await rig.clock.advance(round_.TELLING_SECONDS + 1)

    rig.receivers.before = slowly
    report = await rig.run()
    assert len(rig.receivers.sent) == 1
    assert any("next round" in said for said in report.failed)
    await rig.run()
    assert sorted(rig.receivers.said) == [("page", "integration.lost", "a"), ("page", "integration.lost", "b")]


async def test_a_round_whose_lease_was_lost_judges_and_tells_nothing():
    rig = Rig(settings=Health(failure_threshold=1))
    rig.says("contoso", link=LOST)

    async def another(name):
        await rig.clock.advance(61)
        await rig.round().run()

    taken = []

    async def once(name):
        if not taken:
            taken.append(name)
            await another(name)

    rig.before_answer = once
    with pytest.raises(StorageUnavailable, match="lost"):
        await rig.run()
    assert rig.receivers.said == [("page", "integration.lost", "contoso")]


@pytest.mark.parametrize("away_at", range(1, 25))
async def test_storage_that_goes_away_at_any_request_loses_nothing_and_doubles_nothing(away_at, monkeypatch):
    """The account is away from some request on for the rest of a round, in which the link is lost."""
    rig = Rig(settings=Health(failure_threshold=1, success_threshold=1))
    await rig.rounds(1)
    rig.says("contoso", link=LOST)
    requests = 0
    table = await rig.storage.table(HEALTH)

    def failing(call):
        async def asked(*args, **kwargs):
            nonlocal requests
            requests += 1
            if requests >= away_at:
                raise StorageUnavailable
            return await call(*args, **kwargs)

        return asked

    with monkeypatch.context() as patch:
        for name in ("get", "insert", "replace", "page", "batch", "put", "remove"):
            patch.setattr(type(table), name, _bound(failing, getattr(type(table), name)))
        with suppress(StorageUnavailable):
            await rig.run()
    await rig.rounds(3)
    ids = [event.id for _, event in rig.receivers.sent]
    assert set(ids) == {ids[0]}
    assert len(ids) <= 2, "only who could not write that it was sent may send it again"
    rig.says("contoso")
    await rig.rounds(2)
    assert [kind for _, kind, _ in rig.receivers.said[len(ids) :]] == ["integration.restored"]


def _bound(failing, method):
    asked = failing(method)

    async def call(self, *args, **kwargs):
        return await asked(self, *args, **kwargs)

    return call


async def test_a_row_that_cannot_be_read_is_begun_anew_and_what_is_wrong_told():
    rig = Rig(settings=Health(failure_threshold=1))
    rig.says("contoso", link=LOST)
    await rig.rounds(1)
    table = await rig.storage.table(HEALTH)
    [row] = [row async for row in table.select() if row.partition == "organization"]
    await table.replace({**row.entity, "watch0": "\x01"}, row.etag)
    await rig.rounds(2)
    assert [kind for _, kind, _ in rig.receivers.said] == ["integration.lost"] * 2


async def test_storage_that_is_partly_away_is_told():
    rig = Rig(settings=Health(failure_threshold=1, success_threshold=1))
    rig.app[Check("storage", "app")] = Answer(health="bad", code="StorageUnavailable", message="queues: no answer")
    await rig.rounds(2)
    rig.app[Check("storage", "app")] = OK
    await rig.rounds(1)
    assert rig.receivers.said == [("page", "storage.unreachable", "app"), ("page", "storage.restored", "app")]
