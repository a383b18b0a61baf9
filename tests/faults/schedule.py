"""From a seed to a plan: how many hosts, which messages when, which faults when. Pure: the same seed, the same plan."""

import random
from collections.abc import Iterator
from typing import Literal

import msgspec

from tests.faults import evidence
from tests.faults.topology import GROUPS, LARGE, LEASE, ORGANIZATIONS, SOURCES, TYPES

type Kind = Literal[
    "event", "large", "record", "duplicate", "resend", "echo", "empty", "undecodable", "foreign", "unrouted"
]

# Seconds that each fault lasts, least and most. What must outlast a lease, a token or some rounds of the watch does;
# records rot for as long as the fault beside it, and so much longer.
LASTS: dict[evidence.Fault, tuple[float, float]] = {
    "host_kill": (0.5, 2.0),
    "host_pause": (LEASE + 1, LEASE + 2),
    "broker_kill": (0.5, 2.5),
    "broker_cut": (1.0, 2.0),
    "broker_slow": (2.0, 4.0),
    "broker_throttled": (2.0, 4.0),
    "broker_locks_lost": (1.0, 2.0),
    "storage_cut": (LEASE + 1, LEASE + 3),
    "storage_slow": (3.0, 5.0),
    "storage_reset": (2.0, 4.0),
    # Much shorter than a lease, and so no excuse for anything.
    "transaction_unanswered": (2.0, 4.0),
    "transaction_refused": (2.0, 4.0),
    "dataverse_throttled": (3.0, 5.0),
    "dataverse_down": (9.0, 10.0),
    "dataverse_slow": (3.0, 5.0),
    "link_lost": (9.0, 10.0),
    "link_moved": (2.0, 4.0),
    "secret_expired": (6.0, 8.0),
    "receiver_error": (2.0, 4.0),
    "receiver_refuses": (1.0, 2.0),
    "receiver_throttles": (2.0, 4.0),
    "receiver_hangs": (2.0, 5.0),
    "receiver_drops": (2.0, 4.0),
    "receiver_slow": (3.0, 5.0),
    "counterpart_lies": (3.0, 5.0),
    "record_rots": (1.5, 2.5),
}
LEAVES = ("link", "receiver", "counterpart", "dataverse", "secret")
"""Faults that leave parked deliveries, retries and dead letters: records rot beside one, where there is one."""
LONG = frozenset({"host_pause", "storage_cut", "secret_expired"})
"""A small seed has one of these at most, to be over soon."""
# Of a host that has a process for each scaling group, the ones that do something all the time.
PROCESSES = ("http", "process_events", "process_retries", "source_bus_queue", "source_bus_topic", "source_storage")
RECEIVERS = ("plain", "linked", "erp")
SMALL = 200
CALM = (1.5, 2.5)
# While transactions fail, what is sent comes in bursts: events that come one by one are in none.
BURST = 0.5
# Seconds a message: what two cores keep up with, of one seed whose hosts have a process for each scaling group, or of
# two at once whose hosts have one for all.
PACE = 0.055
_MIX: dict[Kind, int] = {
    "event": 62,
    "large": 4,
    "record": 8,
    "duplicate": 9,
    "resend": 4,
    "echo": 3,
    "empty": 3,
    "undecodable": 3,
    "foreign": 2,
    "unrouted": 2,
}
_ALL, _BUSINESS = tuple(SOURCES), tuple(name for name in SOURCES if name != "echoing")
_RECORDS = ("echoing", "bus-topic")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message.

    Args:
        number: Its number; ids follow from it.
        at: Seconds from the start.
        kind: What it is.
        source: Where it is sent to.
        type: The event's type; empty where there is no event.
        of: Of a duplicate or resend: the number of the message that it repeats.
        host: The host that is tried first, of those there are.
    """

    number: int
    at: float
    kind: Kind
    source: str
    type: str = ""
    of: int = -1
    host: int = 0


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: what, whom, from when and for how long, in seconds from the start."""

    fault: evidence.Fault
    subject: str = ""
    start: float
    lasts: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided before anything runs."""

    seed: int
    hosts: int
    messages: tuple[Message, ...]
    faults: tuple[Planned, ...]

    def __str__(self) -> str:
        """Return the plan as a reader wants it."""
        counts = {kind: sum(message.kind == kind for message in self.messages) for kind in _MIX}
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        lines = [f"seed {self.seed}: {self.hosts} hosts, {len(self.messages)} messages ({said})"]
        lines += [
            f"  {each.start:5.1f} s, for {each.lasts:.1f} s: {each.fault} {each.subject}".rstrip()
            for each in self.faults
        ]
        return "\n".join(lines)


def plan(seed: int, events: int) -> Plan:
    """Draw a plan.

    Args:
        seed: Of everything that is drawn.
        events: How many messages are sent.
    """
    rng = random.Random(f"{seed}/{events}")  # a draw, no secret
    hosts = rng.choice((2, 2, 3, 4) if events > SMALL else (2, 2, 3))
    faults = tuple(_faults(rng, hosts, events))
    over = max(each.start + each.lasts for each in faults)
    bursts = tuple(each for each in faults if each.fault.startswith("transaction"))
    messages = tuple(_messages(rng, hosts, events, max(over + 1.0, events * PACE), over, bursts))
    return Plan(seed=seed, hosts=hosts, messages=messages, faults=faults)


def _faults(rng: random.Random, hosts: int, events: int) -> Iterator[Planned]:
    count = 3 if events <= SMALL else rng.choice((7, 8, 9))
    drawn: list[evidence.Fault] = []
    while len(drawn) < count:
        fault = rng.choice(tuple(LASTS))
        crowded = fault in LONG and any(each in LONG for each in drawn) and events <= SMALL
        if fault not in drawn and not crowded:
            drawn.append(fault)
    at = rng.uniform(1.0, 1.5)
    rots = "record_rots" in drawn
    beside = next((each for each in drawn if each.startswith(LEAVES)), next(e for e in drawn if e != "record_rots"))
    for fault in drawn:
        if fault == "record_rots":
            continue
        lasts = rng.uniform(*LASTS[fault])
        yield Planned(fault=fault, subject=_subject(rng, fault, hosts), start=round(at, 2), lasts=round(lasts, 2))
        if rots and fault == beside:
            lasts += rng.uniform(*LASTS["record_rots"])
            yield Planned(fault="record_rots", start=round(at, 2), lasts=round(lasts, 2))
        at += lasts + rng.uniform(*CALM)


def _subject(rng: random.Random, fault: evidence.Fault, hosts: int) -> str:
    match fault.partition("_")[0]:
        case "host":
            host = f"host-{rng.randrange(hosts)}"
            # Every other kill takes the whole host, the others one of its processes.
            process = rng.choice(PROCESSES) if fault == "host_kill" and rng.random() < 1 / 2 else ""
            return f"{host} {process}".rstrip()
        case "receiver":
            return rng.choice(RECEIVERS)
        case "counterpart":
            return rng.choice((*RECEIVERS, *ORGANIZATIONS))
        case "link" | "dataverse":
            return rng.choice(ORGANIZATIONS)
        case _:
            return rng.choice(("orders", "invoices")) if fault == "broker_throttled" else ""


def _messages(  # noqa: PLR0917  # what a plan is drawn from
    rng: random.Random, hosts: int, count: int, lasts: float, over: float, bursts: tuple[Planned, ...]
) -> Iterator[Message]:
    times = sorted(_in_a_burst(rng.uniform(0.0, lasts), bursts) for _ in range(count))
    kinds = rng.choices(tuple(_MIX), tuple(_MIX.values()), k=count)
    made: list[Message] = []
    for number, (at, kind) in enumerate(zip(times, kinds, strict=True)):
        message = Message(number=number, at=round(at, 3), kind=kind, source="", host=rng.randrange(hosts))
        made.append(_filled(rng, message, made, over))
    yield from sorted(made, key=lambda message: message.at)


def _in_a_burst(at: float, bursts: tuple[Planned, ...]) -> float:
    begun = next((each.start for each in bursts if 0.0 <= at - each.start < each.lasts), at)
    return begun + (at - begun) // BURST * BURST


def _filled(rng: random.Random, message: Message, before: list[Message], over: float) -> Message:
    repeatable = [each for each in before if each.kind in ("event", "large", "record")]
    kind, at = message.kind, message.at
    if kind in ("duplicate", "resend") and not repeatable:
        kind = "event"
    source, type_, of = rng.choice(_BUSINESS), "", -1
    match kind:
        case "event":
            type_ = f"{rng.choice(TYPES)}BusinessEvent"
        case "large":
            type_ = f"{rng.choice(LARGE)}BusinessEvent"
            source = rng.choice(("contoso-http", "fabrikam-http", "bus-queue"))
        case "record" | "foreign":
            source, type_ = rng.choice(_RECORDS), "account.Update"
        case "duplicate":
            # Of something recent, so that both are sometimes under way at once.
            first = rng.choice(repeatable[-6:])
            source, type_, of = _another_way(rng, first.source), first.type, first.number
        case "resend":
            # As somebody does who has seen dead letters: after it all.
            first = rng.choice(repeatable)
            source, type_, of = _another_way(rng, first.source), first.type, first.number
            at = round(max(at, over + rng.uniform(0.5, 1.5)), 3)
        case "echo":
            source, type_ = "echoing", "account.Update"
        case "unrouted":
            type_ = "UnroutedBusinessEvent"
        case _:
            source = rng.choice(_ALL)
    return msgspec.structs.replace(message, kind=kind, at=at, source=source, type=type_, of=of)


def _another_way(rng: random.Random, source: str) -> str:
    """Return the source by which an event comes again: at times another one of its group."""
    others = [each for each in SOURCES if each in GROUPS and GROUPS[each] == GROUPS.get(source)]
    return rng.choice([source, source, *others])
