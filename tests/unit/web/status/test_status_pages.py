"""The status endpoint over rows in memory: what is told, in which form, and what is shown when something is away."""

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import msgspec
import pytest

from integration.config.keys.model import Configuration, HttpSource, Organization
from integration.config.keys.targets import WebhookTarget
from integration.delivery.breaking.circuit_rows import CircuitRows
from integration.delivery.breaking.circuits import Transition
from integration.errors import StorageUnavailable, UnknownEvent
from integration.health.check import Answer
from integration.health.counts import Counts
from integration.health.days import Days
from integration.health.incidents import Incidents
from integration.health.machine import Incident, State
from integration.health.maintenance import MaintenanceCall
from integration.health.standing import WORKER, Standing, Watched
from integration.health.standings import Kept, Standings
from integration.health.sums import Sums
from integration.health.waits import Waits
from integration.links.values import Linked
from integration.operations.status import Rows, StatusOperations
from integration.storage.memory import MemoryStorage
from integration.storage.names import CIRCUITS, COUNTS, HEALTH, INCIDENTS
from integration.tally import First, Key
from integration.web.message import Request
from integration.web.status.pages import PublicStatusPages, StatusPages
from tests.fake_clock import PassingClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
LINK = Linked(
    url="https://contoso.operations.dynamics.com", tenant_id="t", id="i", trusted=True, distrust="", checked_at=NOW
)
WELL = State(answer=Answer(health="ok", link=LINK), checked_at=NOW, since=NOW - timedelta(days=9), link=LINK)
LOST = Answer(health="bad", code="0x80048d0b", message="not integrated", hint="look")


def ill(kind="integration", answer=LOST, since=NOW - timedelta(minutes=15), id_="0123456789abcdef", **more):
    incident = Incident(id=id_, kind=kind, opened_at=NOW, since=since, code=answer.code, message=answer.message, **more)
    return State(phase="firing", answer=answer, checked_at=NOW, since=since, incident=incident, link=LINK)


class Events:
    """Has one event."""

    async def show(self, id_):
        msg = f"the journal has no event {id_!r}"
        raise UnknownEvent(msg)


class World:
    def __init__(self, organizations=("contoso", "fabrikam")) -> None:
        self.clock = PassingClock(NOW)
        self.storage = MemoryStorage(self.clock)
        self.rows = Rows(
            standings=Standings(self.storage),
            circuits=CircuitRows(self.storage),
            sums=Sums(self.storage, self.clock),
            incidents=Incidents(self.storage, self.clock),
        )
        configuration = Configuration(
            organizations={
                name: Organization(name=name, url=f"https://{name}.crm.dynamics.com", tenant="t.com")
                for name in organizations
            },
            sources={"erp": HttpSource(name="erp", organization="contoso")},
            routes=(),
            targets={"orders": WebhookTarget(name="orders", url="https://hook.example/?sig=a-signature")},
        )
        operations = StatusOperations(configuration, self.rows, self.clock)
        self.pages = StatusPages(operations, Events(), self.clock)
        self.public = PublicStatusPages(operations, self.clock)

    async def stand(self, watched, *, asked_at=NOW, leads=None, days=None, **states):
        standing = Standing(states=states, asked_at=asked_at, leads=leads or {}, days=days or Days())
        await self.rows.standings.save(watched, Kept(standing))

    async def status(self, **query):
        response = await self.pages.show(Request(query=query))
        assert response.status == 200, response.body
        assert response.headers["Content-Type"] == "application/json"
        return json.loads(response.body)

    async def html(self, **query):
        return await self.pages.show(Request(headers=HTML, query=query))


CONTOSO, FABRIKAM = Watched("organization", "contoso"), Watched("organization", "fabrikam")


async def both_stand(world):
    await world.stand(CONTOSO, integration=WELL, days=Days(NOW.date(), "wbo"))
    await world.stand(FABRIKAM, integration=ill())


async def test_the_worst_come_first_with_why_and_since_when():
    world = World()
    await both_stand(world)
    told = await world.status()
    assert told["level"] == "fail"
    assert [each["name"] for each in told["organizations"]] == ["fabrikam", "contoso"]
    fabrikam, contoso = told["organizations"]
    assert (fabrikam["state"], fabrikam["code"], fabrikam["hint"]) == ("not_linked", "0x80048d0b", "look")
    assert (contoso["state"], contoso["environment"]) == ("linked", "https://contoso.operations.dynamics.com")
    assert contoso["days"] == ["none"] * 87 + ["warn", "bad", "ok"]
    assert (told["linked"], told["organizationsInAll"]) == (1, 2)
    assert told["linkedSince"] == "2026-01-02T02:49:05Z"
    assert told["lastRound"] == "2026-01-02T03:04:05Z"
    assert [each["id"] for each in told["openIncidents"]] == ["0123456789abcdef"]
    assert told["notes"] == []


async def test_an_organization_that_nobody_has_asked_is_a_warning():
    told = await World().status()
    assert {each["level"] for each in told["organizations"]} == {"warn"}
    assert {each["state"] for each in told["organizations"]} == {"unknown"}
    assert any("health_timer" in note for note in told["notes"])


async def test_counts_of_all_processes_are_hours_sources_and_rates():
    world = World()
    await both_stand(world)
    for process in ("a", "b"):
        counts = Counts(world.storage, world.clock, process)
        counts.tally(Key("in", "contoso", "erp"))
        counts.tally(Key("delivered", "contoso", "erp", "orders"))
        counts.tally(Key("dead_lettered", "contoso", "erp", "orders", "TargetRejected"))
        counts.tally(Key("failed", "contoso", "erp", "", "StorageUnavailable"))
        await counts.flush()
        await counts.aclose()
    told = await world.status()
    assert told["deadLetters"] == {"TargetRejected": 2}
    assert len(told["hours"]) == 24
    assert told["hours"][-1] == {
        "at": "2026-01-02T03:00:00Z",
        "received": 2,
        "delivered": 2,
        "deferred": 0,
        "deadLettered": 2,
    }
    (source,) = told["sources"]
    assert (source["name"], source["kind"], source["failed"], source["deadLettered"]) == ("erp", "http", 2, 2)
    assert source["lastEventAt"] == "2026-01-02T03:04:05Z"
    assert told["targets"][0]["errorRate"] == 0.5


async def test_a_target_that_is_left_alone_is_told_from_the_fleets_row():
    world = World()
    await both_stand(world)
    opened = Transition(
        target="orders",
        state="opened",
        at=NOW,
        since=NOW - timedelta(minutes=1),
        until=NOW + timedelta(seconds=30),
        opened=2,
        code="TargetUnavailable",
        organization="contoso",
        source="erp",
    )
    await world.rows.circuits.note(opened)
    told = await world.status()
    assert told["circuitsOpen"] == ["orders"]
    assert (told["targets"][0]["circuit"], told["targets"][0]["code"]) == ("open", "TargetUnavailable")
    await world.clock.sleep(60)
    told = await world.status()
    assert told["targets"][0]["circuit"] == "half_open"


async def test_what_one_cause_explains_is_counted_and_not_listed():
    world = World(("contoso", "fabrikam", "wingtip"))
    await world.stand(CONTOSO, integration=ill(), leads={"integration": "entra:t"})
    for number, name in enumerate(("fabrikam", "wingtip")):
        await world.stand(Watched("organization", name), integration=ill(id_=f"{number:016}", inhibited_by="entra:t"))
    told = await world.status()
    assert [(each["id"], each["explains"]) for each in told["openIncidents"]] == [("0123456789abcdef", 2)]
    assert told["openInAll"] == 3
    assert "explains 2 others" in (await world.html()).body.decode()


async def test_incidents_that_nobody_speaks_for_are_listed():
    world = World()
    await world.stand(CONTOSO, integration=ill(inhibited_by="entra:t"))
    assert len((await world.status())["openIncidents"]) == 1


async def test_what_is_over_and_maintenance_that_was_called_are_shown():
    world = World()
    await both_stand(world)
    over = Incident(id="f" * 16, kind="integration", opened_at=NOW, since=NOW - timedelta(days=1), ended_at=NOW)
    await world.rows.incidents.note([(CONTOSO, over)])
    call = MaintenanceCall(organization="contoso", since=NOW, until=NOW + timedelta(hours=1), by="Ada", note="update")
    await world.rows.incidents.call(call)
    told = await world.status()
    assert [(each["id"], each["subject"]) for each in told["endedIncidents"]] == [("f" * 16, "contoso")]
    assert told["organizations"][1]["notes"] == ["In maintenance until 2026-01-02 04:04 UTC: called by Ada: update"]


async def test_pages_follow_one_another_and_leave_nobody_out():
    names = tuple(f"org-{number:03}" for number in range(120))
    world = World(names)
    for number, name in enumerate(names):
        await world.stand(Watched("organization", name), integration=ill() if number % 3 == 0 else WELL)
    seen: list[str] = []
    query = {}
    while True:
        told = await world.status(**query)
        seen += [each["name"] for each in told["organizations"]]
        if not told["following"]:
            break
        query = {"after": told["following"], "limit": "50"}
    assert sorted(seen) == sorted(names)
    assert seen[:40] == [name for number, name in enumerate(names) if number % 3 == 0]


@pytest.mark.parametrize("query", [{"after": "%%"}, {"after": "e30"}, {"limit": "0"}, {"limit": "201"}, {"what": "1"}])
async def test_what_cannot_be_asked_is_refused(query):
    response = await World().pages.show(Request(query=query))
    assert (response.status, json.loads(response.body)["code"]) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("accept", "query", "kind"),
    [
        ("", {}, "application/json"),
        ("*/*", {}, "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", {}, "text/html; charset=utf-8"),
        ("application/json", {}, "application/json"),
        ("application/json;q=0.1, text/html", {}, "text/html; charset=utf-8"),
        ("text/*", {}, "text/html; charset=utf-8"),
        ("application/atom+xml", {}, "application/atom+xml"),
        ("application/*;q=nonsense", {}, "application/json"),
        ("text/html;q=0, application/atom+xml;q=0.5", {}, "application/atom+xml"),
        ("image/png", {}, "application/json"),
        ("text/html", {"format": "json"}, "application/json"),
        ("", {"format": "atom"}, "application/atom+xml"),
        ("", {"format": "html"}, "text/html; charset=utf-8"),
    ],
)
async def test_the_form_is_that_which_was_asked_for(accept, query, kind):
    response = await World().pages.show(Request(headers={"accept": accept}, query=query))
    assert (response.status, response.headers["Content-Type"]) == (200, kind)
    assert response.headers["Vary"] == "Accept"
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_a_feed_is_not_sent_twice_and_names_no_key():
    world = World()
    await both_stand(world)
    request = Request(headers={"host": "app.example"}, query={"format": "atom", "code": "a-secret"})
    first = await world.pages.show(request)
    assert b"a-secret" not in first.body
    entries = ET.fromstring(first.body).findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) == 1
    again = msgspec.structs.replace(request, headers={**request.headers, "if-none-match": first.headers["ETag"]})
    await world.clock.sleep(5)
    assert (await world.pages.show(again)).status == 304


async def test_the_key_stands_in_hidden_fields_alone():
    world = World(tuple(f"org-{number:03}" for number in range(60)))
    body = (await world.html(code="a-secret")).body.decode()
    field = '<input type="hidden" name="code" value="a-secret">'
    assert body.count("a-secret") == body.count(field) == 3
    assert "a-secret" not in (await world.html()).body.decode()
    headers = (await world.html(code="a-secret")).headers
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")


async def test_what_waits_and_what_died_is_told_with_the_way_on():
    world = World()
    await both_stand(world)
    waits = Waits(at=NOW, parked={"fabrikam": {"NotLinked": 2}, "contoso": {"NotLinked": 1}}, oldest=NOW)
    await world.rows.standings.save(WORKER, Kept(Standing(waits=waits, asked_at=NOW)))
    counts = Counts(world.storage, world.clock, "a")
    counts.tally(
        Key("deferred", "contoso", "erp", "orders", "TargetUnavailable"),
        First(at=NOW, accepted_at=NOW - timedelta(hours=1), until=NOW + timedelta(minutes=5)),
    )
    counts.tally(
        Key("dead_lettered", "contoso", "erp", "orders", "TargetRejected"),
        First(at=NOW, type="Order", id="4711", route="large", letter="abc"),
    )
    await counts.flush()
    await counts.aclose()
    told = await world.status()
    assert told["parked"] == {"NotLinked": 3}
    assert [each["parked"] for each in told["organizations"]] == [2, 1]
    assert told["oldestWaiting"] == told["targets"][0]["oldestWaiting"] == "2026-01-02T02:04:05Z"
    (letter,) = told["letters"]
    assert (letter["event"], letter["command"]) == ("4711", "fno-link dead-letters replay abc")


async def test_an_event_that_is_not_there_is_told_on_the_page():
    body = (await World().html(event="<b>4711</b>")).body.decode()
    assert "the journal has no event" in body
    assert "<b>4711" not in body
    refused = await World().pages.show(Request(query={"event": "4711"}))
    assert refused.status == 400


async def test_a_targets_address_is_nowhere():
    world = World()
    await both_stand(world)
    for response in (await world.html(), await world.pages.show(Request())):
        assert b"hook.example" not in response.body
        assert b"a-signature" not in response.body


@pytest.mark.parametrize("away", [HEALTH, CIRCUITS, COUNTS, INCIDENTS])
async def test_a_part_that_cannot_be_read_is_a_note_and_the_rest_is_shown(away, monkeypatch):
    world = World()
    await both_stand(world)
    table = MemoryStorage.table

    async def failing(self, name, **more):
        if name == away:
            raise StorageUnavailable("the account did not answer")
        return await table(self, name, **more)

    monkeypatch.setattr(MemoryStorage, "table", failing)
    told = await world.status()
    assert any("StorageUnavailable" in note for note in told["notes"])
    assert told["level"] in ("warn", "fail")
    assert told["organizationsInAll"] == 2
    page = await world.html()
    assert page.status == 200
    assert "Not everything could be read" in page.body.decode()


async def test_when_nothing_can_be_read_a_person_and_a_program_are_told_so(monkeypatch):
    world = World()

    async def failing(self, name, **more):
        raise StorageUnavailable("the account did not answer")

    monkeypatch.setattr(MemoryStorage, "table", failing)
    page = await world.html()
    assert (page.status, page.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert "The status cannot be shown" in page.body.decode()
    assert "Content-Security-Policy" in page.headers
    program = await world.pages.show(Request())
    assert (program.status, json.loads(program.body)["code"]) == (503, "StorageUnavailable")
    assert int(program.headers["Retry-After"]) >= 1
    for response in (await world.public.show(Request()), await world.public.badge("contoso", Request())):
        assert response.status == 503


async def test_what_nobody_has_foreseen_is_answered_to_a_person_by_a_page(monkeypatch, caplog):
    world = World()

    def broken(*_):
        msg = "a fault of ours"
        raise ValueError(msg)

    monkeypatch.setattr(StatusOperations, "_status", broken)
    page = await world.html()
    assert page.status == 500
    assert "a fault of ours" not in page.body.decode()
    assert "a fault of ours" in caplog.text
