"""A round that does not come to its end says so once, loses nothing, and leaves the dead man's URL alone."""

from contextlib import suppress

import pytest

from integration.config.keys.health import Health
from integration.errors import StorageUnavailable
from integration.health import judging
from tests.fixtures.rounds import LOST, Rig


async def test_a_round_that_could_not_write_does_not_call_the_dead_man(monkeypatch, caplog):
    rig = Rig("a", "b", "c", "d", settings=Health(concurrency=1))
    await rig.rounds(1)
    assert rig.called == 1
    tried = []

    async def away(*_, **__):
        tried.append(1)
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(rig.standings, "save", away)
        with pytest.raises(StorageUnavailable):
            await rig.run()
    # Each row would be waited for as long as the account is: the first says enough.
    assert (rig.called, len(tried)) == (1, 1)
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    await rig.rounds(1)
    assert rig.called == 2


async def test_an_incident_that_ended_is_kept_though_who_ended_it_died_at_that_moment(monkeypatch):
    rig = Rig(settings=Health(failure_threshold=1, success_threshold=1))
    rig.says("contoso", link=LOST)
    await rig.rounds(1)
    rig.says("contoso")

    async def dies(*_, **__):
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(rig.incidents, "note", dies)
        with suppress(StorageUnavailable):
            await rig.run()
    await rig.rounds(2)
    assert [each.incident.told for each in await rig.incidents.ended()] == [("page",)]
    assert [kind for _, kind, _ in rig.receivers.said] == ["integration.lost", "integration.restored"]


async def test_when_storage_goes_away_while_it_is_told_nobody_else_waits_for_it(monkeypatch, caplog):
    rig = Rig("a", "b", "c", "d", settings=Health(failure_threshold=1, concurrency=1))
    for name in "abcd":
        rig.says(name, link=LOST)
    tried = []

    async def away(*_, **__):
        tried.append(1)
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr("integration.health.notices.Notices.send", away)
        report = await rig.run()
    assert (len(tried), len(report.failed), rig.called) == (1, 1, 0)
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    await rig.rounds(1)
    assert sorted(subject for _, _, subject in rig.receivers.said) == ["a", "b", "c", "d"]


async def test_what_is_wrong_with_one_keeps_no_other_from_being_judged(monkeypatch):
    rig = Rig("a", "b", settings=Health(failure_threshold=1))
    rig.says("a", link=LOST)
    rig.says("b", link=LOST)
    judged = judging.judged

    def fails(standing, by):
        if by.watched.name == "a":
            raise ZeroDivisionError
        return judged(standing, by)

    monkeypatch.setattr(judging, "judged", fails)
    report = await rig.run()
    assert rig.receivers.said == [("page", "integration.lost", "b")]
    assert [said.partition(":")[0] for said in report.failed] == ["a could not be judged"]
    assert (rig.called, ("b", "expire") in rig.released) == (0, True)
