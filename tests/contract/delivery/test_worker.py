"""The worker's queue messages on real storage: claim-checks, records that cannot be read, poison."""

import json
from datetime import UTC, datetime

import pytest

from integration.config.keys.model import Configuration, HttpSource, Organization, StorageQueueTarget
from integration.dead_letters import Record
from integration.delivery import Envelope, Release, Work
from integration.delivery.queued.chain import Chain
from integration.delivery.queued.work import encode_continuation
from integration.events.decode import decode
from integration.events.inbound import Inbound
from integration.journal.scope import ByRoute
from integration.routing.table import RouteTable
from integration.storage.names import DEAD_LETTERS, EVENTS, PAYLOADS, RETRIES
from integration.worker import Worker

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BODY = json.dumps({"BusinessEventId": "X", "EventId": "5B7A6E4B-0000-4000-8000-000000000001"}).encode()


@pytest.fixture
async def worker(azurite):
    configuration = Configuration(
        organizations={
            "contoso": Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
        },
        sources={"erp": HttpSource(name="erp", organization="contoso")},
        routes=(),
        targets={"orders": StorageQueueTarget(name="orders", queue="orders")},
    )
    worker = Worker(configuration, RouteTable.compile(()), {"AzureWebJobsStorage": azurite.spare_account()})
    yield worker
    await worker.close()


async def only_letter(worker) -> Record:
    blobs = worker.storage.blobs(DEAD_LETTERS)
    (path,) = [blob.path async for blob in blobs.list("")]
    return Record.decode(await blobs.get(path))


def envelope(**changes: object) -> bytes:
    return Envelope(**{"source": "erp", "received_at": AT, "body": BODY, **changes}).encode()


def event():
    inbound = Inbound(
        body=BODY,
        ingress="erp",
        organization="contoso",
        organization_url="https://contoso.crm.dynamics.com",
        received_at=AT,
    )
    return decode(inbound).events[0]


async def test_a_claim_check_is_read_and_deleted_once_its_message_is_done(worker):
    await worker.storage.blobs(PAYLOADS).put("payloads/intake/x", BODY)
    await worker.take_envelope(envelope(body=None, payload="payloads/intake/x"))
    letter = await only_letter(worker)
    assert (letter.reason, letter.event.id) == ("Unrouted", "5B7A6E4B-0000-4000-8000-000000000001")
    assert await worker.storage.blobs(PAYLOADS).get("payloads/intake/x") == b""


async def test_an_envelope_that_comes_again_after_it_was_done_is_neither_processed_nor_a_dead_letter(worker):
    await worker.storage.blobs(PAYLOADS).put("payloads/intake/x", BODY)
    message = envelope(body=None, payload="payloads/intake/x")
    await worker.take_envelope(message)
    letter = await only_letter(worker)
    await worker.take_envelope(message)
    await worker.take_poison(EVENTS, message)
    assert await only_letter(worker) == letter


async def test_a_delivery_that_comes_again_as_poison_after_it_was_done_is_no_dead_letter(worker):
    await worker.storage.blobs(PAYLOADS).put("payloads/deliveries/x", b"")
    message = encode_continuation(Work(scope=ByRoute("r"), accepted_at=AT, payload="payloads/deliveries/x"))
    await worker.take_continuation(message)
    await worker.take_poison(RETRIES, message)
    assert [path async for path in worker.storage.blobs(DEAD_LETTERS).names("")] == []


async def test_the_daily_timer_drops_old_tables_of_the_journal_and_old_claim_checks(worker):
    await (await worker.storage.table("fnolinkjournal2020w01")).put({"PartitionKey": "p", "RowKey": "r"})
    await worker.storage.blobs(PAYLOADS).put("payloads/intake/2020/01/01/x", BODY)
    await worker.retain()
    assert [name async for name in worker.journal.tables()] == []
    assert await worker.storage.blobs(PAYLOADS).get("payloads/intake/2020/01/01/x") is None


async def test_an_envelope_whose_claim_check_is_gone_is_a_dead_letter(worker):
    await worker.take_envelope(envelope(body=None, payload="payloads/intake/none"))
    letter = await only_letter(worker)
    assert letter.reason == "CorruptRecord"
    assert "gone" in letter.message


async def test_an_envelope_of_a_source_that_is_no_longer_configured_is_a_dead_letter_with_its_body(worker):
    await worker.take_envelope(envelope(source="was-here"))
    letter = await only_letter(worker)
    assert (letter.reason, letter.body, letter.source) == ("UnknownSource", BODY, "was-here")


async def test_the_dead_letter_of_a_poison_envelope_holds_the_body_of_its_claim_check(worker):
    await worker.storage.blobs(PAYLOADS).put("payloads/intake/x", BODY)
    await worker.take_poison(EVENTS, envelope(body=None, payload="payloads/intake/x", content_type="a/b"))
    letter = await only_letter(worker)
    assert (letter.reason, letter.body, letter.source, letter.organization) == ("Poison", BODY, "erp", "contoso")
    assert (letter.accepted_at, letter.content_type) == (AT, "a/b")


async def test_the_dead_letter_of_a_poison_delivery_holds_its_event_and_route(worker):
    work = Work(scope=ByRoute("r"), accepted_at=AT, event=event(), chain=Chain(attempt=2))
    await worker.take_poison(RETRIES, encode_continuation(work))
    letter = await only_letter(worker)
    assert (letter.reason, letter.event, letter.route, letter.attempts) == ("Poison", event(), "r", 2)
    assert (letter.body, letter.accepted_at) == (None, AT)


@pytest.mark.parametrize(
    ("queue", "message"),
    [
        (EVENTS, b"\xff no envelope"),
        (EVENTS, envelope(body=None, payload="payloads/intake/none")),
        (RETRIES, encode_continuation(Work(scope=ByRoute("r"), accepted_at=AT, payload="payloads/aa/none"))),
        (RETRIES, encode_continuation(Release(organization="contoso"))),
        ("erp", b"anything"),
    ],
)
async def test_a_poison_message_with_nothing_inside_is_kept_as_it_is(worker, queue, message):
    await worker.take_poison(queue, message)
    letter = await only_letter(worker)
    assert (letter.reason, letter.body, letter.source) == ("Poison", message, queue)


@pytest.mark.parametrize("message", [b"", b"null", b"[" * 5000, b'{"kind":"delivery"}', b'{"kind":"release","v":9}'])
async def test_a_retry_message_that_cannot_be_read_is_a_dead_letter(worker, message):
    await worker.take_continuation(message)
    letter = await only_letter(worker)
    assert (letter.reason, letter.body) == ("CorruptRecord", message)
