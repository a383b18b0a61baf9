"""The forms of the status page on real storage: each does what the HTTP API does, twice as well as once."""

import logging
import random
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import msgspec
import pytest
from azure.storage.queue import BinaryBase64DecodePolicy
from azure.storage.queue.aio import QueueClient

from integration.config.keys.health import Thresholds
from integration.config.keys.model import Configuration, HttpSource, Organization, StatusPage
from integration.dead_letters import Record
from integration.dead_letters.places import Place
from integration.dead_letters.reasons import NOT_LINKED
from integration.delivery.queued.work import JobOrder, decode_continuation
from integration.delivery.resuming.parked import Release
from integration.errors import StorageUnavailable
from integration.events.event import Event
from integration.health.check import Answer
from integration.health.machine import Circumstances, State, advance
from integration.health.standing import Watched
from integration.routing.table import RouteTable
from integration.storage.names import RETRIES
from integration.web.message import Request, Response
from integration.web.status.html import page
from integration.web.status.operator import OperatorPages
from integration.worker import Worker
from tests.contract.web.test_nasty_requests import TEXTS
from tests.forms import Forms, posted
from tests.status_sample import troubled

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "the key of status_operator"
LOST = Answer(health="bad", code="0x80048d0b", message="not integrated", hint="look at it")


class Desk:
    """An operator at the page.

    Args:
        worker: Runs on a real storage account.
        account: Its connection string.
        actions: Whether forms are switched on.
    """

    def __init__(self, worker: Worker, account: str, *, actions: bool = True) -> None:
        self.worker = worker
        self.account = account
        self.status = troubled()
        settings = StatusPage(actions=actions)
        self.pages = OperatorPages(
            settings=settings, show=self._show, actions=worker.status_actions, clock=worker._clock
        )

    async def _show(self, request, forms) -> Response:
        return Response(status=200, body=page(self.status, forms=forms))

    async def open(self, query=None) -> Forms:
        return Forms((await self.pages.show(Request(query={"code": KEY} | (query or {})))).body)

    async def send(self, fields, **given) -> Response:
        return await self.pages.act(posted(fields, query={"code": KEY}, **given))

    async def said(self, answer: Response) -> str:
        """Follow a redirect, and read what the page says."""
        assert answer.status == 303, answer.body
        query = dict(pair.split("=") for pair in answer.headers["Location"].strip("?").partition("#")[0].split("&"))
        shown = (await self.pages.show(Request(query={"code": KEY, "done": query["done"]}))).body.decode()
        return shown.split('id="done"')[1].split("</p>")[0].split("</span> ")[1]

    async def outage(self, name="fabrikam") -> str:
        """Let the watch see that a link is lost; return the incident's id, with the page showing it."""
        watched = Watched("organization", name)

        def take(standing):
            after = advance(
                standing.states.get("integration", State()),
                LOST,
                self.worker._clock.now(),
                Thresholds(failure_threshold=1, success_threshold=1),
                Circumstances(),
                kind="integration",
                subject=name,
            )
            return standing.with_state("integration", after)

        incident = (await self.worker.standings.change(watched, take)).standing.states["integration"].incident
        shown = msgspec.structs.replace(troubled().open_incidents[0], id=incident.id, acknowledged_by="")
        self.status = msgspec.structs.replace(self.status, open_incidents=(shown,))
        return incident.id

    async def incident(self, id_):
        return await self.worker.incident_operations.show(id_)

    async def ordered(self):
        policy = BinaryBase64DecodePolicy()
        async with QueueClient.from_connection_string(self.account, RETRIES, message_decode_policy=policy) as queue:
            return [decode_continuation(each.content) async for each in queue.receive_messages()]


@pytest.fixture
def account(azurite) -> str:
    return azurite.spare_account()


@pytest.fixture
async def worker(account):
    fabrikam = Organization(name="fabrikam", url="https://fabrikam.crm.dynamics.com", tenant="fabrikam.com")
    configuration = Configuration(
        organizations={"fabrikam": fabrikam},
        sources={"erp": HttpSource(name="erp", organization="fabrikam")},
        routes=(),
        targets={},
    )
    worker = Worker(configuration, RouteTable.compile(()), {"AzureWebJobsStorage": account})
    yield worker
    await worker.close()


@pytest.fixture
def desk(worker, account) -> Desk:
    return Desk(worker, account)


def record(**changes) -> Record:
    event = Event(id="e1", source="s", type="T", organization="fabrikam", data=msgspec.Raw(b'{"a":1}'), ingress="erp")
    fields = {
        "organization": "fabrikam",
        "reason": "TargetRejected",
        "message": "answered 400",
        "accepted_at": AT,
        "recorded_at": AT,
        "event": event,
        "route": "orders",
    }
    return Record(**{**fields, **changes})


async def test_an_incident_is_acknowledged_by_who_says_so(desk, caplog):
    caplog.set_level(logging.INFO, "fno_link")
    id_ = await desk.outage()
    form = (await desk.open()).of("Act on fabrikam")
    sent = form.filled("acknowledge", by="Ada Müller", note="Case 2607\r\nis open")
    assert (await desk.said(await desk.send(sent))).startswith("Acknowledged")
    shown = await desk.incident(id_)
    assert (shown.acknowledged_by, shown.note) == ("Ada Müller (the status page)", "Case 2607\nis open")
    assert f"Ada Müller (the status page): acknowledge {id_}" in caplog.text
    assert KEY not in caplog.text


async def test_without_a_name_it_was_the_status_page(desk):
    id_ = await desk.outage()
    await desk.said(await desk.send((await desk.open()).of("Act on fabrikam").filled("acknowledge")))
    assert (await desk.incident(id_)).acknowledged_by == "the status page"


async def test_sent_twice_nothing_changes(desk):
    id_ = await desk.outage()
    sent = (await desk.open()).of("Act on fabrikam").filled("acknowledge", by="Ada")
    await desk.said(await desk.send(sent))
    before = await desk.incident(id_)
    await desk.said(await desk.send(sent))
    assert await desk.incident(id_) == before


async def test_an_incident_is_muted_and_heard_again(desk):
    id_ = await desk.outage()
    sent = (await desk.open()).of("Act on fabrikam").filled("mute", for_="4h")
    assert (await desk.said(await desk.send(sent))).startswith("Silent")
    until = (await desk.incident(id_)).muted_until
    assert abs(until - desk.worker._clock.now() - timedelta(hours=4)) < timedelta(minutes=5)
    await desk.said(await desk.send(sent))
    assert (await desk.incident(id_)).muted_until >= until
    (shown,) = desk.status.open_incidents
    muted = msgspec.structs.replace(shown, muted_until=until)
    desk.status = msgspec.structs.replace(desk.status, open_incidents=(muted,))
    heard = (await desk.open()).of("Act on fabrikam").filled("unmute")
    assert (await desk.said(await desk.send(heard))).startswith("Heard")
    assert (await desk.incident(id_)).muted_until is None


async def test_what_is_parked_is_released(desk):
    sent = (await desk.open()).of("parked for fabrikam").filled("release")
    assert (await desk.said(await desk.send(sent))).startswith("Nothing")
    await desk.worker.dead_letters.park(record(reason=NOT_LINKED))
    for _ in range(2):
        assert (await desk.said(await desk.send(sent))).startswith("The release")
    assert {type(each) for each in await desk.ordered()} == {Release}


async def test_a_dead_letter_is_replayed_once_however_often_it_is_asked_for(desk):
    path = await desk.worker.dead_letters.bury(record())
    id_ = Place.read(path).id
    letter = msgspec.structs.replace(troubled().letters[0], id=id_)
    desk.status = msgspec.structs.replace(desk.status, letters=(letter,))
    sent = (await desk.open()).of("Replay").filled(id_)
    for _ in range(2):
        assert (await desk.said(await desk.send(sent))).startswith("The replay")
    jobs = await desk.ordered()
    assert [type(each) for each in jobs] == [JobOrder, JobOrder]
    done = [await desk.worker.dead_letter_operations.work(each.job, lambda _: None) for each in jobs]
    assert [sum(each.counts.values()) for each in done] == [1, 0]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"id": "none"}, 404, "UnknownIncident"),
        ({"do": "forget"}, 400, "InvalidRequest"),
        ({"do": ""}, 400, "InvalidRequest"),
        ({"do": "mute", "for": "31d"}, 400, "InvalidRequest"),
        ({"by": "a" * 101}, 400, "InvalidRequest"),
        ({"note": "a" * 501}, 400, "InvalidRequest"),
        ({"do": "replay", "id": "x"}, 404, "UnknownDeadLetter"),
        ({"do": "release", "id": "No Name"}, 400, "InvalidRequest"),
        ({"seal": "x"}, 403, "FormRefused"),
    ],
)
async def test_what_cannot_be_done_is_a_page_that_says_what_to_do(desk, change, status, code):
    id_ = await desk.outage()
    sent = (await desk.open()).of("Act on fabrikam").filled("acknowledge") | change
    answer = await desk.send(sent)
    shown = answer.body.decode()
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert code in shown
    assert '<a class="button" href="">' in shown
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert KEY not in shown
    assert (await desk.incident(id_)).acknowledged_by is None


async def test_an_incident_that_has_ended_is_told(desk):
    id_ = await desk.outage()
    sent = (await desk.open()).of("Act on fabrikam").filled("acknowledge")

    def over(standing):
        state = advance(
            standing.states["integration"],
            Answer(health="ok"),
            desk.worker._clock.now(),
            Thresholds(failure_threshold=1, success_threshold=1),
            Circumstances(),
            kind="integration",
            subject="fabrikam",
        )
        return standing.with_state("integration", state)

    await desk.worker.standings.change(Watched("organization", "fabrikam"), over)
    answer = await desk.send(sent)
    assert (answer.status, "IncidentEnded" in answer.body.decode(), id_ in answer.body.decode()) == (409, True, True)


async def test_a_form_from_elsewhere_or_of_another_key_does_nothing(desk):
    id_ = await desk.outage()
    sent = (await desk.open()).of("Act on fabrikam").filled("acknowledge")
    foreign = posted(sent).headers | {"sec-fetch-site": "cross-site", "origin": "https://evil.example.net"}
    assert (await desk.send(sent, headers=foreign)).status == 403
    assert (await desk.pages.act(posted(sent, query={"code": "another key"}))).status == 403
    assert (await desk.pages.act(posted(sent))).status == 403
    assert (await desk.incident(id_)).acknowledged_by is None


async def test_switched_off_there_are_no_forms_and_none_is_taken(desk, worker, account):
    id_ = await desk.outage()
    sent = (await desk.open()).of("Act on fabrikam").filled("acknowledge")
    off = Desk(worker, account, actions=False)
    assert (await off.open()).all == []
    answer = await off.send(sent)
    assert (answer.status, "ActionsOff" in answer.body.decode()) == (403, True)
    assert (await desk.incident(id_)).acknowledged_by is None


async def test_names_that_want_to_be_more_than_names_are_text_on_the_way_back(desk):
    sent = (await desk.open()).of("Act on fabrikam").filled("acknowledge") | {"id": "<img src=x onerror=alert(1)>"}
    shown = (await desk.send(sent)).body.decode()
    assert "&lt;img src=x" in shown
    assert "<img" not in shown


async def test_a_fault_of_our_own_is_a_page_with_what_the_log_has(desk, caplog):
    async def broken(id_, order):
        raise RuntimeError("a secret of the inside")

    await desk.outage()
    sent = (await desk.open()).of("Act on fabrikam").filled("acknowledge")
    desk.worker.incident_operations.acknowledge = broken
    answer = await desk.send(sent)
    shown = answer.body.decode()
    assert (answer.status, "Unforeseen" in shown, "urn:uuid:" in shown) == (500, True, True)
    assert "a secret of the inside" not in shown
    assert "a secret of the inside" in caplog.text


async def test_the_account_away_is_told_with_when_to_come_again(desk, worker):
    async def away(id_, order):
        raise StorageUnavailable("no answer")

    await desk.outage()
    sent = (await desk.open()).of("Act on fabrikam").filled("acknowledge")
    worker.incident_operations.acknowledge = away
    answer = await desk.send(sent)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")


async def test_no_form_makes_the_page_fail(desk):
    """Whatever stands in a form that was sent from our own page: it is done, or refused with its reason."""
    id_ = await desk.outage()
    usual = (await desk.open()).of("Act on fabrikam").filled("acknowledge")
    rng = random.Random(7)
    texts = [*TEXTS, id_, "fabrikam", "acknowledge", "mute", "unmute", "release", "replay", "4h", "31d", "1ms", "0s"]
    statuses = set()
    for _ in range(150):
        changed = {
            name: rng.choice(texts) for name in rng.sample(["do", "id", "by", "note", "for"], rng.randrange(1, 5))
        }
        body = urlencode(usual | changed, errors="replace").encode()
        answer = await desk.pages.act(posted(usual, query={"code": KEY}, body=body))
        assert answer.status in (303, 400, 404, 409), (changed, answer.body)
        statuses.add(answer.status)
    assert {303, 400, 404} <= statuses
