"""Route templates as the Functions host matches them: each for itself, and the first that takes a path answers.

The host does not use ASP.NET Core's endpoint routing, in which a literal comes before a parameter. It adds one `Route`
a function to a `RouteCollection`, in the order of the functions' names (`WebScriptHostHttpRoutesManager`,
`WebJobsRouteBuilder`), and those are asked one after the other (host #3153, #9876). Page "Routing in ASP.NET Core" has
the templates: constraints, optional and default values, literals without regard to case.
"""

import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import unquote
from uuid import UUID

import msgspec

from emulation.functions_host.errors import HostError

_PART = re.compile(
    r"\{(\*{0,2})([A-Za-z_][\w-]*)((?::[^(){}:=?]+(?:\((?:[^()]|\([^()]*\))*\))?)*)(?:=([^}?]*))?(\?)?\}"
)
_CONSTRAINT = re.compile(r":([^(){}:=?]+)(?:\(((?:[^()]|\([^()]*\))*)\))?")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_KEPT = re.compile(r"(%2[fF])")
_INT32, _INT64 = 2**31, 2**63


class Constraint(msgspec.Struct, frozen=True):
    """A named test of one value, with its arguments as written."""

    name: str
    arguments: str


class Segment(msgspec.Struct, frozen=True):
    """One part of a template between slashes.

    Args:
        pattern: Matches the decoded text of a path's segment, or of the rest of the path for a catch-all.
        catch_all: Takes the rest of the path.
        parameter: The single parameter that the whole segment is, empty otherwise.
        constraints: By parameter.
        optional: May be missing.
        default: The value when missing.
    """

    pattern: re.Pattern[str]
    catch_all: bool = False
    parameter: str = ""
    constraints: tuple[tuple[str, Constraint], ...] = ()
    optional: bool = False
    default: str | None = None


class Route(msgspec.Struct, frozen=True):
    """A parsed template."""

    template: str
    segments: tuple[Segment, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the route values of a path (`decoded`), or None where it does not match."""
        parts = path.strip("/").split("/") if path.strip("/") else []
        values: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if segment.catch_all:
                found = _values(segment, "/".join(parts[index:]))
                return None if found is None else values | found
            if index >= len(parts) or not parts[index]:
                if segment.default is not None:
                    values[segment.parameter] = segment.default
                elif not segment.optional:
                    return None
                continue
            found = _values(segment, parts[index])
            if found is None:
                return None
            values |= found
        return values if len(parts) <= len(self.segments) else None


def decoded(raw: str) -> str:
    """Decode the path of a request's first line as Kestrel does (`UrlDecoder`, `PathNormalizer`).

    An encoded slash, and what is no UTF-8, stay encoded; then `.` and `..` are walked.
    """
    path = _ENCODED.sub(lambda run: "".join(_text(part) for part in _KEPT.split(run[0])), raw)
    walked = list[str]()
    parts = path.split("/")
    for part in parts:
        if part == "..":
            if len(walked) > 1:
                walked.pop()
        elif part != ".":
            walked.append(part)
    if parts[-1] in {".", ".."}:
        walked.append("")
    return "/".join(walked)


def _text(part: str) -> str:
    if _KEPT.fullmatch(part):
        return part
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        return part


def parse(template: str) -> Route:
    """Parse a template.

    Raises:
        HostError: Its syntax or a constraint is wrong.
    """
    text = template.strip("/")
    parts = re.split(r"/(?![^{}]*\})", text) if text else []
    segments = tuple(_segment(part, template) for part in parts)
    for segment in segments[:-1]:
        if segment.catch_all:
            msg = f"Route {template!r}: a catch-all parameter must come last."
            raise HostError(msg)
    return Route(template, segments)


def _segment(text: str, template: str) -> Segment:
    pattern, constraints, position = "", list[tuple[str, Constraint]](), 0
    parts = list(_PART.finditer(text))
    for part in parts:
        literal = text[position : part.start()]
        _check_literal(literal, template)
        pattern += re.escape(literal) + (f"(?P<{_group(part[2])}>.*)" if part[1] else f"(?P<{_group(part[2])}>.+?)")
        for name, arguments in _CONSTRAINT.findall(part[3]):
            if name.lower() not in _CHECKS:
                msg = f"Route {template!r}: unknown constraint {name!r}; known are {', '.join(_CHECKS)}."
                raise HostError(msg)
            constraints.append((part[2], Constraint(name.lower(), arguments)))
        position = part.end()
    _check_literal(text[position:], template)
    pattern += re.escape(text[position:])
    compiled = re.compile(f"{pattern}\\Z", re.IGNORECASE | re.DOTALL)
    if not parts:
        return Segment(compiled)
    only = parts[0] if len(parts) == 1 and parts[0][0] == text else None
    if only is None:
        return Segment(compiled, constraints=tuple(constraints))
    optional = bool(only[5])
    return Segment(compiled, bool(only[1]), only[2], tuple(constraints), optional, only[4])


def _check_literal(text: str, template: str) -> None:
    if "{" in text or "}" in text or "?" in text:
        msg = f"Route {template!r} is not a valid template near {text!r}."
        raise HostError(msg)


def _group(parameter: str) -> str:
    return parameter.replace("-", "__dash__")


def _values(segment: Segment, text: str) -> dict[str, str] | None:
    match = segment.pattern.match(text)
    if match is None:
        return None
    found = {name.replace("__dash__", "-"): value for name, value in match.groupdict().items()}
    if not all(_CHECKS[constraint.name](found[name], constraint.arguments) for name, constraint in segment.constraints):
        return None
    return found


def _number(text: str, low: int, high: int) -> bool:
    return re.fullmatch(r"[+-]?\d+", text) is not None and low <= int(text) < high


def _float(text: str, _arguments: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) is not None


def _parsed(read: Callable[[str], object]) -> Callable[[str, str], bool]:
    def check(text: str, _arguments: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return check


def _between(value: int, arguments: str) -> bool:
    bounds = [int(bound) for bound in arguments.split(",")]
    return bounds[0] <= value <= bounds[-1]


_CHECKS: dict[str, Callable[[str, str], bool]] = {
    "int": lambda text, _: _number(text, -_INT32, _INT32),
    "long": lambda text, _: _number(text, -_INT64, _INT64),
    "bool": lambda text, _: text.lower() in {"true", "false"},
    "decimal": lambda text, _: re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text) is not None,
    "double": _float,
    "float": _float,
    "datetime": _parsed(datetime.fromisoformat),
    "guid": _parsed(UUID),
    "alpha": lambda text, _: re.fullmatch(r"[A-Za-z]+", text) is not None,
    "minlength": lambda text, argument: len(text) >= int(argument),
    "maxlength": lambda text, argument: len(text) <= int(argument),
    "length": lambda text, arguments: _between(len(text), arguments),
    "min": lambda text, argument: _number(text, -_INT64, _INT64) and int(text) >= int(argument),
    "max": lambda text, argument: _number(text, -_INT64, _INT64) and int(text) <= int(argument),
    "range": lambda text, arguments: _number(text, -_INT64, _INT64) and _between(int(text), arguments),
    "regex": lambda text, argument: re.search(argument, text, re.IGNORECASE) is not None,
    "required": lambda text, _: bool(text),
}
