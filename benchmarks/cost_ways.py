"""The ways of an event whose cost is told in docs/cost.md, each measured alone on a warm app."""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from benchmarks.cost_world import ROUTES, Cost, CostWorld

ALONE = 3
TOGETHER = 64
LETTERS = 20
# What is read and written by time, however many events come meanwhile: the newest numbers, circuits, counts, links.
BY_TIME = ("table.fnolinknewest", "table.fnolinkcircuits", "table.fnolinkcounts", "table.fnolinklinks")
LARGE = 100_000


class Way(msgspec.Struct, frozen=True):
    """One way.

    Args:
        words: What the page calls it.
        act: Sends an event; all of them where they come together.
        executions: Executions of an event at least, by which it is seen that all is done.
        events: How many come at once; of a way whose events come alone it says nothing.
        together: Whether they come at once.
        before: Done before each, not counted.
        bus: Operations of Service Bus as it bills them: a send, a message that is received, one that is completed (page
            "Service Bus pricing", questions: receiving under a lock and completing are two). Stated, not measured.
    """

    words: str
    act: Callable[[CostWorld], object]
    executions: float
    events: int = 1
    together: bool = False
    before: Callable[[CostWorld], object] | None = None
    bus: int = 0


def _post(world: CostWorld, type_: str, **fields: object) -> None:
    world.post(world.event(type_, **fields))


def _failing(world: CostWorld, status: int, times: int = 1) -> None:
    world.receivers.fail("hook", times=times, status=status)


def _hook(world: CostWorld) -> None:
    _post(world, "HookBusinessEvent")


def _sent(world: CostWorld) -> None:
    world.again = world.event("To1BusinessEvent")
    world.cost(partial(_again, world), 1, 2)


def _again(world: CostWorld) -> None:
    world.post(world.again)


def _letters(world: CostWorld) -> None:
    world.ask("POST", "dead-letters/purge", {"all": True, "dryRun": False})
    world.settle()
    _failing(world, 400, LETTERS)
    world.cost(lambda: [_hook(world) for _ in range(LETTERS)], LETTERS, 2 * LETTERS)


def _replay(world: CostWorld) -> None:
    world.ask("POST", "dead-letters/replay", {"all": True, "perSecond": 1000})


WAYS: Mapping[str, Way] = {
    **{
        f"{count} routes" if count > 1 else "1 route": Way(
            f"over HTTP to {count} storage queue{'s' * (count > 1)}",
            partial(_post, type_=f"To{count}BusinessEvent"),
            2,
        )
        for count in ROUTES
    },
    "webhook": Way("over HTTP to a webhook", _hook, 2),
    "bus target": Way("over HTTP to Service Bus", partial(_post, type_="BusBusinessEvent"), 2, bus=1),
    "queue source": Way(
        "from a storage queue to a storage queue", lambda world: world.put(world.event("To1BusinessEvent")), 1
    ),
    "bus source": Way(
        "from Service Bus to Service Bus", lambda world: world.send(world.event("BusBusinessEvent")), 1, bus=3
    ),
    "together": Way(
        f"from a storage queue to a storage queue, {TOGETHER} at once",
        lambda world: world.put(*(world.event("To1BusinessEvent") for _ in range(TOGETHER))),
        1,
        events=TOGETHER,
        together=True,
        before=lambda world: world.cost(lambda: world.put(world.event("To1BusinessEvent")), 1, 1),
    ),
    "large": Way(
        "over HTTP to a webhook, 100 KB: more than a queue's message holds",
        partial(_post, type_="HookBusinessEvent", Notes="n" * LARGE),
        2,
    ),
    "duplicate": Way("over HTTP, a duplicate", _again, 2, before=_sent),
    "retry": Way(
        "over HTTP to a webhook that takes it at the second try",
        _hook,
        3,
        before=partial(_failing, status=503),
    ),
    "dead letter": Way("over HTTP to a webhook that refuses it", _hook, 2, before=partial(_failing, status=400)),
    "replay": Way(
        f"a dead letter replayed to a webhook, of {LETTERS} in one order",
        _replay,
        1 / LETTERS,
        events=LETTERS,
        together=True,
        before=_letters,
    ),
}


def measure(world: CostWorld, way: Way, *, events: int = ALONE) -> tuple[Cost, Cost]:
    """Return what an event of a way costs, and what was asked meanwhile by time, in all.

    Args:
        world: Where.
        way: Which.
        events: How many are sent of a way whose events come alone: what the dearest of them costs is returned.
    """
    if way.together:
        if way.before is not None:
            way.before(world)
        found = world.cost(lambda: way.act(world), way.events, max(1, round(way.executions * way.events)))
        return _split(found, way.events)
    most: dict[str, float] = {}
    by_time: dict[str, float] = {}
    for turn in range(-1, events):
        if way.before is not None:
            way.before(world)
        own, beside = _split(world.cost(lambda: way.act(world), 1, round(way.executions)), 1)
        if turn >= 0:  # the first makes queues and tables, and opens connections
            most = {name: max(most.get(name, 0), own.get(name, 0)) for name in most | own}
            by_time = {name: by_time.get(name, 0) + beside.get(name, 0) for name in by_time | beside}
    return most, by_time


def _split(found: Cost, events: int) -> tuple[Cost, Cost]:
    beside = {name: count * events for name, count in found.items() if name.startswith(BY_TIME)}
    return {name: count for name, count in found.items() if name not in beside}, beside
