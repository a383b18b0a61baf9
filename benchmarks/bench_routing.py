"""Matching an event against route tables of any size; building them; their memory."""

import gc
import random
import time
import tracemalloc
from collections.abc import Callable
from functools import partial

from benchmarks.measure import Row, Samples, row, side_by_side
from benchmarks.routes_sample import SHAPES, Shape, grid
from integration.events.event import Event
from integration.routing.table import RouteTable

SIZES = (10, 100, 1_000, 10_000)
FLAT = {"type", "type + entity + number", "prefixes"}  # design §11: 10,000 routes cost at most 1.2 times 10 routes
EVENTS = 32


def rows(*, quick: bool = False) -> list[Row]:
    measured: list[Row] = []
    for shape in SHAPES:
        measured += _by_size(shape, quick=quick)
    return [*measured, *_against_closures(quick=quick), *_built(quick=quick), _memory()]


def _by_size(shape: Shape, *, quick: bool) -> list[Row]:
    work = {str(size): partial(_match_all, *_prepared(shape, size)) for size in SIZES}
    micro = _micro(side_by_side(work, rounds=5 if quick else 15, seconds=0.02 if quick else 0.05))
    return [
        row(
            f"routing {shape.name}, {size:,} routes",
            micro[str(size)],
            "µs",
            base=micro["10"],
            against="itself at 10 routes",
            budget=1.2 if shape.name in FLAT and size == SIZES[-1] else None,
            paired=True,
        )
        for size in SIZES
    ]


def _prepared(shape: Shape, size: int) -> tuple[RouteTable, list[Event]]:
    table = RouteTable.compile(shape.routes(size))
    rng = random.Random(size)
    events: list[Event] = []
    for _ in range(EVENTS):
        event, expected = shape.event(size, rng)
        assert [taken.name for taken in table.match(event).routes] == expected
        events.append(event)
    return table, events


def _match_all(table: RouteTable, events: list[Event]) -> None:
    match = table.match
    for event in events:
        match(event)


def _micro(seconds: dict[str, list[float]]) -> dict[str, Samples]:
    return {name: [sample / EVENTS * 1e6 for sample in samples] for name, samples in seconds.items()}


def _against_closures(*, quick: bool) -> list[Row]:
    """Race a loop over closures as one would write them by hand, their cheapest test first."""
    shape = next(each for each in SHAPES if each.name == "type + entity + number")
    table, events = _prepared(shape, 100)
    tests = [(f"r{number}", _closure(*cells)) for number, cells in enumerate(grid(100))]
    for event in events:
        assert [name for name, test in tests if test(event)] == [each.name for each in table.match(event).routes]

    def loop() -> None:
        for event in events:
            [name for name, test in tests if test(event)]

    contenders = {"closures": loop, "fno-link": partial(_match_all, table, events)}
    micro = _micro(side_by_side(contenders, rounds=5 if quick else 25, seconds=0.02 if quick else 0.05))
    against = "fno-link's table on the same 100 routes and events"
    name = "a loop over hand-written closures, type + entity + number, 100 routes"
    return [row(name, micro["closures"], "µs", base=micro["fno-link"], against=against, budget=5, direction="at_least")]


def _closure(event_type: str, entity: str, bound: float) -> Callable[[Event], bool]:
    def test(event: Event) -> bool:
        if event.type != event_type:
            return False
        data = event.payload
        return data.get("LegalEntity", "").lower() == entity and data.get("OrderTotal", 0) > bound

    return test


def _built(*, quick: bool) -> list[Row]:
    """Build the largest table, beside one of a tenth of its routes: what a route costs must not grow with them."""
    made: list[Row] = []
    for shape in SHAPES[:4]:
        tables = {size: shape.routes(size) for size in SIZES[-2:]}
        samples: dict[int, list[float]] = {size: [] for size in tables}
        for _ in range(2 if quick else 7):
            for size, routes in tables.items():
                gc.collect()
                start = time.process_time()  # one thread, no waiting: whatever else the machine does is not building
                for _ in range(SIZES[-1] // size):
                    RouteTable.compile(routes)
                samples[size].append(time.process_time() - start)
        made.append(
            row(
                f"building {shape.name}, 10,000 routes",
                samples[SIZES[-1]],
                "s",
                base=samples[SIZES[-2]],
                against="ten times 1,000 routes, processor time",
                budget=1.5,
            )
        )
    return made


def _memory() -> Row:
    routes = SHAPES[1].routes(SIZES[-1])
    gc.collect()
    tracemalloc.start()
    table = RouteTable.compile(routes)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table.routes) == len(routes)
    return row("memory a route, type + entity + number, 10,000 routes", held / len(routes) / 1024, "KiB")
