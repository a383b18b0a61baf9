"""What a filter or a template may name: fields of the data and attributes of the envelope.

A key is `data`, `data.A.B`, or one attribute. A field name that holds a dot or a bracket is quoted:
`data["a.b"].C` or `data['a.b'].C`; spaces need no quotes. Attributes go by the names of both schemas of "Event
filtering for Azure Event Grid" (`id`, `type` or `eventType`, `source` or `topic`, `subject`, `dataVersion`), and any
CloudEvents extension attribute by its own (`legalentity`, `fnourl`). An event's own extension comes before a name of
the other schema: Dapr sets an extension `topic`. Attribute names ignore case, as that page's own samples do (`Subject`,
`Data.Key1`); field names of the data do not, as JSON's do not.
"""

import re
from functools import lru_cache

import msgspec

DATA = "data"
LINK_ATTRIBUTES = frozenset({"fnourl", "fnoid", "fnotenantid"})
"""Stamped on an event when the link is known; a filter on one of them needs the link."""

ALIASES = {
    "eventid": "id",
    "eventtype": "type",
    "topic": "source",
    "eventtime": "time",
    "eventtypeversion": "dataversion",
    "cloudeventsversion": "specversion",
}
"""Event Grid's older names of the attributes (both schemas), to ours; `topic` only of events in its own schema."""

ATTRIBUTES = (
    "id",
    "source",
    "type",
    "subject",
    "time",
    "organization",
    "specversion",
    "datacontenttype",
    "dataschema",
    "dataversion",
    "legalentity",
    "controlnumber",
    "correlationid",
    "traceparent",
    *sorted(LINK_ATTRIBUTES),
)
"""The attributes that fno-link itself knows; a foreign CloudEvent may carry others."""

_ATTRIBUTE = re.compile(r"[A-Za-z0-9]+")
_PLAIN = re.compile(r"[^.\[\]{}]+")
_IN_ADDRESSES = frozenset("@:/")
_SEGMENT = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\['([^']*)'\]|\.([^.\[\]{}]+)""")


class Key(msgspec.Struct, frozen=True):
    """A parsed key.

    Args:
        text: As written.
        root: `data`, or the attribute's name in lower case.
        path: The names of nested fields below `data`.
    """

    text: str
    root: str
    path: tuple[str, ...] = ()

    @property
    def needs_link(self) -> bool:
        """Whether only a stamped event has this attribute."""
        return self.root in LINK_ATTRIBUTES


class UnreadableKey(ValueError):
    """The key cannot be parsed; the message says why."""


@lru_cache(maxsize=4096)
def parse_key(text: str) -> Key:
    """Parse a key.

    Args:
        text: `data.LegalEntity`, `data["a.b"].C`, `subject`, `fnourl` …

    Returns:
        The key, its attribute name in lower case.

    Raises:
        UnreadableKey: It names nothing that an event can have.
    """
    head = _ATTRIBUTE.match(text)
    if head is None:
        msg = f"{_quoted(text)} does not begin with `data` or an attribute's name"
        raise UnreadableKey(msg)
    root, end = head.group().lower(), head.end()
    path: list[str] = []
    while end < len(text):
        segment = _SEGMENT.match(text, end)
        if segment is None:
            msg = f'{_quoted(text)} cannot be read from character {end + 1} on; quote names with dots: data["a.b"]'
            raise UnreadableKey(msg)
        path.append(_name(segment, text))
        end = segment.end()
    if path and root != DATA:
        msg = f"{_quoted(text)}: only `data` has fields below it; did you mean `data.{text}`?"
        raise UnreadableKey(msg)
    return Key(text, root, tuple(path))


def doubtful(key: Key) -> str:
    """Return how a key is probably meant whose dots belong to a name that is no path; empty when it reads as one.

    Claims are named by URLs, and annotations of OData by dotted names: `data.claims.http://schemas.contoso.com/name`,
    `data.row.statuscode@OData.Community.Display.V1.FormattedValue`.
    """
    plain = [segment[3] is not None for segment in _SEGMENT.finditer(key.text, len(key.root))]
    for at, name in enumerate(key.path):
        if plain[at] and not _IN_ADDRESSES.isdisjoint(name):
            rest = range(at + 1, len(key.path))
            end = next((other for other in rest if not plain[other]), len(key.path))
            if end == at + 1:
                continue
            meant = msgspec.json.encode(".".join(key.path[at:end])).decode()
            before, after = (_written(key.path[:at]), _written(key.path[end:]))
            return f"{key.root}{before}[{meant}]{after}"
    return ""


def _written(path: tuple[str, ...]) -> str:
    return "".join(f".{name}" if _PLAIN.fullmatch(name) else f"[{msgspec.json.encode(name).decode()}]" for name in path)


def _name(segment: re.Match[str], text: str) -> str:
    escaped, literal, plain = segment.groups()
    if escaped is None:
        return literal if literal is not None else plain
    try:
        return msgspec.json.decode(f'"{escaped}"', type=str)
    except msgspec.DecodeError as error:
        msg = f"{_quoted(text)}: {_quoted(escaped)} is not a JSON string"
        raise UnreadableKey(msg) from error


def _quoted(text: str, most: int = 80) -> str:
    return repr(text if len(text) <= most else text[:most] + "…")
