"""The Event Grid target, through the pipeline, to a topic that checks what Event Grid checks."""

import asyncio
import json
from datetime import timedelta

import httpx
import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from emulation.event_grid import Access, Topic
from emulation.event_grid.topic import MEGABYTE, Fault
from emulation.loopback import LoopbackServer
from integration.config.keys.model import EventGridTarget
from integration.delivery import Work, decode_continuation
from integration.delivery.outcome import Buried, Deferred, Delivered
from integration.delivery.shipment import Shipment
from integration.delivery.targets.event_grid import EventGrid
from integration.errors import TargetUnavailable
from integration.events.event import Event
from integration.identity import AppIdentity
from tests.fixtures.bench import LINKED, ORDERS, business_event
from tests.fixtures.dynamics import TENANT, USER_IDENTITY

KEY = "a key of the topic"
HANG = Fault(0)
EVENT = Event(id="e1", source="/s", type="t", organization="contoso", data=msgspec.Raw(b'{"a":1}'))


class Stand:
    """A topic, and targets that publish to it."""

    def __init__(self, http: httpx.AsyncClient, access: Access) -> None:
        self.http = http
        self.topic = Topic(access)
        self.server = LoopbackServer(self.topic)

    def target(self, credential=lambda _: pytest.fail("no identity is configured"), **changes) -> EventGrid:
        endpoint = f"http://127.0.0.1:{self.server.port}/api/events"
        settings = {"name": "grid", "endpoint": endpoint, "key": KEY, "timeout": timedelta(seconds=20), **changes}
        return EventGrid(EventGridTarget(**settings), self.http, credential)


@pytest.fixture
async def stand():
    async with httpx.AsyncClient(trust_env=False) as http:
        stand = Stand(http, Access(keys=("another", KEY)))
        await stand.server.start()
        yield stand
        await stand.server.stop()


@pytest.fixture
def to_grid(bench, stand):
    """A pipeline whose only route leads to the topic."""

    def build(**changes):
        bench.orders = stand.target(**changes)
        bench.targets._targets["orders"] = bench.orders
        bench.build((ORDERS,))
        return bench.pipeline

    return build


async def waiting(bench) -> Work:
    [work] = map(decode_continuation, await bench.continuations())
    assert isinstance(work, Work)
    return work


async def test_the_cloudevents_library_reads_what_the_topic_got(bench, stand, to_grid):
    body = business_event(EventId="A" * 8, note="Grüße ✓")
    assert await to_grid().receive(bench.inbound(body)) == [Delivered("orders", 200, "")]
    [(content_type, sent)] = stand.topic.accepted
    assert content_type.startswith("application/cloudevents-batch+json")
    [element] = json.loads(sent)  # the batch is a JSON array of structured events
    message = HTTPMessage({"content-type": "application/cloudevents+json"}, json.dumps(element).encode())
    event = from_http(message, JSONFormat(), CloudEvent)
    assert (event.get_id(), event.get_type()) == ("A" * 8, "SalesOrderConfirmedBusinessEvent")
    assert event.get_extension("fnourl") == LINKED.url
    assert event.get_data() == json.loads(body)
    assert body in sent  # byte for byte


# aiohttp's advice for bodies above 1 MiB: the dead letter holds such an event.
@pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
async def test_one_oversize_event_does_not_fail_those_that_are_sent_with_it(bench, stand, to_grid):
    """Its message is below our own limit of 1 MiB; as a CloudEvent it is above Event Grid's."""
    notes = {n: "x" * (1_048_300 if n == 2 else 10) for n in (1, 2, 3)}
    bodies = [business_event(EventId=f"{n}" * 8, note=note) for n, note in notes.items()]
    assert len(bodies[1]) < MEGABYTE
    pipeline = to_grid()
    received = await asyncio.gather(*(pipeline.receive(bench.inbound(body)) for body in bodies))
    assert [type(outcome) for [outcome] in received] == [Delivered, Buried, Delivered]
    assert sorted(event["id"] for event in stand.topic.events) == ["1" * 8, "3" * 8]
    [record] = await bench.dead()
    assert (record.reason, record.last.status) == ("TargetRejected", 413)
    assert record.event.id == "2" * 8
    assert record.event.payload["note"] == notes[2]
    assert "RequestEntityTooLarge" in record.last.response


@pytest.mark.parametrize("fault", [Fault(429, 0), Fault(429), Fault(500), Fault(503, 0), HANG])
async def test_a_topic_that_is_busy_down_or_silent_gets_the_event_later(bench, stand, to_grid, fault):
    pipeline = to_grid(timeout=timedelta(seconds=1 if fault is HANG else 20))
    stand.topic.fail(fault)
    [outcome] = await pipeline.receive(bench.inbound(business_event(EventId="C" * 8)))
    assert isinstance(outcome, Deferred)
    assert (outcome.code, stand.topic.events) == ("TargetUnavailable", [])
    to_grid()
    assert await bench.pipeline.resume(await waiting(bench)) == [Delivered("orders", 200, "")]
    assert [event["id"] for event in stand.topic.events] == ["C" * 8]
    assert await bench.dead() == []


async def test_retry_after_is_understood(stand):
    stand.topic.fail(Fault(429, 7))
    with pytest.raises(TargetUnavailable) as caught:
        await stand.target().deliver(Shipment(EVENT, "orders"))
    assert (caught.value.status, caught.value.retry_after) == (429, 7)


async def test_a_wrong_key_is_told_and_deliveries_go_on_once_it_is_mended(bench, stand, to_grid):
    [outcome] = await to_grid(key="wrong").receive(bench.inbound(business_event()))
    assert isinstance(outcome, Deferred)
    work = await waiting(bench)
    assert work.chain.last is not None
    assert (work.chain.last.status, "refused the key" in work.chain.last.message) == (401, True)
    assert "not authorized" in work.chain.last.response
    to_grid()
    assert await bench.pipeline.resume(work) == [Delivered("orders", 200, "")]
    assert stand.topic.requests == 2


async def test_a_topic_that_does_not_exist_is_told_and_waited_for(stand):
    endpoint = f"http://127.0.0.1:{stand.server.port}/api/other"
    with pytest.raises(TargetUnavailable, match="no such topic") as caught:
        await stand.target(endpoint=endpoint).deliver(Shipment(EVENT, "orders"))
    assert caught.value.status == 404


async def test_an_event_that_a_topic_with_another_schema_refuses_is_a_dead_letter(bench, stand, to_grid):
    pipeline = to_grid()
    stand.topic.fail(Fault(400))
    assert await pipeline.receive(bench.inbound(business_event())) == [Buried("orders", "TargetRejected")]
    [record] = await bench.dead()
    assert record.event is not None


async def test_the_managed_identity_publishes_where_it_has_the_role(dynamics, monkeypatch):
    for name, value in dynamics.identity_environ.items():
        monkeypatch.setenv(name, value)
    async with httpx.AsyncClient() as http:
        keys = (await http.get(f"https://login.microsoftonline.com/{TENANT.id}/discovery/v2.0/keys")).json()["keys"]
        issuer = f"https://sts.windows.net/{TENANT.id}/"
        stand = Stand(http, Access(issuer=issuer, signing_keys=tuple(keys), senders=(USER_IDENTITY,)))
        await stand.server.start()
        identities = {name: AppIdentity(name) for name in (USER_IDENTITY, "")}
        good, poor = (stand.target(identities.__getitem__, key="", client_id=name) for name in identities)
        assert (await good.deliver(Shipment(EVENT, "orders"))).status == 200
        with pytest.raises(TargetUnavailable, match="EventGrid Data Sender") as caught:
            await poor.deliver(Shipment(EVENT, "orders"))
        assert caught.value.status == 403
        monkeypatch.setenv("IDENTITY_HEADER", "wrong")
        for identity in identities.values():
            identity._grants.forget(lambda _: True)
        with pytest.raises(TargetUnavailable, match="no token of the managed identity"):
            await good.deliver(Shipment(EVENT, "orders"))
        for identity in identities.values():
            await identity.close()
        await stand.server.stop()
    assert [event["id"] for event in stand.topic.events] == ["e1"]
