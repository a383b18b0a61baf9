"""What is asked of the app itself: storage, targets, sources, and what becomes more; whatever happens is an answer."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.config.keys.health import Thresholds
from integration.config.keys.model import HttpSource, ServiceBusSource, StorageQueueSource
from integration.delivery.breaking.circuit_rows import FORGOTTEN, Standing
from integration.delivery.breaking.circuits import Transition, alert_event
from integration.delivery.targets.service_bus.dead_letters import AT_MOST, Peeked
from integration.errors import StorageUnavailable, Unreachable
from integration.events.alerts import Failed
from integration.health.check import Check
from integration.health.probes.app import APP, AppProbe
from integration.health.probes.dead_letters import DeadLettersProbe
from integration.health.probes.parked import ParkedProbe
from integration.health.probes.sources import FAILING_FOR, SourcesProbe
from integration.health.probes.storage import StorageProbe
from integration.health.probes.targets import TargetsProbe
from integration.health.totals import Seen, Span, Totals
from integration.storage.memory import MemoryStorage
from integration.storage.names import EVENTS, RETRIES
from integration.tally import First, Key
from tests.fake_clock import FakeClock, PassingClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OPEN = Standing(
    target="orders",
    state="open",
    since=NOW - timedelta(minutes=9),
    until=NOW + timedelta(seconds=30),
    opened=2,
    code="TargetUnavailable",
    failed=(Failed(type="Order", id="1", code="TargetUnavailable", message="it answered 503", route="large"),),
)


NEWS = Transition(
    target="orders",
    state="opened",
    at=OPEN.since,
    since=OPEN.since,
    code=OPEN.code,
    organization="contoso",
    source="/s",
)


class Rows:
    def __init__(self, *standings, failure=None) -> None:
        self.standings = standings
        self.failure = failure
        self.asked = 0

    async def all(self):
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return {each.target: each for each in self.standings}


async def targets(*standings, failure=None):
    rows = Rows(*standings, failure=failure)
    answers = await TargetsProbe(rows, ("orders", "crm"), PassingClock(NOW)).ask()
    assert rows.asked == 1
    assert set(answers) == {"orders", "crm"}
    return answers["orders"], answers["crm"]


async def test_a_target_that_any_process_leaves_alone_is_bad_and_says_what_failed_first():
    orders, crm = await targets(OPEN, msgspec.structs.replace(OPEN, target="no longer configured"))
    assert crm.health == "ok"
    assert (orders.health, orders.code) == ("bad", "TargetUnavailable")
    assert "it answered 503" in orders.message
    assert orders.hint
    assert orders.facts == {
        "since": "2026-01-02T02:55:05+00:00",
        "until": "2026-01-02T03:04:35+00:00",
        "opened": "2",
        "told": "false",
        "incident": json.loads(bytes(alert_event(NEWS).data))["incident"],
    }
    assert orders.failed == OPEN.failed


async def test_a_target_says_whether_its_fleet_has_told_of_it_already():
    for told in (True, False):
        orders, _ = await targets(msgspec.structs.replace(OPEN, told=told, failed=()))
        assert (orders.health, orders.facts["told"]) == ("bad", str(told).lower())
        orders, _ = await targets(msgspec.structs.replace(OPEN, state="closed", told=told))
        assert (orders.health, orders.facts["told"]) == ("ok", str(told).lower())


async def test_a_row_that_nobody_came_back_to_says_nothing():
    orders, _ = await targets(msgspec.structs.replace(OPEN, until=NOW - FORGOTTEN))
    assert (orders.health, orders.facts) == ("ok", {})


async def test_targets_are_not_asked_about_while_the_account_is_away():
    for answer in await targets(failure=StorageUnavailable("away")):
        assert (answer.health, answer.message) == ("not_asked", "not asked: storage (StorageUnavailable)")


async def test_storage_is_bad_while_a_service_is_away_and_says_which():
    storage = MemoryStorage(FakeClock())
    assert (await StorageProbe(storage).ask()).health == "ok"
    storage.account.away = True
    answer = await StorageProbe(storage).ask()
    assert (answer.health, answer.code) == ("bad", "StorageUnavailable")
    assert answer.facts == {"services": "queues, blobs, tables"}
    storage.account.away = False

    async def never():
        await asyncio.Event().wait()

    storage.blobs("fno-link-payloads").any = lambda _: never()
    answer = await StorageProbe(storage, within=0.01).ask()
    assert (answer.health, answer.facts) == ("bad", {"services": "blobs"})


def totals(*spans):
    return Totals(tuple(Span(NOW - ago, counts, firsts) for ago, counts, firsts in spans))


def lost(number, reason="TargetRejected", message="no"):
    first = First(at=NOW - timedelta(minutes=number), type=f"T{number}", id=f"i{number}", route="r", message=message)
    return {Key("dead_lettered", "contoso", "erp", "orders", reason): (first,)}


async def test_dead_letters_that_become_more_are_told_with_the_first_ones_and_the_command():
    refused, unrouted = (Key("dead_lettered", "contoso", "erp", "orders", reason) for reason in ("Refused", "Unrouted"))
    elsewhere = Key("dead_lettered", "fabrikam", "erp", "orders", "Refused")
    counted = totals(
        (timedelta(minutes=50), {refused: 8, elsewhere: 4}, lost(50, message="409: no such item")),
        (timedelta(minutes=9), {refused: 1, unrouted: 2}, lost(9)),
    )
    strict = Thresholds(growing=10, growing_window=timedelta(hours=1))
    probe = DeadLettersProbe(dict.fromkeys(("contoso", "fabrikam", "quiet"), strict))
    answers = probe.ask(counted, NOW)
    assert {name: answer.health for name, answer in answers.items()} == {
        "contoso": "bad",
        "fabrikam": "ok",
        "quiet": "ok",
    }
    contoso = answers["contoso"]
    assert contoso.code == "DeadLettersGrowing"
    assert contoso.message == "11 deliveries became dead letters within 1 h; first: 409: no such item"
    assert contoso.facts == {
        "count": "11",
        "reasons": "Refused 9, Unrouted 2",
        "since": "2026-01-02T02:14:05+00:00",
    }
    told = [(each.type, each.id, each.code, each.message, each.route) for each in contoso.failed]
    assert told == [
        ("T50", "i50", "TargetRejected", "409: no such item", "r"),
        ("T9", "i9", "TargetRejected", "no", "r"),
    ]
    # As many as are allowed are no trouble, nor those of before the window.
    lenient = msgspec.structs.replace(strict, growing=11)
    own = DeadLettersProbe({"contoso": lenient, "fabrikam": msgspec.structs.replace(strict, growing=3)})
    assert {name: each.health for name, each in own.ask(counted, NOW).items()} == {"contoso": "ok", "fabrikam": "bad"}
    short = DeadLettersProbe({"contoso": msgspec.structs.replace(strict, growing_window=timedelta(minutes=10))})
    assert short.ask(counted, NOW)["contoso"].health == "ok"
    assert probe.ask(counted, NOW + timedelta(minutes=20))["contoso"].health == "ok"


async def test_parked_deliveries_that_become_more_are_told_too():
    parked = Key("parked", "contoso", "erp", "orders", "NotLinked")
    thresholds = {"contoso": Thresholds(growing=2, growing_window=timedelta(minutes=90))}
    answers = ParkedProbe(thresholds).ask(totals((timedelta(0), {parked: 3}, {})), NOW)
    assert (answers["contoso"].health, answers["contoso"].code) == ("bad", "ParkedGrowing")
    assert answers["contoso"].message == "3 deliveries were parked within 90 min"


class Broker:
    def __init__(self, *peeked, failure=None) -> None:
        self.peeked = peeked
        self.failure = failure
        self.asked = []

    async def peek(self, connection, **entity):
        self.asked.append((connection, entity))
        if self.failure == "hangs":
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        return self.peeked


SOURCES = {
    "web": HttpSource(name="web", organization="contoso"),
    "bus": ServiceBusSource(name="bus", organization="contoso", topic="t", subscription="s"),
    "queue": StorageQueueSource(name="queue", organization="contoso", queue="orders"),
    "off": HttpSource(name="off", organization="contoso", enabled=False),
}
SILENT = {"web": timedelta(hours=2), "off": timedelta(hours=2)}


async def sources(broker=None, seen=None, counted=None, storage=None, within=5.0):
    broker = broker or Broker()
    storage = storage or MemoryStorage(FakeClock())
    probe = SourcesProbe(sources=SOURCES, silent_after=SILENT, storage=storage, broker=lambda: broker, within=within)
    assert probe.watched == ("web",)
    answers = await probe.ask(seen or {}, counted or Totals(), NOW)
    assert set(answers) == {"web", "bus", "queue", EVENTS, RETRIES}
    return answers


async def test_sources_of_which_nothing_is_wrong_are_ok():
    broker = Broker()
    answers = await sources(broker)
    assert {answer.health for answer in answers.values()} == {"ok"}
    assert broker.asked == [("ServiceBus", {"queue": "", "topic": "t", "subscription": "s"})]


async def test_a_source_is_silent_after_its_time_and_not_before():
    long_ago = NOW - timedelta(hours=2, seconds=1)
    for seen, health in (
        (Seen(long_ago), "bad"),
        (Seen(long_ago, NOW - timedelta(hours=1)), "ok"),
        (Seen(NOW - timedelta(days=9), long_ago), "bad"),
        (Seen(NOW - timedelta(hours=2)), "ok"),
    ):
        web = (await sources(seen={"web": seen, "bus": Seen(long_ago)}))["web"]
        assert web.health == health, seen
        assert web.code == ("SourceSilent" if health == "bad" else "")
    # A clock that is set back makes nobody silent.
    assert (await sources(seen={"web": Seen(NOW + timedelta(days=1))}))["web"].health == "ok"


async def test_what_the_broker_has_set_aside_is_told_with_its_ids_and_reasons():
    broker = Broker(Peeked("m1", "Order", "MaxDeliveryCountExceeded"), Peeked("m2", "Order", ""))
    answer = (await sources(broker))["bus"]
    assert (answer.health, answer.code) == ("bad", "BrokerDeadLetters")
    assert answer.facts == {"count": "2", "reasons": "MaxDeliveryCountExceeded"}
    assert [(each.type, each.id, each.code) for each in answer.failed] == [
        ("Order", "m1", "MaxDeliveryCountExceeded"),
        ("Order", "m2", ""),
    ]
    many = (await sources(Broker(*[Peeked("m", "", "")] * AT_MOST)))["bus"]
    assert many.message == "the broker has set 5 or more messages aside (without a reason)"


@pytest.mark.parametrize(
    ("failure", "code"), [(Unreachable("no"), "Unreachable"), ("hangs", "Unreachable"), (KeyError("x"), "Unforeseen")]
)
async def test_a_broker_that_does_not_answer_is_unknown_and_nobody_else(failure, code):
    answers = await sources(Broker(failure=failure), within=0.05)
    assert (answers["bus"].health, answers["bus"].code) == ("unknown", code)
    assert {answer.health for name, answer in answers.items() if name != "bus"} == {"ok"}


async def test_messages_in_a_poison_queue_are_told_those_of_our_own_queues_too():
    storage = MemoryStorage(FakeClock())
    await storage.queue("orders-poison", connection="AzureWebJobsStorage").put(b"x")
    await storage.queue(f"{RETRIES}-poison").put(b"x")
    answers = await sources(storage=storage)
    assert {name for name, answer in answers.items() if answer.code == "PoisonMessages"} == {"queue", RETRIES}
    assert answers["queue"].facts == {"count": "1", "queue": "orders-poison"}
    storage.account.away = True
    answers = await sources(storage=storage)
    assert (answers["queue"].health, answers["queue"].code) == ("unknown", "StorageUnavailable")


async def test_a_source_whose_messages_go_back_is_failing_for_a_while():
    key = Key("failed", "contoso", "web", "", "StorageUnavailable")
    answer = (await sources(counted=totals((timedelta(minutes=1), {key: 3}, {}))))["web"]
    assert (answer.health, answer.code, answer.facts) == ("bad", "SourceFailing", {"count": "3"})
    late = totals((FAILING_FOR + timedelta(minutes=6), {key: 3}, {}))
    assert (await sources(counted=late))["web"].health == "ok"


class Fleet:
    def __init__(self, read=None) -> None:
        self.read = read
        self.lasting = None

    async def read_all(self, lasting):
        self.lasting = lasting
        if self.read is None:
            raise StorageUnavailable("away")
        return self.read


def app(fleet, storage=None, broker=None, callers=None):
    storage, clock = storage or MemoryStorage(FakeClock()), PassingClock(NOW)
    return AppProbe(
        storage=StorageProbe(storage),
        targets=TargetsProbe(Rows(OPEN), ("orders",), clock),
        sources=SourcesProbe(
            sources=SOURCES, silent_after=SILENT, storage=storage, broker=lambda: broker or Broker(), within=5
        ),
        thresholds={"contoso": Thresholds(growing=2, growing_window=timedelta(hours=30))},
        counted=fleet,
        clock=clock,
        callers=callers,
    )


async def test_the_app_is_asked_everything_at_once():
    parked = Key("parked", "contoso", "erp", "orders", "NotLinked")
    fleet = Fleet((totals((timedelta(hours=5), {parked: 3}, {})), {"web": Seen(NOW - timedelta(days=1))}))
    answers = await app(fleet).ask()
    assert fleet.lasting == timedelta(hours=30)
    assert {check: answer.code for check, answer in answers.items() if answer.health == "bad"} == {
        Check("target", "orders"): "TargetUnavailable",
        Check("source", "web"): "SourceSilent",
        Check("parked", "contoso"): "ParkedGrowing",
    }
    rest = {check for check, answer in answers.items() if answer.health == "ok"}
    assert rest == {
        Check("storage", APP),
        Check("dead_letters", "contoso"),
        Check("foreign", "contoso"),
        *(Check("source", name) for name in ("bus", "queue", EVENTS, RETRIES)),
    }


async def test_while_the_account_is_away_only_that_is_told_and_what_the_broker_says():
    storage = MemoryStorage(FakeClock())
    storage.account.away = True
    answers = await app(Fleet(), storage, Broker(Peeked("m", "Order", "expired"))).ask()
    assert {check: answer.code for check, answer in answers.items() if answer.health == "bad"} == {
        Check("storage", APP): "StorageUnavailable",
        Check("target", "orders"): "TargetUnavailable",
        Check("source", "bus"): "BrokerDeadLetters",
    }
    asked = {check.kind for check, answer in answers.items() if answer.health == "not_asked"}
    assert asked == {"source", "dead_letters", "parked", "foreign"}
