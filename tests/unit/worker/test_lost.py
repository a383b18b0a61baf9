"""A message that ends as a dead letter ends its events' journal rows, too."""

import pytest

from integration.delivery import Envelope
from integration.delivery.queued.work import Work, encode_continuation
from integration.errors import StorageUnavailable
from integration.events.decode import decode
from integration.journal.scope import Recheck
from integration.storage.names import EVENTS, RETRIES
from integration.worker.lost import Message
from tests.fixtures.journaled import event_rows
from tests.unit.worker.test_net import AT, BODY, World


def envelope():
    return Envelope(source="erp", received_at=AT, body=BODY).encode()


def event_of(world):
    return decode(world.arrivals.inbound(Message(source="erp", body=BODY, received_at=AT))).events[0]


def rows(world):
    return [row.entity for _, _, row in event_rows(world.storage)]


def begun(world, monkeypatch):
    """Let the process die in the middle of a run."""

    class Crash(BaseException):
        pass

    async def dies(*args):
        raise Crash

    monkeypatch.setattr(world.pipeline._spreading, "all_routes", dies)
    return Crash


@pytest.mark.parametrize("queue", [EVENTS, "erp"])
async def test_a_row_whose_run_died_is_ended_by_the_poison_function_once_the_lease_is_over(queue, monkeypatch):
    world = World()
    with pytest.raises(begun(world, monkeypatch)):
        await world.take_envelope(envelope())
    message = envelope() if queue == EVENTS else BODY
    with pytest.raises(StorageUnavailable):  # the run may be alive: the message comes again
        await world.take_poison(queue, message)
    assert [row["state"] for row in rows(world)] == ["received"]
    world._clock.seconds += 200
    await world.take_poison(queue, message)
    [row] = rows(world)
    letters = world.letters()
    assert row["state"] == "dead_lettered"
    assert {letter.reason for letter in letters} == {"Poison"}
    assert '"code":"Poison"' in row["deliveries"]


async def test_an_event_that_was_delivered_stays_delivered(monkeypatch):
    world = World()
    await world.take_envelope(envelope())
    await world.take_poison(EVENTS, envelope())
    assert [row["state"] for row in rows(world)] == ["done"]


async def test_an_event_that_was_never_begun_has_a_row_that_says_where_it_is():
    world = World()
    await world.take_poison(EVENTS, envelope())
    [row] = rows(world)
    assert row["state"] == "dead_lettered"


async def test_a_re_check_that_is_poison_ends_the_row(monkeypatch):
    world = World()
    with pytest.raises(begun(world, monkeypatch)):
        await world.take_envelope(envelope())
    world._clock.seconds += 200
    recheck = Work(scope=Recheck("word"), accepted_at=AT, event=event_of(world))
    await world.take_poison(RETRIES, encode_continuation(recheck))
    assert [row["state"] for row in rows(world)] == ["dead_lettered"]


async def test_a_resend_of_what_was_poison_is_delivered():
    world = World()
    await world.take_poison(EVENTS, envelope())
    await world.take("erp", BODY, received_at=AT)
    assert [row["state"] for row in rows(world)] == ["done"]
    assert world.delivered() == {"hook", "queue"}


async def test_a_target_that_cannot_be_built_is_unavailable_and_goes_on_once_it_can(monkeypatch):
    world = World()

    def fails():
        raise ValueError("the certificate is unreadable")

    monkeypatch.setattr(world.targets, "_http", fails)
    await world.take("erp", BODY, received_at=AT)
    [row] = rows(world)
    assert row["state"] == "deferred"
    assert '"code":"TargetUnavailable"' in row["deliveries"]
    monkeypatch.undo()
    await world.rest()
    assert world.delivered() == {"hook", "queue"}


async def test_a_message_of_a_source_that_is_gone_keeps_what_came_with_it():
    world = World()
    await world.take(
        "gone", b"{}", received_at=AT, content_type="text/plain", headers={"ce-id": "1"}, properties={"a": 1}
    )
    [letter] = world.letters()
    assert (letter.reason, letter.content_type, letter.headers, letter.properties) == (
        "UnknownSource",
        "text/plain",
        {"ce-id": "1"},
        {"a": 1},
    )
    assert letter.accepted_at == AT
