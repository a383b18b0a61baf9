"""What a source or a target says for itself: echoes that are dropped, waits between attempts."""

import json
import random
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from integration.config.keys.model import Delivery, HttpSource, Route, StorageQueueTarget
from integration.dataverse import Identity
from integration.delivery import Pipeline, Work
from integration.delivery.outcome import Buried, Deferred, Delivered, Duplicate, Ignored
from integration.delivery.queued.chain import Chain
from integration.delivery.screening.guard import Guard
from integration.errors import TargetUnavailable
from integration.events.decode import decode
from integration.journal import Journal, Subject
from integration.journal.scope import ByRoute
from integration.routing.table import RouteTable
from tests.fixtures.bench import AT, ORDERS, OTHERS, business_event

SAMPLES = Path(__file__).parents[3] / "emulation" / "samples"
CONTEXT = json.loads((SAMPLES / "plugin-update-stripped.json").read_text())
ME, SOMEBODY = "33333333-0000-4000-8000-000000000003", "44444444-0000-4000-8000-000000000004"
ACCOUNTS = Route(name="orders", target="orders", event_types=("account.*",), requires_link=False)


class Longest(random.Random):
    """Draws the longest wait every time."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class Ourselves:
    """Dataverse, asked who we are."""

    async def of(self, organization, *, younger_than=None):
        assert organization.name == "contoso"
        return Identity(organization_id=CONTEXT["OrganizationId"], user_id=ME, business_unit_id=SOMEBODY)


def pipeline(bench, routes, configuration, **options):
    return Pipeline(
        configuration=configuration,
        table=RouteTable.compile(routes),
        links=bench.links,
        rows=bench.rows,
        targets=bench.targets,
        dead_letters=bench.dead_letters,
        retries=bench.retries,
        clock=bench.clock,
        rng=Longest(),
        journal=bench.journal,
        **options,
    )


@pytest.fixture
def guarded(bench):
    """The pipeline that drops echoes of one source, under the journal."""
    bench.journal = Journal(bench.storage, bench.clock, random.Random(1), timedelta(days=14))
    bench.build((ACCOUNTS,))
    sources = {"erp": HttpSource(name="erp", organization="contoso", drop_echoes=True)}
    configuration = msgspec.structs.replace(bench.configuration, sources=sources)
    guard = Guard(configuration, Ourselves())
    bench.pipeline = pipeline(bench, (ACCOUNTS,), configuration, guard=guard)
    return bench


def caused_by(user: str) -> bytes:
    return json.dumps({**CONTEXT, "InitiatingUserId": user}).encode()


async def row(bench, body):
    (event,) = decode(bench.inbound(body)).events
    return await bench.journal.find(Subject.of(event))


async def test_an_echo_of_our_own_write_has_a_row_that_says_so_and_reaches_no_target(guarded):
    echo = caused_by(ME)
    assert await guarded.pipeline.receive(guarded.inbound(echo)) == [Ignored("echo")]
    kept = await row(guarded, echo)
    assert (kept.state, kept.reason, kept.deliveries) == ("done", "echo", ())
    assert guarded.orders.shipments == []
    assert (await guarded.dead(), await guarded.parked(), await guarded.continuations()) == ([], [], [])
    assert await guarded.pipeline.receive(guarded.inbound(echo)) == [Duplicate()]
    assert (await row(guarded, echo)).duplicates == 1


async def test_what_somebody_else_wrote_is_delivered(guarded):
    body = caused_by(SOMEBODY)
    assert await guarded.pipeline.receive(guarded.inbound(body)) == [Delivered("orders", 200, "ok")]
    assert (await row(guarded, body)).reason == ""
    assert len(guarded.orders.shipments) == 1


async def test_a_target_waits_by_its_own_schedule_and_the_others_by_the_common_one(bench):
    own = StorageQueueTarget(
        name="orders", queue="orders", retry_after=(timedelta(seconds=30), timedelta(minutes=2), timedelta(hours=1))
    )
    configuration = msgspec.structs.replace(
        bench.configuration,
        targets={**bench.configuration.targets, "orders": own},
        delivery=Delivery(retry_after=(timedelta(seconds=5),)),
    )
    works = pipeline(bench, (ORDERS, OTHERS), configuration)
    bench.orders.failures = [TargetUnavailable("down") for _ in range(4)]
    bench.others.failures = [TargetUnavailable("down") for _ in range(2)]
    body = business_event(EventId="A" * 8)
    (event,) = decode(bench.inbound(body)).events
    outcomes = await works.receive(bench.inbound(body))
    code = "TargetUnavailable"
    assert outcomes == [
        Deferred("orders", AT + timedelta(seconds=30), code, 1),
        Deferred("others", AT + timedelta(seconds=5), code, 1),
    ]
    waits = []
    for attempt in (1, 2, 3):
        work = Work(scope=ByRoute("orders"), accepted_at=AT, event=event, chain=Chain(attempt=attempt))
        (outcome,) = await works.resume(work)
        if isinstance(outcome, Deferred):
            waits.append(outcome.until - AT)
    assert waits == [timedelta(minutes=2), timedelta(hours=1)]
    assert outcome == Buried("orders", "RetriesExhausted")
    (outcome,) = await works.resume(Work(scope=ByRoute("others"), accepted_at=AT, event=event, chain=Chain(attempt=1)))
    assert outcome == Buried("others", "RetriesExhausted")
