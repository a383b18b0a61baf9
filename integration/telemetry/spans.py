"""One span: an operation from its begin to its end.

Errors are named by their code and never by what they say: a message may quote an answer. Exceptions are not recorded as
events, for the same reason.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from integration.telemetry import invocation
from integration.telemetry.operations import Operation, SpanKind
from integration.telemetry.providers import PROVIDERS

if TYPE_CHECKING:
    from integration.telemetry.recorder import Leaf, Taken

type Value = str | int | float | bool | None

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Told(Protocol):
    """A span that is under way."""

    @property
    def on(self) -> bool:
        """Whether anybody takes it: what only it needs is not worked out otherwise."""
        ...

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


_UNTOLD = _Untold()


def span(  # noqa: PLR0913  # what a span may be begun with
    operation: Operation,
    destination: str = "",
    known: Mapping[str, Value] = _NOTHING,
    /,
    *,
    parent: str = "",
    links: Iterable[str] = (),
    kind: SpanKind | None = None,
    **details: Value,
) -> "Taken | Leaf | _Untold":
    """Begin a span; what is returned is entered by `with`.

    Args:
        operation: What is done.
        destination: To or from which queue, source or target; the second word of the span's name.
        known: Attributes that the caller has together anyhow, in the words of ATTRIBUTES.
        parent: The context that it goes on from, as text; the span that is under way, the host's invocation at last,
            is then a link of it ("Message creation context as parent of Process span"). Empty: that one is its parent.
        links: Further contexts that it has to do with.
        kind: Instead of the operation's own.
        details: Further attributes; what is None or empty is left out.
    """
    recorder = PROVIDERS.recorder()
    if recorder is None:
        return _UNTOLD
    entry = _NOTHING
    if operation.entry:
        function, id_ = invocation.current()
        entry = {"faas.name": function, "faas.invocation_id": id_} if function else entry
    return recorder.begun(operation, destination, kind or operation.kind, parent, links, entry, known, details)
