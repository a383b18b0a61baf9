"""A large app's rows, as the watch and the processes write them, for who measures what reads them."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import batched

import msgspec

from integration.clock import SystemClock
from integration.config.keys.health import Health
from integration.config.keys.model import Configuration, HttpSource, Organization
from integration.config.keys.targets import WebhookTarget
from integration.delivery.breaking.circuit_rows import CircuitRows, Standing
from integration.health import count_rows
from integration.health.check import Answer
from integration.health.days import Days
from integration.health.incidents import Incidents
from integration.health.machine import Incident, State
from integration.health.maintenance import MaintenanceCall
from integration.health.probes.remembered import Remembered
from integration.health.source_rows import SourceRows
from integration.health.standing import Standing as Stands
from integration.health.standing import Watched
from integration.health.standings import Kept, Standings, entity_of
from integration.health.sums import Sums
from integration.health.totals import Span, slot_of
from integration.links.values import Linked
from integration.operations.status import Rows as StatusRows
from integration.operations.status import StatusOperations
from integration.storage import Storage
from integration.storage.names import CIRCUITS, COUNTS, HEALTH
from integration.storage.tables import MOST_OPERATIONS, Entity, Put
from integration.tally import First, Key
from integration.web.health import HealthPages, Rows
from integration.web.status.pages import StatusPages

SOURCES = 20
OK = Answer(health="ok")


def names(kind: str, count: int) -> list[str]:
    return [f"{kind}-{number:04}" for number in range(count)]


def organization(number: int, now: datetime) -> Stands:
    """Return a standing; every fiftieth organization has lost its link; they are of twenty tenants."""
    identity = hashlib.sha256(str(number).encode()).hexdigest()
    link = Linked(
        url=f"https://organization-{number:04}.operations.dynamics.com",
        tenant_id=f"7c9e6679-7425-40de-944b-e07fc1f908{number % 20:02}",
        id=f"{identity[24:32]}-{identity[32:36]}-4000-8000-{identity[36:48]}",
        trusted=True,
        distrust="",
        checked_at=now,
    )
    lost = number % 50 == 0
    answer = (
        Answer(health="bad", code="0x80048d0b", message="Not integrated.") if lost else Answer(health="ok", link=link)
    )
    at = now - timedelta(seconds=number % 60)
    # Nine of ten stand as they did in the first round, a month ago.
    since = at - timedelta(days=30) if number % 10 else now - timedelta(minutes=number * 37)
    parts = {kind: Remembered(OK, at) for kind in ("token", "dataverse")} | {"link": Remembered(answer, at)}
    incident = Incident(id=identity[:16], kind="integration", opened_at=since, since=since, code=answer.code)
    state = State(
        phase="firing" if lost else "ok",
        answer=answer,
        checked_at=at,
        since=since,
        parts=parts,
        link=link,
        recent=0,
        remembered=64,
        incident=incident if lost else None,
    )
    alone = State(answer=OK, checked_at=at, since=since, remembered=64)
    days = Answer(health="ok", facts={"days": str(31 + number % 300)})
    states = {"integration": state, "finance_operations": alone, "trust": alone, "dead_letters": alone, "parked": alone}
    states["credential"] = msgspec.structs.replace(alone, answer=days)
    letters = "".join("obwn"[int(digit, 16) % 4] if int(digit, 16) < 4 else "o" for digit in identity + identity[:26])
    return Stands(states=states, asked_at=at, days=Days(now.date(), letters))


async def filled(storage: Storage, organizations: int, targets: int) -> None:
    """Write the rows.

    Args:
        storage: An empty account.
        organizations: How many.
        targets: How many; every tenth is left alone.
    """
    now, clock = datetime.now(UTC), SystemClock()
    rows: list[Entity] = []
    for number, name in enumerate(names("organization", organizations)):
        rows.append(entity(Watched("organization", name), organization(number, now)))
    alone = State(answer=OK, checked_at=now, since=now)
    rows += [entity(Watched("target", name), Stands(states={"target": alone})) for name in names("target", targets)]
    rows += [entity(Watched("source", name), Stands(states={"source": alone})) for name in names("source", SOURCES)]
    await put(storage, HEALTH, rows)
    circuits: list[Entity] = []
    for number, name in enumerate(names("target", targets)):
        state = "open" if number % 10 == 0 else "closed"
        until = now + timedelta(minutes=5) if state == "open" else None
        standing = Standing(target=name, state=state, since=now, until=until, code="TargetUnavailable")
        text = msgspec.json.encode(standing).decode()
        circuits.append({"PartitionKey": "target", "RowKey": hashed(name), "circuit": text})
    await put(storage, CIRCUITS, circuits)
    await SourceRows(storage).note(dict.fromkeys(names("source", SOURCES), now), (), now)
    call = MaintenanceCall(organization="organization-0001", since=now, until=now + timedelta(hours=1), by="anna")
    await Incidents(storage, clock).call(call)


def entity(watched: Watched, standing: Stands) -> Entity:
    return entity_of(watched, Kept(standing))


async def put(storage: Storage, table: str, rows: list[Entity]) -> None:
    opened = await storage.table(table)
    partitions: dict[str, list[Entity]] = {}
    for row in rows:
        partitions.setdefault(str(row["PartitionKey"]), []).append(row)
    for partition, members in partitions.items():
        for some in batched(members, MOST_OPERATIONS, strict=False):
            await opened.batch(partition, [Put(row) for row in some])


def hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


async def counted(storage: Storage, organizations: int, targets: int) -> None:
    """Write a day of counts, folded: a row for every five minutes."""
    now = datetime.now(UTC)
    rows: list[Entity] = []
    for slot in range(24 * 12):
        at = slot_of(now - timedelta(minutes=5 * slot))
        counts: dict[Key, int] = {}
        for number in range(20):
            organization, target = (slot * 20 + number) % organizations, number % targets
            about = (f"organization-{organization:04}", f"source-{number % SOURCES:04}")
            counts[Key("in", *about)] = 40 + number
            counts[Key("delivered", *about, f"target-{target:04}")] = 40
            counts[Key("deferred", *about, f"target-{target:04}", "TargetUnavailable")] = 3
        letter = Key("dead_lettered", "organization-0001", "source-0001", "target-0001", "TargetRejected")
        first = First(at=at, type="Order", id=hashed(str(slot)), route="large", letter=hashed(f"letter {slot}"))
        span = Span(at, counts | {letter: 1}, {letter: (first,)})
        keys = {"PartitionKey": count_rows.partition_of(at), "RowKey": count_rows.sum_key(at)}
        rows.append(keys | count_rows.written(span))
    await put(storage, COUNTS, rows)


def status_of(storage: Storage, organizations: int, targets: int) -> StatusPages:
    """Return what tells, as a page and as JSON, how these rows stand."""
    clock = SystemClock()
    configuration = Configuration(
        organizations={
            name: Organization(name=name, url=f"https://{name}.crm.dynamics.com", tenant="contoso.com")
            for name in names("organization", organizations)
        },
        sources={name: HttpSource(name=name, organization="organization-0001") for name in names("source", SOURCES)},
        routes=(),
        targets={name: WebhookTarget(name=name, url="https://hook.example") for name in names("target", targets)},
    )
    rows = StatusRows(
        standings=Standings(storage),
        circuits=CircuitRows(storage),
        sums=Sums(storage, clock),
        incidents=Incidents(storage, clock),
    )
    return StatusPages(StatusOperations(configuration, rows, clock), None, clock)


def pages_of(storage: Storage, organizations: int, targets: int) -> HealthPages:
    """Return what answers for these rows."""
    clock = SystemClock()
    return HealthPages(
        settings=Health(),
        organizations=names("organization", organizations),
        targets=names("target", targets),
        sources=names("source", SOURCES),
        rows=Rows(Standings(storage), CircuitRows(storage), SourceRows(storage), Incidents(storage, clock)),
        clock=clock,
    )
