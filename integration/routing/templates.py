r"""Texts with fields: a target's session, subject, URL or path, filled from an event and its link.

`{data.SalesOrderId}`, `{subject}`, `{legalentity}`, `{link.url}`; `{{` and `}}` are braces. Fields are keys as in
filters; `{extension.NAME}` is an attribute of a foreign CloudEvent that fno-link does not know.

A value is encoded for where it lands, so that it can change nothing but its own place. In a URL every character but
RFC 3986's unreserved ones is percent-encoded: `/`, `\`, `%`, `?`, `#`, `@`, control and non-ASCII characters among
them. A value that would make a path segment `.` or `..`, or that is empty, is refused, since clients and servers
remove such segments. Sessions and subjects hold no control characters (CloudEvents 1.0 allows none in an attribute).
The scheme and host of a URL are never a template.

Values are written as they are in JSON: text as it is, `true` and `false`, numbers by their shortest form; `time` in
ISO 8601, UTC. Null counts as missing; arrays and objects have no text.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote, unquote

import msgspec

from integration.errors import ConfigurationError, Problem, TemplateField
from integration.events.event import Event
from integration.routing.conditions import did_you_mean
from integration.routing.keys import ALIASES, ATTRIBUTES, DATA, Key, UnreadableKey, parse_key
from integration.routing.readers import DICT, LIST, as_text, attribute

if TYPE_CHECKING:
    from integration.links.values import Linked  # only its name is needed: import budget

type Landing = Literal[
    "plain", "url", "url_path", "url_literal", "url_key", "url_query", "session", "subject", "header"
]
type Part = str | Field

_STAMPED = {"url": "fnourl", "host": "fnourl", "id": "fnoid", "tenant_id": "fnotenantid"}
_OF_LINK = {"url": "url", "host": "url", "id": "id", "tenant_id": "tenant_id"}
LINK_FIELDS = tuple(_OF_LINK)
ROOTS = (DATA, *ATTRIBUTES, *(f"link.{name}" for name in LINK_FIELDS), "extension.NAME")

_FIELD = re.compile(r"""\{\{|\}\}|\{((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^{}"'])*)\}|[{}]""")
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_EMPTY: Final = frozenset({"url_path", "url_key", "session", "subject"})
_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_DECODED = 6
_ENCODED_DOTS = re.compile(r"(?:\.|%(?:25)*2[eE]){1,2}")
"""What is left of dots that were encoded more often than anybody decodes."""


class Field(msgspec.Struct, frozen=True):
    """A field in a template.

    Args:
        text: As written, without braces.
        key: What to read from the event; None: of the link.
        link: The link's field, where it is one.
        landing: Where the value lands.
    """

    text: str
    key: Key | None
    link: str
    landing: Landing


class Template(msgspec.Struct, frozen=True):
    """A checked template; made by `compile`.

    Args:
        text: As written.
        parts: Literal texts and fields, in order.
        landing: Where the whole text lands.
    """

    text: str
    parts: tuple[Part, ...]
    landing: Landing

    @classmethod
    def compile(cls, text: str, *, landing: Landing, key: str = "", file: str = "") -> "Template":
        """Check a template.

        Args:
            text: As configured.
            landing: Where the text lands. `url`: a whole URL with fields in path and query; `url_path`: a path, or a
                part of one; `url_query`: a value in a query; `session`, `subject`: not empty; `header`: an HTTP
                header's value; `plain`: anything else, nothing is encoded.
            key: Where it is configured (`targets.orders.session`), for problems.
            file: The configuration's file, for problems.

        Returns:
            The template.

        Raises:
            ConfigurationError: With every problem: an unknown field, a stray brace, a field in the host.
        """
        parts: list[Part] = []
        problems: list[Problem] = []

        def problem(message: str, hint: str = "") -> None:
            problems.append(Problem(key or landing, message, hint, file))

        end = 0
        authority = _AUTHORITY.match(text) if landing == "url" else None
        query = _query_start(text) if landing in {"url", "url_path"} else len(text)
        for found in _FIELD.finditer(text):
            parts.append(text[end : found.start()])
            end = found.end()
            match found.group():
                case "{{" | "}}":
                    parts.append(found.group()[0])
                case "{" | "}":
                    problem(
                        f"has a stray {found.group()} at character {found.start() + 1}", "write {{ and }} for braces"
                    )
                case _:
                    within = landing
                    if landing in {"url", "url_path"}:
                        within = "url_path" if found.start() < query else "url_query"
                    if landing == "url_path" and within == "url_path":
                        within = _in_path(_FIELD.sub("", text[: found.start()]))
                    if landing == "url" and (authority is None or found.start() < authority.end()):
                        problem(
                            f"has the template {found.group()} in its host", "templates may stand in path and query"
                        )
                    else:
                        parts.append(_field(found.group(1), within, problem))
        parts.append(text[end:])
        if landing in {"url", "url_path"} and any(map(_is_dots, _segments(text))):
            problem("has a path segment of dots", "write the path without . and ..")
        if problems:
            raise ConfigurationError(problems)
        return cls(text, _joined(parts), landing)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The template's fields, in order."""
        return tuple(part for part in self.parts if isinstance(part, Field))

    @property
    def needs_link(self) -> bool:
        """Whether it can be filled only when the link is known."""
        return any(field.link or (field.key is not None and field.key.needs_link) for field in self.fields)

    def render(self, event: Event, link: "Linked | None" = None) -> str:
        """Fill the template.

        Args:
            event: Gives the fields.
            link: Gives `{link.…}`; without, what the event is stamped with does.

        Raises:
            TemplateField: A field is missing, has no text, or may not stand where it lands; the message names it.
        """
        text = "".join(part if isinstance(part, str) else _filled(part, event, link) for part in self.parts)
        if self.landing in {"url", "url_path"} and self.fields:
            self._check_segments(text)
        if self.landing in _NOT_EMPTY and not text:
            msg = f"{self.text} is empty for this event"
            raise TemplateField(msg)
        return text

    def _check_segments(self, text: str) -> None:
        if any(_is_dots(segment) for segment in _segments(text)):
            fields = ", ".join(field.text for field in self.fields)
            msg = f"{fields}: the value would make a path segment of dots, which clients and servers remove"
            raise TemplateField(msg)


def _field(text: str, landing: Landing, problem: Callable[[str, str], None]) -> Field:
    root, dot, name = text.partition(".")
    known = f"known: {', '.join(ROOTS)}"
    if root == "link":
        if name not in LINK_FIELDS:
            problem(f"names {{{text}}}, which a link does not have", did_you_mean(text, ROOTS) + known)
        return Field(text, None, name, landing)
    if root == "extension" and dot:
        return Field(text, Key(text, name.lower()), "", landing)
    try:
        key = parse_key(text)
    except UnreadableKey as error:
        problem(f"names {{{text[:80]}}}: {error}", known)
        return Field(text, None, "", landing)
    if key.root != DATA and key.root not in ATTRIBUTES and key.root not in ALIASES:
        problem(f"names the unknown field {{{text[:80]}}}", did_you_mean(text, ROOTS) + known)
    return Field(text, key, "", landing)


def _filled(field: Field, event: Event, link: "Linked | None") -> str:
    value = _value(field, event, link)
    if value is None:
        msg = f"{field.text} is missing"
        raise TemplateField(msg)
    text = _written(value, field)
    if not text and field.landing in _NOT_EMPTY:
        msg = f"{field.text} is empty"
        raise TemplateField(msg)
    if field.landing == "url_key" and not _KEY.fullmatch(text):
        msg = f"{field.text} stands in a key without quotes, and its value could be more than one value"
        raise TemplateField(msg)
    if field.landing in {"session", "subject"} and _CONTROL.search(text):
        msg = f"{field.text} holds a control character"
        raise TemplateField(msg)
    try:
        return _ENCODERS[field.landing](text)
    except UnicodeEncodeError as error:
        msg = f"{field.text} holds half of a character (a lone surrogate)"
        raise TemplateField(msg) from error


def _value(field: Field, event: Event, link: "Linked | None") -> Any:
    if field.key is None:
        value = attribute(event, _STAMPED[field.link]) if link is None else getattr(link, _OF_LINK[field.link])
        if value is None:
            msg = f"{field.text} is missing: the link is not known"
            raise TemplateField(msg)
        return str(value).partition("://")[2] if field.link == "host" else value
    if field.key.root != DATA:
        return attribute(event, field.key.root)
    value = event.payload
    for name in field.key.path:
        if type(value) is LIST:
            break
        if type(value) is not DICT or name not in value:
            return None
        value = value[name]
    return value


def _written(value: Any, field: Field) -> str:
    if isinstance(value, (str, bool, int)):
        return as_text(value)
    if isinstance(value, float):
        return msgspec.json.encode(value).decode()
    msg = f"{field.text} is {'an array' if type(value) is LIST else 'an object'}, which has no text"
    raise TemplateField(msg)


def _in_path(before: str) -> Landing:
    """Say where in a path of OData a field stands: in a literal in quotes, in a key without, or outside of keys."""
    if before.count("'") % 2:
        return "url_literal"
    return "url_key" if before.count("(") > before.count(")") else "url_path"


def _literal(text: str) -> str:
    """Encode what stands between an OData literal's quotes: servers decode before they look for its end."""
    return quote(text.replace("'", "''"), safe="")


def _percent_encoded(text: str) -> str:
    return quote(text, safe="")


def _in_header(text: str) -> str:
    """Encode as the CloudEvents HTTP binding does: everything outside printable ASCII, and space, quote and percent."""
    return "".join(each if "!" <= each <= "~" and each not in '"%' else quote(each, safe="") for each in text)


def _unchanged(text: str) -> str:
    text.encode()
    return text


_ENCODERS: dict[Landing, Callable[[str], str]] = {
    "plain": _unchanged,
    "session": _unchanged,
    "subject": _unchanged,
    "url": _percent_encoded,
    "url_path": _percent_encoded,
    "url_literal": _literal,
    "url_key": _percent_encoded,
    "url_query": _percent_encoded,
    "header": _in_header,
}


def _query_start(text: str) -> int:
    """Return where the path of a URL ends; `?` and `#` inside a field's braces do not count."""
    bare = _FIELD.sub(lambda found: "x" * len(found.group()), text)
    return min((at for at in (bare.find("?"), bare.find("#")) if at >= 0), default=len(text))


def _segments(text: str) -> list[str]:
    """Return the path segments of a URL or path as the most obliging server sees them, its query left out.

    Gateways and servers decode more than once, take a backslash for a slash, and leave out what follows a `;` in a
    segment: each of these has made one request of another in some product.
    """
    path = text[: _query_start(text)]
    for _ in range(_DECODED):
        decoded = unquote(path, errors="replace")
        if decoded == path:
            break
        path = decoded
    return [segment.partition(";")[0].strip() for segment in path.replace("\\", "/").split("/")]


def _is_dots(segment: str) -> bool:
    return segment in {".", ".."} or _ENCODED_DOTS.fullmatch(segment) is not None


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)
