"""Route tables and events of one shape at any size, with the routes that have to match."""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from integration.config.keys.model import Route
from integration.events.event import Event

ENTITIES = [f"{letters}{number}" for number in range(1, 11) for letters in ("us", "de")]
GRIDS = {10: (5, 2, 1), 100: (5, 10, 2), 1000: (50, 10, 2), 10_000: (100, 20, 5)}
"""Routes → types × legal entities × thresholds of the shape `type + entity + number`."""


class Shape(msgspec.Struct, frozen=True):
    """A kind of route table.

    Args:
        name: As in the results.
        routes: Makes a number of routes.
        event: Makes an event for a table of that size, and the names of the routes that take it.
    """

    name: str
    routes: Callable[[int], list[Route]]
    event: Callable[[int, random.Random], tuple[Event, list[str]]]


def order(event_type: str, entity: str = "us1", total: float = 0.0, **attributes: Any) -> Event:
    """Make a decoded business event of about 1 KB."""
    contract: dict[str, Any] = {
        "BusinessEventId": event_type,
        "BusinessEventLegalEntity": entity.upper(),
        "ControlNumber": 5637611099,
        "EventId": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11",
        "EventTimeIso8601": "2026-01-01T12:00:00.1234567Z",
        "LegalEntity": entity.upper(),
        "OrderTotal": total,
        "Description": "an order",
        **{f"CustomField{number:02d}": f"value {number:04d}" for number in range(20)},
        **attributes.pop("data", {}),
    }
    event = Event(
        id="7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11",
        source="https://contoso.crm.dynamics.com/finance-operations",
        type=event_type,
        organization="contoso",
        data=msgspec.Raw(msgspec.json.encode(contract)),
        shape="business_event",
        extensions={"legalentity": entity.upper()},
        **attributes,
    )
    assert event.payload["LegalEntity"]  # decoded once, by whoever is first: not part of matching
    return event


def route(number: int, **fields: Any) -> Route:
    return Route(name=f"r{number}", target="t", **fields)


def grid(size: int) -> list[tuple[str, str, int]]:
    types, entities, thresholds = GRIDS[size]
    return [
        (f"Sales{kind:03d}ConfirmedBusinessEvent", ENTITIES[entity], 1000 * (step + 1))
        for kind in range(types)
        for entity in range(entities)
        for step in range(thresholds)
    ]


def _grid_routes(size: int) -> list[Route]:
    return [
        route(
            number,
            event_types=(kind,),
            filters=(
                {"operator": "StringIn", "key": "data.LegalEntity", "values": [entity]},
                {"operator": "NumberGreaterThan", "key": "data.OrderTotal", "value": bound},
            ),
        )
        for number, (kind, entity, bound) in enumerate(grid(size))
    ]


def _grid_event(size: int, rng: random.Random) -> tuple[Event, list[str]]:
    rows = grid(size)
    number = rng.choice([i for i, row in enumerate(rows) if row[2] == 1000])
    kind, entity, _ = rows[number]
    return order(kind, entity, 1500.5), [f"r{number}"]


def _typed(size: int) -> list[Route]:
    return [route(number, event_types=(f"Sales{number:05d}ConfirmedBusinessEvent",)) for number in range(size)]


def _prefixed(size: int) -> list[Route]:
    return [route(number, subject_begins_with=f"warehouse/{number:05d}/") for number in range(size)]


def _containing(size: int) -> list[Route]:
    entry = {"operator": "StringContains", "key": "data.Description"}
    return [route(number, filters=({**entry, "values": [f"part{number:05d}"]},)) for number in range(size)]


def _open(size: int) -> list[Route]:
    return [route(number, filters=({"operator": "IsNotNull", "key": "data.OrderTotal"},)) for number in range(size)]


def _typed_event(size: int, rng: random.Random) -> tuple[Event, list[str]]:
    number = rng.randrange(size)
    return order(f"Sales{number:05d}ConfirmedBusinessEvent"), [f"r{number}"]


def _prefixed_event(size: int, rng: random.Random) -> tuple[Event, list[str]]:
    number = rng.randrange(size)
    return order("Moved", subject=f"warehouse/{number:05d}/bin/7"), [f"r{number}"]


def _containing_event(size: int, rng: random.Random) -> tuple[Event, list[str]]:
    number = rng.randrange(size)
    return order("Sold", data={"Description": f"two of part{number:05d}, blue"}), [f"r{number}"]


def _open_event(size: int, _: random.Random) -> tuple[Event, list[str]]:
    return order("Sold"), [f"r{number}" for number in range(size)]


def _foreign_event(_: int, rng: random.Random) -> tuple[Event, list[str]]:
    return order(f"Purchase{rng.randrange(99)}BusinessEvent", "us1", 5000), []


SHAPES = (
    Shape("type", _typed, _typed_event),
    Shape("type + entity + number", _grid_routes, _grid_event),
    Shape("prefixes", _prefixed, _prefixed_event),
    Shape("contains", _containing, _containing_event),
    Shape("all match", _open, _open_event),
    Shape("none match", _grid_routes, _foreign_event),
)
