"""Incidents over HTTP on real storage: listed, shown whole, acknowledged and muted while the prober writes, too."""

import json
from datetime import datetime, timedelta

import msgspec
import pytest

from integration.config.keys.health import Thresholds
from integration.health.check import Answer
from integration.health.history import History, Transition
from integration.health.incidents import Incidents
from integration.health.machine import Circumstances, State, advance
from integration.health.standing import Watched
from integration.health.standings import Standings
from integration.operations.incidents import IncidentOperations
from integration.storage import Storage
from integration.storage.memory import MemoryStorage
from integration.web.incidents import IncidentPages
from integration.web.message import Request
from tests.fake_clock import PassingClock

CONTOSO, FABRIKAM, SANDBOX, ORDERS = (
    Watched("organization", "contoso"),
    Watched("organization", "fabrikam"),
    Watched("organization", "sandbox"),
    Watched("target", "orders"),
)
ENTRA = "entra:contoso.com"
OK = Answer(health="ok")
LOST = Answer(health="bad", code="0x80048d0b", message="not integrated", hint="look at it")
SETTINGS = Thresholds(failure_threshold=1, success_threshold=1)


class Watch:
    """What a round does to a standing, with the real machine, rows and history."""

    def __init__(self, storage) -> None:
        self.clock = PassingClock()
        self.standings = Standings(storage)
        self.incidents = Incidents(storage, self.clock)
        self.history = History(storage, self.clock)
        operations = IncidentOperations(self.standings, self.incidents, self.history, self.clock)
        self.pages = IncidentPages(operations)

    async def answer(self, watched, kind, answer, **around):
        """Let a machine take an answer a minute later; return the incident that is open, or has just ended."""
        await self.clock.sleep(60)

        def take(standing):
            state = standing.states.get(kind, State())
            circumstances = Circumstances(**around)
            after = advance(state, answer, self.clock.now(), SETTINGS, circumstances, kind=kind, subject=watched.name)
            return standing.with_state(kind, after)

        state = (await self.standings.change(watched, take)).standing.states[kind]
        incident = state.incident or state.last
        if incident is not None:
            step = Transition(
                at=self.clock.now(),
                kind=kind,
                subject=watched.name,
                phase=state.phase,
                code=answer.code,
                message=answer.message,
                incident=incident.id,
            )
            await self.history.note([step])
        return incident

    async def lead(self, watched, kind, cause):
        """Let a machine speak for a cause, as a round does that finds others failing by it."""
        await self.standings.change(watched, lambda standing: msgspec.structs.replace(standing, leads={kind: cause}))

    async def forget(self, watched, kind):
        """Keep the last incident as a row alone, as when another has begun since."""
        kept = await self.standings.load(watched)
        state = kept.standing.states[kind]
        await self.incidents.note([(watched, state.last)])
        await self.standings.change(
            watched, lambda standing: standing.with_state(kind, msgspec.structs.replace(state, last=None))
        )

    async def get(self, **query):
        return body(await self.pages.list(Request(query=query)))

    async def order(self, verb, id_, **order):
        content = msgspec.json.encode(order)
        request = Request(method="POST", body=content, headers={"content-length": str(len(content))})
        return await getattr(self.pages, verb)(id_, request)


def body(response, status=200):
    assert response.status == status, response.body
    return json.loads(response.body)


def ids(page):
    return [each["id"] for each in page["incidents"]]


@pytest.fixture(params=["azurite", "memory"])
async def watch(request):
    if request.param == "memory":
        storage = MemoryStorage(PassingClock())
    else:
        storage = Storage({"AzureWebJobsStorage": request.getfixturevalue("azurite").spare_account()})
    yield Watch(storage)
    await storage.close()


async def test_open_ones_come_first_and_each_is_found_by_what_it_is(watch):
    over = await watch.answer(CONTOSO, "integration", LOST)
    await watch.answer(CONTOSO, "integration", OK)
    await watch.forget(CONTOSO, "integration")
    recent = await watch.answer(FABRIKAM, "integration", LOST)
    await watch.answer(FABRIKAM, "integration", OK)
    first = await watch.answer(ORDERS, "target", LOST)
    second = await watch.answer(CONTOSO, "finance_operations", LOST)
    await watch.answer(CONTOSO, "credential", OK)
    assert ids(await watch.get()) == [second.id, first.id, recent.id, over.id]
    assert ids(await watch.get(state="open")) == [second.id, first.id]
    assert ids(await watch.get(state="ended")) == [recent.id, over.id]
    assert ids(await watch.get(organization="contoso")) == [second.id, over.id]
    assert ids(await watch.get(kind="target")) == [first.id]
    assert ids(await watch.get(since=first.opened_at.isoformat())) == [second.id, first.id]
    assert ids(await watch.get(until=recent.opened_at.isoformat())) == [over.id]
    seen, after = [], {}
    while True:
        page = await watch.get(limit="1", **after)
        seen += ids(page)
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == [second.id, first.id, recent.id, over.id]
    [shown] = (await watch.get(kind="target"))["incidents"]
    assert (shown["subject"], shown["state"], shown["code"]) == ("orders", "open", "0x80048d0b")
    assert "organization" not in shown
    assert body(await watch.pages.list(Request(query={"status": "open"})), 400)["code"] == "InvalidRequest"


async def test_one_is_shown_whole_while_it_is_open_and_after(watch):
    opened = await watch.answer(CONTOSO, "integration", LOST, children=("fabrikam",))
    await watch.lead(CONTOSO, "integration", ENTRA)
    explained = await watch.answer(FABRIKAM, "integration", LOST, inhibited_by=ENTRA)
    await watch.answer(SANDBOX, "integration", LOST, inhibited_by=ENTRA)
    changed = Answer(health="unknown", code="Unreachable", message="no answer", hint="look at DNS")
    await watch.answer(CONTOSO, "integration", changed, children=("fabrikam",))
    shown = body(await watch.pages.show(opened.id))
    assert (shown["organization"], shown["hint"], shown["message"]) == ("contoso", "look at DNS", "no answer")
    # One that was named in its notices, and one that came after.
    assert shown["children"] == ["fabrikam", "sandbox"]
    one = body(await watch.pages.show(explained.id))
    assert (one["inhibitedBy"], one["cause"], one["children"]) == (opened.id, ENTRA, [])
    [leader] = (await watch.get(organization="contoso"))["incidents"]
    assert (leader["inhibitedBy"], leader["cause"]) == (None, None)
    assert [each["code"] for each in shown["reasons"]] == ["0x80048d0b", "Unreachable"]
    assert shown["notices"]["triggered"] == 1
    assert shown["due"][0]["transition"] == "triggered"
    await watch.answer(CONTOSO, "integration", OK)
    for _ in ("in the machine's row", "in a row of its own"):
        ended = body(await watch.pages.show(opened.id))
        assert (ended["id"], ended["state"]) == (opened.id, "ended")
        assert datetime.fromisoformat(ended["endedAt"]) == watch.clock.now()
        assert len(ended["reasons"]) == 3
        assert ended["children"] == ["fabrikam"]
        one = body(await watch.pages.show(explained.id))
        assert (one["inhibitedBy"], one["cause"]) == (None, ENTRA)
        if (await watch.standings.load(CONTOSO)).standing.states["integration"].last is not None:
            await watch.forget(CONTOSO, "integration")
    for nobody in ("0123456789abcdef", "", "../x", "x" * 4_000, "\ud800", "' or 1 eq 1"):
        assert body(await watch.pages.show(nobody), 404)["code"] == "UnknownIncident"


async def test_an_acknowledgement_holds_against_the_prober_and_is_made_once(watch):
    opened = await watch.answer(CONTOSO, "integration", LOST)
    load = watch.standings.load
    writes = 0

    async def overtaken(watched):
        """Let the prober write between the reading and the writing, once."""
        nonlocal writes
        kept = await load(watched)
        if writes == 0:
            writes += 1
            watch.standings.load = load
            await watch.answer(CONTOSO, "integration", LOST)
        return kept

    watch.standings.load = overtaken
    shown = body(await watch.order("acknowledge", opened.id, by="ada", note="on it"))
    assert writes == 1
    assert (shown["acknowledgedBy"], shown["note"]) == ("ada", "on it")
    assert (await load(CONTOSO)).standing.states["integration"].bad == 2
    before = await load(CONTOSO)
    await watch.clock.sleep(60)
    assert body(await watch.order("acknowledge", opened.id, by="ada", note="on it")) == shown
    assert await load(CONTOSO) == before
    grace = body(await watch.order("acknowledge", opened.id, by="grace"))
    assert (grace["acknowledgedBy"], grace["note"]) == ("grace", "")
    [listed] = (await watch.get())["incidents"]
    assert listed["acknowledgedBy"] == "grace"


async def test_it_is_muted_for_a_while_and_unmuted(watch):
    opened = await watch.answer(CONTOSO, "integration", LOST)
    muted = body(await watch.order("mute", opened.id, **{"for": "2h"}))
    assert datetime.fromisoformat(muted["mutedUntil"]) == watch.clock.now() + timedelta(hours=2)
    until = (watch.clock.now() + timedelta(days=1)).isoformat()
    longer = body(await watch.order("mute", opened.id, until=until))
    assert datetime.fromisoformat(longer["mutedUntil"]) == datetime.fromisoformat(until)
    assert (await watch.standings.load(CONTOSO)).standing.states["integration"].is_muted(watch.clock.now())
    assert body(await watch.order("mute", opened.id, unmute=True))["mutedUntil"] is None
    body(await watch.order("mute", opened.id, **{"for": "1h"}))
    await watch.clock.sleep(3_600)
    assert body(await watch.pages.show(opened.id))["mutedUntil"] is None


async def test_what_has_ended_takes_no_order(watch):
    opened = await watch.answer(CONTOSO, "integration", LOST)
    await watch.answer(CONTOSO, "integration", OK)
    for kept_aside in (False, True):
        if kept_aside:
            await watch.forget(CONTOSO, "integration")
        before = await watch.standings.load(CONTOSO)
        for verb, order in (("acknowledge", {"by": "ada"}), ("mute", {"for": "2h"}), ("mute", {"unmute": True})):
            assert body(await watch.order(verb, opened.id, **order), 409)["code"] == "IncidentEnded"
        assert await watch.standings.load(CONTOSO) == before
    again = await watch.answer(CONTOSO, "integration", LOST)
    assert again.id != opened.id
    assert body(await watch.order("acknowledge", opened.id, by="ada"), 409)["code"] == "IncidentEnded"
    assert body(await watch.order("acknowledge", "0123456789abcdef", by="ada"), 404)["code"] == "UnknownIncident"


@pytest.mark.parametrize(
    ("verb", "order"),
    [
        ("acknowledge", {}),
        ("acknowledge", {"by": "a\x1b"}),
        ("acknowledge", {"by": "ada", "since": "now"}),
        ("mute", {}),
        ("mute", {"for": "0s"}),
        ("mute", {"for": "31d"}),
        ("mute", {"for": "2h", "unmute": True}),
        ("mute", {"until": "2020-01-01T00:00:00Z"}),
        ("mute", {"until": "2026-01-02T00:00:00"}),
    ],
)
async def test_what_cannot_be_meant_is_refused(watch, verb, order):
    opened = await watch.answer(CONTOSO, "integration", LOST)
    assert body(await watch.order(verb, opened.id, **order), 400)["code"] == "InvalidRequest"
    sent = Request(method="POST", body=b"", headers={"transfer-encoding": "chunked"})
    assert (await getattr(watch.pages, verb)(opened.id, sent)).status == 411
