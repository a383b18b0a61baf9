"""One span: an operation from its begin to its end.

Errors are named by their code and never by what they say: a message may quote an answer. Exceptions are not recorded as
events, for the same reason.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from integration.errors import FnoLinkError
from integration.plain_text import plain
from integration.telemetry import invocation
from integration.telemetry.carrier import context_of
from integration.telemetry.operations import ATTRIBUTES, Operation, SpanKind
from integration.telemetry.providers import PROVIDERS

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span, Tracer

type Value = str | int | float | bool | None

FAILED = 400
LONGEST = 256
"""Characters of a text in an attribute."""


class Told(Protocol):
    """A span that is under way."""

    on: bool
    """Whether anybody takes it: what only it needs is not worked out otherwise."""

    def note(self, **details: Value) -> None:
        """Say more of it, in the words of ATTRIBUTES; what is None or empty is not said."""
        ...

    def failed(self, code: str) -> None:
        """Say that it failed, by the error's stable code."""
        ...

    def answered(self, status: int) -> None:
        """Say what status an HTTP request was answered with; from 400 on it has failed."""
        ...


class _Untold(AbstractContextManager["_Untold"]):
    """What there is where nobody takes spans."""

    on = False

    def __exit__(self, *_: object) -> None:
        return None

    def note(self, **details: Value) -> None:
        """Say nothing."""

    def failed(self, code: str) -> None:
        """Say nothing."""

    def answered(self, status: int) -> None:
        """Say nothing."""


class _Telling:
    """A span that is taken; begun when it is entered, so that its parent is what is under way then."""

    on = True

    def __init__(self, begin: "Span") -> None:
        self._span = begin
        self._token: Any = None

    def note(self, **details: Value) -> None:
        """Say more of it."""
        self._span.set_attributes(_attributes(details))

    def failed(self, code: str) -> None:
        """Say that it failed."""
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415  # once it is loaded

        self._span.set_attribute("error.type", code)
        self._span.set_status(Status(StatusCode.ERROR, code))

    def answered(self, status: int) -> None:
        """Say what status an HTTP request was answered with."""
        self.note(status=status)
        if status >= FAILED:
            self.failed(str(status))

    def __enter__(self) -> Self:
        from opentelemetry.context import attach  # noqa: PLC0415  # once it is loaded
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415

        self._token = attach(set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from opentelemetry.context import detach  # noqa: PLC0415  # once it is loaded

        if error is not None:
            self.failed(error.code if isinstance(error, FnoLinkError) else type(error).__name__)
        detach(self._token)
        self._span.end()


_UNTOLD = _Untold()


def span(
    operation: Operation,
    destination: str = "",
    /,
    *,
    parent: str = "",
    links: Iterable[str] = (),
    kind: SpanKind | None = None,
    **details: Value,
) -> "_Telling | _Untold":
    """Begin a span; what is returned is entered by `with`.

    Args:
        operation: What is done.
        destination: To or from which queue, source or target; the second word of the span's name.
        parent: The context that it goes on from, as text; the span that is under way, the host's invocation at last,
            is then a link of it ("Message creation context as parent of Process span"). Empty: that one is its parent.
        links: Further contexts that it has to do with.
        kind: Instead of the operation's own.
        details: Attributes, in the words of ATTRIBUTES; what is None or empty is left out.
    """
    tracer = PROVIDERS.tracer()
    if tracer is None:
        return _UNTOLD
    words = (operation, destination, kind or operation.kind)
    return _begun(tracer, *words, parent=parent, links=links, details=details)


def _begun(  # noqa: PLR0913  # as `span`
    tracer: "Tracer",
    operation: Operation,
    destination: str,
    kind: SpanKind,
    *,
    parent: str,
    links: Iterable[str],
    details: dict[str, Value],
) -> _Telling:
    from opentelemetry.trace import SpanKind as Kinds  # noqa: PLC0415  # once it is loaded

    attributes = _attributes(details)
    if operation.type and details.get("system"):
        attributes |= {"messaging.operation.name": operation.name, "messaging.operation.type": operation.type}
    if destination:
        attributes["messaging.destination.name"] = plain(destination, longest=LONGEST)
    if operation.entry:
        function, id_ = invocation.current()
        attributes |= {"faas.name": function, "faas.invocation_id": id_} if function else {}
    context = context_of(parent) if parent else None
    words = str(details["method"]) if "method" in details else f"{operation.name} {destination}".rstrip()
    begun = tracer.start_span(
        plain(words, longest=LONGEST),
        context=context,
        kind=Kinds[kind.upper()],
        attributes=attributes,
        links=_links(parent if context else "", links),
        record_exception=False,
        set_status_on_exception=False,
    )
    return _Telling(begun)


def _links(parent: str, links: Iterable[str]) -> "list[Link]":
    """Make links: with a parent of its own, to that and to what is under way; each once."""
    from opentelemetry.trace import Link, get_current_span  # noqa: PLC0415  # once it is loaded

    found: dict[int, Link] = {}
    if parent:
        ambient = get_current_span().get_span_context()
        if ambient.is_valid:
            found[ambient.span_id] = Link(ambient)
    for text in (parent, *links):
        context: Context | None = context_of(text) if text else None
        if context is not None:
            linked = get_current_span(context).get_span_context()
            found.setdefault(linked.span_id, Link(linked))
    return list(found.values())


def _attributes(details: dict[str, Value]) -> dict[str, Any]:
    return {
        ATTRIBUTES[word]: plain(value, longest=LONGEST) if isinstance(value, str) else value
        for word, value in details.items()
        if value is not None and value != ""
    }
