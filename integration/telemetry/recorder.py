"""How spans are made where somebody takes them. Imported once there is such: it imports OpenTelemetry.

What each span costs is paid for every event. So its attributes go over in two lots, at its begin and at its end, since
the SDK checks them under a lock each time; and what is the same for all spans of an operation and its counterpart, the
name, the kind and the attributes of messaging, is worked out once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from time import time_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from integration.errors import FnoLinkError
from integration.plain_text import plain
from integration.telemetry.operations import ATTRIBUTES, HEADER, STATE, Operation

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

type Value = str | int | float | bool | None

FAILED = 400
LONGEST = 256
"""Characters of a text in an attribute."""

SHAPES = 1024
"""Operations with their counterparts that are remembered: as many as an app has sources and targets, and more."""

QUIET = (False, False)
"""`record_exception` and `set_status_on_exception` of a span: what an exception says is nobody's business."""

_NO_LINKS: Sequence[Link] = ()
_PROPAGATOR = TraceContextTextMapPropagator()


class _Shape(NamedTuple):
    """What all spans of an operation and its counterpart have in common."""

    name: str
    kind: SpanKind
    attributes: Mapping[str, str]


class Taken:
    """A span that is taken; it has begun, and is what is under way while it is entered."""

    __slots__ = ("_more", "_span", "_token")

    on = True

    def __init__(self, begun: "Span") -> None:
        self._span = begun
        self._more: dict[str, Any] = {}
        self._token: Any = None

    def note(self, **details: Value) -> None:
        """Say more of it; handed over when it ends."""
        _tell(self._more, details)

    def failed(self, code: str) -> None:
        """Say that it failed."""
        self._more["error.type"] = code
        self._span.set_status(Status(StatusCode.ERROR, code))

    def answered(self, status: int) -> None:
        """Say what status an HTTP request was answered with."""
        self._more[ATTRIBUTES["status"]] = status
        if status >= FAILED:
            self.failed(str(status))

    def __enter__(self) -> Self:
        self._token = attach(set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.failed(_code(error))
        detach(self._token)
        if self._more:
            self._span.set_attributes(self._more)
        self._span.end()


class Leaf:
    """A span within which no other is made: it is begun and ended when it is left, with the time it was entered at."""

    __slots__ = ("_attributes", "_code", "_context", "_links", "_shape", "_since", "_start")

    on = True

    def __init__(
        self,
        start: "Callable[..., Span]",
        shape: _Shape,
        context: Context | None,
        attributes: dict[str, Any],
        links: Sequence[Link],
    ) -> None:
        self._start = start
        self._shape = shape
        self._context = context
        self._attributes = attributes
        self._links = links
        self._code = ""

    def note(self, **details: Value) -> None:
        """Say more of it."""
        _tell(self._attributes, details)

    def failed(self, code: str) -> None:
        """Say that it failed."""
        self._attributes["error.type"] = self._code = code

    def answered(self, status: int) -> None:
        """Say what status an HTTP request was answered with."""
        self._attributes[ATTRIBUTES["status"]] = status
        if status >= FAILED:
            self.failed(str(status))

    def __enter__(self) -> Self:
        self._since = time_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.failed(_code(error))
        name, as_, _ = self._shape
        begun = self._start(name, self._context, as_, self._attributes, self._links, self._since, *QUIET)
        if self._code:
            begun.set_status(Status(StatusCode.ERROR, self._code))
        begun.end()


class Recorder:
    """Makes our spans.

    Args:
        tracer: Of the provider that is set up.
    """

    def __init__(self, tracer: "Tracer") -> None:
        self._start = tracer.start_span

    def begun(  # noqa: PLR0913, PLR0917  # as `span`
        self,
        operation: Operation,
        destination: str,
        kind: str,
        parent: str,
        links: Iterable[str],
        entry: Mapping[str, str],
        known: Mapping[str, Value],
        details: Mapping[str, Value],
    ) -> Taken | Leaf:
        """Begin a span; see `integration.telemetry.spans.span`.

        Args:
            operation: What is done.
            destination: The second word of its name.
            kind: Its kind.
            parent: The context that it goes on from, as text.
            links: Further contexts, as text.
            entry: What it says of the host's invocation.
            known: Attributes in the words of ATTRIBUTES.
            details: More of them.
        """
        system, method = bool(details.get("system")), details.get("method")
        shape = _shape(operation.name, operation.type, destination, kind, system, method)
        attributes: dict[str, Any] = {**shape.attributes, **entry}
        _tell(attributes, known)
        _tell(attributes, details)
        context = context_of(parent) if parent else None
        linked = _links(parent if context else "", links)
        if operation.leaf:
            return Leaf(self._start, shape, context, attributes, linked)
        return Taken(self._start(shape.name, context, shape.kind, attributes, linked, None, *QUIET))

    @staticmethod
    def here() -> str:
        """Write the span that is under way; empty: there is none."""
        context = get_current_span().get_span_context()
        if not context.is_valid:
            return ""
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    @staticmethod
    def go_on_from(traceparent: str, tracestate: str = "") -> None:
        """Let what this task does go on from a span of another process, where the text names one."""
        context = context_of(traceparent, tracestate)
        if context is not None:
            attach(context)


def context_of(traceparent: str, tracestate: str = "") -> Context | None:
    """Read what `here` wrote, or a sender; None: it is no such text."""
    carrier = {HEADER: traceparent, STATE: tracestate} if tracestate else {HEADER: traceparent}
    context = _PROPAGATOR.extract(carrier, Context())
    return context if get_current_span(context).get_span_context().is_valid else None


@lru_cache(maxsize=SHAPES)
def _shape(  # noqa: PLR0913, PLR0917  # what makes a shape
    operation: str,
    type_: str,
    destination: str,
    kind: str,
    messaging: bool,  # noqa: FBT001  # a key
    method: Value,
) -> _Shape:
    attributes: dict[str, str] = {}
    if type_ and messaging:
        attributes |= {"messaging.operation.name": operation, "messaging.operation.type": type_}
    if destination and type_:
        attributes["messaging.destination.name"] = plain(destination, longest=LONGEST)
    name = plain(str(method or "") or f"{operation} {destination}".rstrip(), longest=LONGEST)
    return _Shape(name, SpanKind[kind.upper()], attributes)


def _code(error: BaseException) -> str:
    return error.code if isinstance(error, FnoLinkError) else type(error).__name__


def _links(parent: str, links: Iterable[str]) -> Sequence[Link]:
    """Make links: with a parent of its own, to that and to what is under way; each once."""
    texts = [text for text in links if text]
    if not parent and not texts:
        return _NO_LINKS
    found: dict[int, SpanContext] = {}
    if parent:
        ambient = get_current_span().get_span_context()
        if ambient.is_valid:
            found[ambient.span_id] = ambient
        texts.insert(0, parent)
    for text in texts:
        context = context_of(text)
        if context is not None:
            linked = get_current_span(context).get_span_context()
            found.setdefault(linked.span_id, linked)
    return [Link(each) for each in found.values()]


def _tell(attributes: dict[str, Any], details: Mapping[str, Value]) -> None:
    for word, value in details.items():
        if value is None or value == "":
            continue
        if type(value) is str and (len(value) > LONGEST or not value.isprintable()):
            value = plain(value, longest=LONGEST)  # noqa: PLW2901
        attributes[ATTRIBUTES[word]] = value
