"""One rotten record stops nothing: it is buried, or set aside, and the work goes on."""

import json

import msgspec
import pytest

from integration.dead_letters import Filter, Record, path_of
from integration.delivery import Envelope, JobOrder, Work
from integration.delivery.queued.claim_checks import intake_path
from integration.delivery.queued.work import encode_continuation
from integration.journal.scope import ByRoute
from integration.storage.names import DEAD_LETTERS, DUE, EVENTS, JOBS, PARKED, PAYLOADS, RETRIES
from integration.web import Request
from integration.worker.lost import Message
from tests.fixtures.journaled import event_rows
from tests.unit.worker.test_lost import event_of
from tests.unit.worker.test_net import AT, BODY, RELEASE, World, unlinked

ROT = [b"\xff", b"", b"{", b"[" * 100_000, b'{"v":2}', b'{"v":1}', b"null"]
DEEP = "[" * 100_000


def swapped(blobs, path, rotten):
    blobs.blobs[path] = msgspec.structs.replace(blobs.blobs[path], body=rotten)


async def letters(world, count):
    for number in range(count):
        await world.lost.bury(Message(source="erp", body=str(number).encode(), received_at=AT), ValueErrorLike())


class ValueErrorLike(Exception):
    code, hint = "Undecodable", ""


@pytest.mark.parametrize("rot", ROT, ids=lambda rot: repr(rot[:8]))
async def test_a_rotten_dead_letter_is_listed_shown_and_purged_and_the_others_are_replayed(rot):
    world = World()
    await letters(world, 3)
    blobs = world.storage.blobs(DEAD_LETTERS)
    first = min(blobs.blobs)
    swapped(blobs, first, rot)
    for limit in ("1", "2", "200"):
        answer = await world.dead_letter_pages.list(Request(query={"limit": limit}))
        assert answer.status == 200
    listed = json.loads(answer.body)["deadLetters"]
    assert [each.get("unreadable", False) for each in listed] == [True, False, False]
    assert (await world.dead_letter_pages.show(listed[0]["id"])).status == 200
    job = await world.replays.ask("replay", Filter())
    done = await world.replays.run(job.id)
    assert (done.state, done.counts["kept"]) == ("done", 1)
    job = await world.replays.ask("purge", Filter())
    done = await world.replays.run(job.id)
    assert done.state == "done"
    assert first not in blobs.blobs


@pytest.mark.parametrize("rot", ROT, ids=lambda rot: repr(rot[:8]))
@pytest.mark.parametrize("queue", [EVENTS, RETRIES])
async def test_a_bad_message_on_a_queue_of_ours_is_buried_at_the_first_look(queue, rot):
    world = World()
    await (world.take_envelope if queue == EVENTS else world.take_continuation)(rot)
    [letter] = world.letters()
    assert (letter.reason, letter.body, letter.source) == ("CorruptRecord", rot, queue)
    await world.take_poison(queue, rot)  # and the poison function does not fail on it either
    assert {letter.reason for letter in world.letters()} == {"CorruptRecord", "Poison"}


@pytest.mark.parametrize("rot", ROT[:1] + ROT[2:], ids=lambda rot: repr(rot[:8]))
async def test_a_rotten_claim_check_ends_its_delivery(rot):
    world = World()
    path = "payloads/deliveries/2026/01/02/x.json"
    await world.storage.blobs(PAYLOADS).put(path, rot)
    await world.take_continuation(encode_continuation(Work(scope=ByRoute("hook"), accepted_at=AT, payload=path)))
    assert [letter.reason for letter in world.letters()] == ["CorruptRecord"]


async def test_the_body_of_an_envelope_is_whatever_its_sender_sent():
    world = World()
    await world.storage.blobs(PAYLOADS).put("payloads/intake/x", b"\xff")
    await world.take_envelope(Envelope(source="erp", received_at=AT, payload="payloads/intake/x").encode())
    assert [letter.reason for letter in world.letters()] == ["Undecodable"]


async def test_a_body_that_is_no_more_what_was_accepted_is_not_delivered_as_if_it_were():
    world = World()
    path = intake_path(BODY, AT)
    await world.storage.blobs(PAYLOADS).put(path, BODY)
    await world.take_envelope(Envelope(source="erp", received_at=AT, payload=path).encode())
    assert (world.letters(), world.received) == ([], ["hook"])
    await world.storage.blobs(PAYLOADS).put(path, BODY.replace(b"1", b"2", 1))  # as well-formed as before
    envelope = Envelope(source="erp", received_at=AT, payload=path).encode()
    await world.take_envelope(envelope)
    [letter] = world.letters()
    assert (letter.reason, letter.body, path in letter.message) == ("CorruptRecord", envelope, True)
    assert world.received == ["hook"]


@pytest.mark.parametrize("rot", ROT, ids=lambda rot: repr(rot[:8]))
async def test_a_rotten_parked_delivery_is_a_dead_letter_and_the_others_are_released(rot):
    world = World()
    await unlinked(world)
    blobs = world.storage.blobs(PARKED)
    [path] = list(blobs.blobs)
    other = path.replace("2026/01/02", "2026/01/01")
    blobs.blobs[other] = msgspec.structs.replace(blobs.blobs[path], body=rot)
    assert (await world.parked_pages.list(Request())).status == 200
    world.link = await World().resolve("contoso")
    await world.take_continuation(RELEASE)
    assert world.parked() == []
    assert "hook" in world.delivered()
    assert [letter.reason for letter in world.letters()] == ["CorruptRecord"]


async def test_a_rotten_parked_delivery_that_was_buried_and_not_removed_leaves_one_dead_letter():
    world = World()
    await unlinked(world)
    blobs = world.storage.blobs(PARKED)
    [path] = list(blobs.blobs)
    there = msgspec.structs.replace(blobs.blobs[path], body=b"\xff")
    world.link = await World().resolve("contoso")

    async def give():
        blobs.blobs[path] = there
        await world.take_continuation(RELEASE)

    assert await given_again(world, give) == 1
    assert path_of(world.letters()[0]).split("/", 2)[2][:23] == path.split("/", 2)[2][:23]


@pytest.mark.parametrize("change", [{"cursor": "x"}, {"ids": ["x"]}, {"v": 2}, {"filter": DEEP}, {"kind": "burn"}])
async def test_the_order_of_a_rotten_job_is_buried(change):
    world = World()
    job = await world.replays.ask("purge", Filter())
    blobs = world.storage.blobs(JOBS)
    path = f"jobs/{job.id}.json"
    swapped(blobs, path, json.dumps({**json.loads(blobs.blobs[path].body), **change}).encode())
    await world.take_continuation(encode_continuation(JobOrder(job=job.id)))
    assert [letter.reason for letter in world.letters()] == ["CorruptRecord"]


async def given_again(world, give, seconds=7):
    """Give what its giver believes to be unfinished: the process died after the dead letter, or the lease ran out."""
    for _ in range(2):
        await give()
        world._clock.seconds += seconds
    return len(world.letters())


@pytest.mark.parametrize("queue", [EVENTS, RETRIES])
@pytest.mark.parametrize("way", ["first look", "poison"])
async def test_a_bad_message_that_comes_again_leaves_one_dead_letter(queue, way):
    world = World()
    take = world.take_envelope if queue == EVENTS else world.take_continuation

    async def give():
        await (take(ROT[0], queued_at=AT) if way == "first look" else world.take_poison(queue, ROT[0], received_at=AT))

    assert await given_again(world, give) == 1
    [letter] = world.letters()
    assert letter.accepted_at == AT


async def test_two_bad_messages_alike_are_two_dead_letters():
    world = World()
    await world.take_envelope(ROT[0], queued_at=AT)
    await world.take_envelope(ROT[0], queued_at=AT.replace(second=6))
    assert len(world.letters()) == 2


async def test_all_orders_of_a_rotten_job_leave_one_dead_letter():
    world = World()
    job = await world.replays.ask("purge", Filter())
    swapped(world.storage.blobs(JOBS), f"jobs/{job.id}.json", b"\xff")
    [order] = world.waiting()
    put = iter([AT.replace(second=6), AT.replace(second=8)])  # two messages: the first one's answer was lost

    assert await given_again(world, lambda: world.take_continuation(order, queued_at=next(put))) == 1
    [letter] = world.letters()
    assert letter.accepted_at == job.requested_at


@pytest.mark.parametrize("queue", [EVENTS, RETRIES])
async def test_copies_of_a_message_whose_claim_check_is_rotten_leave_one_dead_letter(queue):
    world = World()
    path = intake_path(BODY, AT) if queue == EVENTS else "payloads/deliveries/2026/01/02/x.json"
    await world.storage.blobs(PAYLOADS).put(path, b"\xff")
    work = Work(scope=ByRoute("hook"), accepted_at=AT, payload=path)
    own = (
        Envelope(source="erp", received_at=AT, payload=path).encode() if queue == EVENTS else encode_continuation(work)
    )
    take, put = world.take_envelope if queue == EVENTS else world.take_continuation, iter([AT.replace(second=9), None])
    assert await given_again(world, lambda: take(own, queued_at=next(put))) == 1
    assert world.letters()[0].accepted_at == AT


@pytest.mark.parametrize("change", [{"v": 2}, {"message": "text"}])
async def test_a_rotten_due_row_that_was_buried_and_not_removed_leaves_one_dead_letter(change):
    world = World()
    table = world.storage.table_now(DUE)
    row = {"v": 1, "at": AT, "message": b"no work"}

    async def give():
        await table.insert({"PartitionKey": "2026010203", "RowKey": "20260102030405000000-a", **row, **change})
        await world.move_due()

    assert await given_again(world, give) == 1


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"message": "text"}, {"message": None}, {"at": "soon"}, {"message": b"x" * 60_000}],
    ids=lambda change: str(list(change)),
)
async def test_a_rotten_due_row_is_a_dead_letter_and_the_others_are_moved(change):
    world = World()
    table = world.storage.table_now(DUE)
    good = encode_continuation(Work(scope=ByRoute("hook"), accepted_at=AT, event=event_of(world)))
    row = {"v": 1, "at": AT, "message": good}
    await table.insert({"PartitionKey": "2026010203", "RowKey": "20260102030405000000-a", **row, **change})
    await table.insert({"PartitionKey": "2026010203", "RowKey": "20260102030405000000-b", **row})
    await world.move_due()
    assert table.rows == {}
    assert world.waiting() == [good]
    assert [letter.reason for letter in world.letters()] == ["CorruptRecord"]


async def test_a_due_row_that_the_queue_does_not_take_is_a_dead_letter_and_the_others_are_moved(monkeypatch):
    world = World()
    table = world.storage.table_now(DUE)
    row = {"v": 1, "at": AT, "message": b"refused"}
    await table.insert({"PartitionKey": "2026010203", "RowKey": "20260102030405000000-a", **row})
    await table.insert({"PartitionKey": "2026010203", "RowKey": "20260102030405000000-b", **row, "message": b"ok"})
    queue = world.storage.queue(RETRIES)
    put = queue.put

    async def choosy(body, *, delay=None):
        if body == b"refused":
            raise ValueError("413")
        await put(body, delay=delay)

    monkeypatch.setattr(queue, "put", choosy)
    await world.move_due()
    assert (table.rows, world.waiting()) == ({}, [b"ok"])
    assert [letter.body for letter in world.letters()] == [b"refused"]


@pytest.mark.parametrize("change", [{"deliveries": "\ud800"}, {"deliveries": DEEP}, {"v": 2}, {"generation": "x"}])
async def test_a_rotten_journal_row_is_buried_and_the_event_is_delivered(change):
    world = World()
    await world.take("erp", BODY, received_at=AT)
    [(table, key, row)] = event_rows(world.storage)
    table.rows[key] = msgspec.structs.replace(row, entity=row.entity | change)
    world.received.clear()
    await world.take("erp", BODY, received_at=AT)
    assert world.received == ["hook"]
    assert [letter.reason for letter in world.letters()] == ["CorruptRecord"]


async def test_a_rotten_journal_row_of_a_message_that_is_given_up_is_buried_too():
    world = World()
    await world.take("erp", BODY, received_at=AT)
    [(table, key, row)] = event_rows(world.storage)
    table.rows[key] = msgspec.structs.replace(row, entity=row.entity | {"deliveries": DEEP})
    await world.take_poison("erp", BODY)
    told = {letter.reason: letter.message for letter in world.letters()}
    assert set(told) == {"CorruptRecord", "Poison"}
    assert f"the journal row of {row.key} could not be read" in told["CorruptRecord"]


def test_what_is_buried_can_be_written_whatever_it_holds():
    body = bytes(range(256))
    record = Record(organization="o", reason="Poison", message="m\ufffd", accepted_at=AT, recorded_at=AT, body=body)
    assert Record.decode(record.encode()) == record
