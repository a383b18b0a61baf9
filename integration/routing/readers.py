"""Reading a key's value from an event, in the form that filters compare.

Text is case-folded once, here: every string comparison of Event Grid ignores case ("Event filtering for Azure Event
Grid": all string comparisons aren't case-sensitive). A read value is one of: folded text, a number, a boolean, None
(missing or null, which `IsNullOrUndefined` treats alike), a tuple of such values (an array, or a key that leads through
arrays of objects; nested arrays are opened), or `OTHER` (an object).

Two views. A **data** field has the type that JSON gives it; nothing is converted. An **attribute** of the envelope has
the type that the operator asks for, since CloudEvents attributes lose their type in the HTTP and AMQP bindings
(CloudEvents 1.0, "Type System"; Event Grid's page filters an integer attribute by `StringBeginsWith`): the control
number is compared as a number by `NumberGreaterThan` and as text by `StringIn`.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal

from integration.events.event import Event
from integration.routing.keys import ALIASES, DATA, Key

type Read = Callable[[Event], Any]
type View = Literal["text", "number", "boolean", "presence", "exact"]

kind_of: Final[Callable[[Any], object]] = type
LIST: Final[type[Any]] = list
DICT: Final[type[Any]] = dict
TUPLE: Final[type[Any]] = tuple
"""Compared with `type(value)`: JSON has no subclasses, and the checker learns nothing false about decoded JSON."""

OTHER: Final = object()
"""Stands for an object: a value that no operator but the null ones looks into."""

_WRITTEN_NUMBER = re.compile(r"[+-]?[0-9]{1,100}(?P<real>\.[0-9]{1,100})?")

INGRESS: Final = Key("sources", "\x00ingress")
"""The source that the event came in by; no filter can name it."""


def reader(key: Key, view: View, *, arrays: bool = True) -> Read:
    """Return the function that reads a key's value; the same one for the same arguments.

    Args:
        key: What to read.
        view: What the comparison needs of an attribute; `exact` is text with its case. Data has one view, and `exact`.
        arrays: Whether arrays are opened; without, they count as a value of another type.
    """
    if key.root == DATA:
        return _data(key.path, arrays)
    return _attribute(key.root, view)


def attribute(event: Event, name: str) -> str | int | bool | None:
    """Return an attribute of the envelope as CloudEvents has it, None where the event lacks it."""
    if name == "time":
        return event.written_time or None
    if name == "specversion":
        return "1.0"
    if name == INGRESS.root:
        return event.ingress
    if name in _FIELDS:
        return getattr(event, name)
    own = event.extensions.get(name)
    if own is not None or name not in ALIASES or (name == "topic" and event.shape != "event_grid"):
        return own
    return attribute(event, ALIASES[name])


_FIELDS = frozenset({"id", "source", "type", "subject", "organization", "datacontenttype", "dataschema"})


def walk(value: Any, path: tuple[str, ...]) -> tuple[list[Any], bool]:
    """Follow names into decoded JSON, through arrays of objects.

    Returns:
        The values found, and whether an array was passed on the way (then there may be any number of them).
    """
    values, through = [value], False
    for name in path:
        below: list[Any] = []
        for node in values:
            if type(node) is LIST:
                through = True
                below.extend(item[name] for item in _opened(node) if type(item) is DICT and name in item)
            elif type(node) is DICT and name in node:
                below.append(node[name])
        values = below
    return values, through


def _opened(items: list[Any]) -> list[Any]:
    flat: list[Any] = []
    stack = items[::-1]
    while stack:
        item = stack.pop()
        if type(item) is LIST:
            stack.extend(item[::-1])
        else:
            flat.append(item)
    return flat


def _settled(value: Any) -> Any:
    if type(value) is str:
        return value.casefold()
    if kind_of(value) is DICT:
        return OTHER
    if kind_of(value) is LIST:
        return tuple(map(_settled, _opened(value)))
    return value


@cache
def _data(path: tuple[str, ...], arrays: bool) -> Read:  # noqa: FBT001 (a cache key)
    if not arrays:
        return lambda event: _closed(event.payload, path)
    if len(path) == 1:
        return _field(path[0])

    def read(event: Event) -> Any:
        values, through = walk(event.payload, path)
        if not through:
            return _settled(values[0]) if values else None
        present = [value for value in values if value is not None]
        return _settled(present) if present else None

    return read


def _field(name: str) -> Read:
    def read(event: Event) -> Any:
        payload = event.payload
        if type(payload) is DICT:
            value = payload.get(name)
            return value.casefold() if type(value) is str else _settled(value)
        values = [value for value in walk(payload, (name,))[0] if value is not None]
        return _settled(values) if values else None

    return read


def _closed(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if type(value) is not DICT or name not in value:
            return None
        value = value[name]
    return OTHER if type(value) is LIST else _settled(value)


def _event_type(event: Event) -> str:
    return event.type.casefold()


EVENT_TYPE: Final[Read] = _event_type
"""The reader of the event's type, which nodes read without it."""


@cache
def _attribute(name: str, view: View) -> Read:
    if name == "type" and view == "text":
        return EVENT_TYPE
    convert = _CONVERSIONS[view]

    def read(event: Event) -> Any:
        value = attribute(event, name)
        return None if value is None else convert(value)

    return read


def as_text(value: str | int | bool) -> str:  # noqa: FBT001 (a CloudEvents attribute)
    """Write an attribute's value as CloudEvents does: `true`, `false`, decimal digits, or the text itself."""
    if type(value) is bool:
        return "true" if value else "false"
    return str(value)


def _number(value: str | int | bool) -> Any:  # noqa: FBT001 (a CloudEvents attribute)
    if type(value) is not str:
        return value
    written = _WRITTEN_NUMBER.fullmatch(value)
    if written is None:
        return OTHER
    return float(value) if written["real"] else int(value)


def _boolean(value: str | int | bool) -> Any:  # noqa: FBT001 (a CloudEvents attribute)
    return {"true": True, "false": False}.get(value.casefold(), OTHER) if type(value) is str else value


_CONVERSIONS: dict[View, Callable[[str | int | bool], Any]] = {
    "text": lambda value: as_text(value).casefold(),
    "exact": as_text,
    "number": _number,
    "boolean": _boolean,
    "presence": lambda value: value,
}
