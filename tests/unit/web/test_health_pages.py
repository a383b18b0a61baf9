"""The health pages: how everything stands is told to holders of a key; strangers cost little; nothing is made up."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.config.keys.health import Health, Maintenance
from integration.delivery.breaking.circuit_rows import CircuitRows
from integration.delivery.breaking.circuits import Transition
from integration.events.alerts import Failed
from integration.health.check import Answer
from integration.health.incidents import Incidents
from integration.health.machine import Incident, State
from integration.health.maintenance import MaintenanceCall
from integration.health.probes.remembered import Remembered
from integration.health.source_rows import SourceRows
from integration.health.standing import WORKER, Standing, Watched
from integration.health.standings import Kept, Standings
from integration.links.values import Linked
from integration.storage.memory import MemoryStorage
from integration.storage.names import CIRCUITS, EVENTS, HEALTH
from integration.version import VERSION
from integration.web.health import FRESH_FOR_SECONDS, HealthPages, Rows
from tests.fake_clock import PassingClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OPENED = Transition(
    target="orders",
    state="opened",
    at=NOW - timedelta(minutes=1),
    since=NOW - timedelta(minutes=1),
    until=NOW + timedelta(seconds=30),
    opened=2,
    code="TargetUnavailable",
    organization="contoso",
    source="/s",
    failed=(Failed(type="Order", id="1", code="TargetUnavailable", message="it answered 503", route="large"),),
)
LINK = Linked(
    url="https://contoso.operations.dynamics.com", tenant_id="t", id="i", trusted=True, distrust="", checked_at=NOW
)
OK = Answer(health="ok", link=LINK)
LOST = Answer(health="bad", code="0x80048d0b", message="not integrated", hint="look")
WELL = State(answer=OK, checked_at=NOW, since=NOW - timedelta(days=9), link=LINK)


def ill(kind, answer=LOST, **more):
    known = {"opened_at": NOW, "since": NOW - timedelta(minutes=15), "code": answer.code}
    return State(
        phase="firing",
        answer=answer,
        checked_at=NOW,
        since=NOW - timedelta(minutes=15),
        incident=Incident(id="0123456789abcdef", kind=kind, **known, **more),
    )


class World:
    def __init__(self, settings=None) -> None:
        self.clock = PassingClock(NOW)
        self.storage = MemoryStorage(self.clock)
        self.rows = Rows(
            Standings(self.storage),
            CircuitRows(self.storage),
            SourceRows(self.storage),
            Incidents(self.storage, self.clock),
        )
        self.pages = HealthPages(
            settings=settings or Health(),
            organizations=("contoso",),
            targets=("orders", "crm"),
            sources=("erp",),
            rows=self.rows,
            clock=self.clock,
        )

    async def stand(self, watched, *, asked_at=NOW, **states):
        await self.rows.standings.save(watched, Kept(Standing(states=states, asked_at=asked_at)))

    async def details(self):
        response = await self.pages.details()
        assert response.headers["Content-Type"] == "application/health+json"
        details = json.loads(response.body)
        assert response.status == (503 if details["status"] == "fail" else 200)
        return details


CONTOSO = Watched("organization", "contoso")


async def test_all_that_is_well_is_told_in_few_words():
    world = World()
    await world.stand(CONTOSO, integration=WELL)
    await world.stand(WORKER, storage=State(answer=Answer(health="ok")))
    await world.rows.sources.note({"erp": NOW - timedelta(minutes=3)}, (), NOW)
    assert await world.details() == {
        "status": "pass",
        "version": VERSION,
        "time": "2026-01-02T03:04:05Z",
        "watch": {"status": "pass", "lastRound": "2026-01-02T03:04:05Z"},
        "checks": {
            "contoso": {
                "status": "pass",
                "state": "linked",
                "since": "2025-12-24T03:04:05Z",
                "checkedAt": "2026-01-02T03:04:05Z",
                "url": "https://contoso.operations.dynamics.com",
                "tenantId": "t",
                "id": "i",
            }
        },
        "targets": {
            "orders": {"status": "pass", "circuit": "closed"},
            "crm": {"status": "pass", "circuit": "closed"},
        },
        "sources": {"erp": {"status": "pass", "lastEvent": "2026-01-02T03:01:05Z"}},
        "app": {"storage": {"status": "pass"}},
    }


async def test_a_lost_link_is_a_failure_with_all_that_is_known_of_its_incident():
    world = World()
    state = msgspec.structs.replace(
        ill("integration", acknowledged_by="anna"),
        muted_until=NOW + timedelta(hours=1),
        flapping=True,
        link=LINK,
        parts={"token": Remembered(Answer(health="ok"), NOW), "link": Remembered(LOST, NOW)},
    )
    expiring = Answer(health="bad", code="CredentialExpiring", message="9 days", facts={"days": "9"})
    await world.stand(CONTOSO, integration=state, credential=ill("credential", expiring))
    details = await world.details()
    assert details["status"] == "fail"
    contoso = details["checks"]["contoso"]
    assert contoso["checks"] == {
        "link": {"status": "warn", "code": "0x80048d0b", "output": "not integrated"},
        "credential": {
            "status": "warn",
            "since": "2026-01-02T02:49:05Z",
            "checkedAt": "2026-01-02T03:04:05Z",
            "code": "CredentialExpiring",
            "output": "9 days",
            "hint": "",
            "facts": {"days": "9"},
            "phase": "firing",
            "incident": "0123456789abcdef",
            "incidentSince": "2026-01-02T02:49:05Z",
        },
    }
    del contoso["checks"]
    assert contoso == {
        "passed": ["token"],
        "status": "fail",
        "state": "not_linked",
        "since": "2026-01-02T02:49:05Z",
        "checkedAt": "2026-01-02T03:04:05Z",
        "trouble": "lost",
        "url": "https://contoso.operations.dynamics.com",
        "tenantId": "t",
        "id": "i",
        "code": "0x80048d0b",
        "output": "not integrated",
        "hint": "look",
        "phase": "firing",
        "flapping": True,
        "mutedUntil": "2026-01-02T04:04:05Z",
        "incident": "0123456789abcdef",
        "incidentSince": "2026-01-02T02:49:05Z",
        "acknowledgedBy": "anna",
    }


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("integration", "fail"),
        ("finance_operations", "fail"),
        ("trust", "fail"),
        ("credential", "warn"),
        ("sender", "warn"),
        ("registration", "warn"),
        ("dead_letters", "warn"),
        ("parked", "warn"),
    ],
)
async def test_what_stands_still_is_a_failure_and_what_waits_is_a_warning(kind, status):
    world = World()
    await world.stand(CONTOSO, **({"integration": WELL} | {kind: ill(kind)}))
    assert (await world.details())["status"] == status


async def test_an_organization_that_nobody_asked_or_could_ask_is_a_warning_and_not_lost():
    world = World()
    assert (await world.details())["checks"]["contoso"]["state"] == "unknown"
    away = Answer(health="unknown", code="Unreachable", message="no answer")
    await world.stand(CONTOSO, integration=State(phase="suspect", answer=away, checked_at=NOW, since=NOW, link=LINK))
    contoso = (await world.details())["checks"]["contoso"]
    assert (contoso["status"], contoso["state"], contoso["phase"]) == ("warn", "unknown", "suspect")
    refused = Answer(health="bad", code="Unauthenticated", message="the secret is wrong")
    world = World()
    await world.stand(CONTOSO, integration=ill("integration", refused))
    contoso = (await world.details())["checks"]["contoso"]
    assert (contoso["state"], contoso["trouble"]) == ("unknown", "unreachable")


async def test_maintenance_is_told_with_what_was_called():
    night = Maintenance(weekday=("fri",), start="03:00", duration=timedelta(hours=1))
    world = World(Health(maintenance=(night,)))
    await world.stand(CONTOSO, integration=WELL)
    assert "maintenance" in (await world.details())["checks"]["contoso"]
    world = World()
    await world.stand(CONTOSO, integration=WELL)
    call = MaintenanceCall(organization="contoso", since=NOW, until=NOW + timedelta(hours=1), by="anna", note="update")
    over = MaintenanceCall(organization="contoso", since=NOW - timedelta(hours=2), until=NOW, by="bert")
    await world.rows.incidents.call(call)
    await world.rows.incidents.call(over)
    details = await world.details()
    assert details["checks"]["contoso"]["maintenance"]
    assert [(each["by"], each["note"], each["until"]) for each in details["maintenance"]] == [
        ("anna", "update", "2026-01-02T04:04:05Z")
    ]


async def test_a_target_that_some_process_leaves_alone_is_a_warning_with_its_times_and_what_failed_first():
    world = World()
    await world.stand(CONTOSO, integration=WELL)
    await world.rows.circuits.note(OPENED)
    await world.rows.circuits.note(msgspec.structs.replace(OPENED, target="no longer configured"))
    await world.rows.circuits.note(msgspec.structs.replace(OPENED, target="crm", until=NOW, failed=()))
    details = await world.details()
    assert details["status"] == "warn"
    assert details["targets"] == {
        "orders": {
            "status": "warn",
            "circuit": "open",
            "code": "TargetUnavailable",
            "since": "2026-01-02T03:03:05Z",
            "until": "2026-01-02T03:04:35Z",
            "opened": 2,
            "first": {"type": "Order", "id": "1", "message": "it answered 503", "route": "large"},
        },
        "crm": {
            "status": "warn",
            "circuit": "half_open",
            "code": "TargetUnavailable",
            "since": "2026-01-02T03:03:05Z",
            "until": "2026-01-02T03:04:05Z",
            "opened": 2,
        },
    }
    await world.stand(Watched("target", "orders"), target=ill("target", acknowledged_by="anna"))
    orders = (await world.details())["targets"]["orders"]
    assert (orders["incident"], orders["acknowledgedBy"]) == ("0123456789abcdef", "anna")


async def test_no_target_is_half_open_for_ever():
    for hours, circuit in ((0.0, "half_open"), (0.9, "half_open"), (1.0, "closed"), (500.0, "closed")):
        world = World()
        await world.stand(CONTOSO, integration=WELL)
        await world.rows.circuits.note(msgspec.structs.replace(OPENED, until=NOW - timedelta(hours=hours)))
        details = await world.details()
        assert details["targets"]["orders"]["circuit"] == circuit
        assert details["status"] == ("pass" if circuit == "closed" else "warn")


async def test_a_source_in_trouble_is_a_warning_and_so_are_the_worker_s_own_queues():
    world = World()
    await world.stand(CONTOSO, integration=WELL)
    silent = Answer(health="bad", code="SourceSilent", message="no event", facts={"minutes": "121"})
    await world.stand(Watched("source", "erp"), source=ill("source", silent))
    await world.stand(Watched("source", "no longer configured"), source=ill("source", silent))
    await world.stand(Watched("source", EVENTS), source=ill("source"))
    details = await world.details()
    assert (details["status"], set(details["sources"])) == ("warn", {"erp", EVENTS})
    erp = details["sources"]["erp"]
    assert (erp["status"], erp["code"], erp["output"], erp["facts"]) == (
        "warn",
        "SourceSilent",
        "no event",
        {"minutes": "121"},
    )


@pytest.mark.parametrize(
    ("schedule", "ago", "stale"),
    [
        ("0 */5 * * * *", timedelta(minutes=14), False),
        ("0 */5 * * * *", timedelta(minutes=20, seconds=1), True),
        ("0 0 3 * * *", timedelta(days=3), False),
        ("0 0 3 * * *", timedelta(days=4), True),
        # Nothing was missed over a weekend: NOW is a Friday.
        ("0 0 3 * * mon", timedelta(days=20), False),
    ],
)
async def test_a_watch_that_has_missed_three_rounds_is_a_warning(schedule, ago, stale):
    world = World(Health(schedule=schedule))
    await world.stand(CONTOSO, integration=WELL, asked_at=NOW - ago)
    details = await world.details()
    assert details["watch"].get("stale", False) is stale
    assert details["watch"].get("code") == ("WatchStale" if stale else None)
    assert details["status"] == ("warn" if stale else "pass")


async def test_a_watch_that_never_ran_is_a_warning():
    details = await World().details()
    assert (details["status"], details["watch"]["stale"], details["watch"]["lastRound"]) == ("warn", True, None)


async def test_a_clock_that_is_set_back_makes_no_watch_stale():
    world = World()
    await world.stand(CONTOSO, integration=WELL, asked_at=NOW + timedelta(days=2))
    assert (await world.details())["status"] == "pass"


async def test_without_a_key_only_the_status_is_told():
    world = World()
    await world.stand(CONTOSO, integration=WELL)
    assert json.loads((await world.pages.status()).body) == {"status": "pass"}


async def test_a_probe_that_would_restart_the_process_is_told_only_that_it_answers():
    world = World()
    world.storage.account.away = True
    assert (await world.pages.status()).status == 503
    answer = await world.pages.status({"live": "true"})
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "pass"})
    assert (await world.pages.status({"live": "yes"})).status == 400


async def test_what_storage_does_not_say_is_not_made_up():
    world = World()
    world.storage.account.away = True
    details = await world.details()
    assert (details["status"], details["targets"], details["sources"]) == ("fail", {}, {})
    assert details["checks"]["storage"]["code"] == "StorageUnavailable"


async def test_rows_that_cannot_be_read_stop_nothing():
    world = World()
    await world.stand(CONTOSO, integration=WELL)
    for table, partition in ((HEALTH, "organization"), (HEALTH, "nobody"), (CIRCUITS, "target")):
        row = {"PartitionKey": partition, "RowKey": "x", "name": "rot", "watch0": b"rot", "circuit": "rot"}
        await (await world.storage.table(table)).put(row)
    assert (await world.details())["status"] == "pass"


async def test_strangers_cost_no_storage_request_more_often_than_every_few_seconds():
    world = World()
    await world.stand(CONTOSO, integration=WELL)
    requests = world.storage.account.requests
    asked = lambda: requests["page"]  # noqa: E731  # read anew each time
    before = asked()
    answers = await asyncio.gather(*(world.pages.status() for _ in range(200)))
    assert {answer.status for answer in answers} == {200}
    once = asked() - before
    assert once == 4
    world.clock.seconds += FRESH_FOR_SECONDS - 0.1
    await world.pages.status()
    assert asked() - before == once
    world.clock.seconds += 0.2
    await world.pages.status()
    assert asked() - before == 2 * once
    # Who has a key is told how it is now.
    await world.pages.details()
    assert asked() - before == 3 * once
