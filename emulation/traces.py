"""Spans as a collector has them, and one trace in a form that a person reads.

    uv run python -m emulation.traces FILE [TEXT]

prints the traces in a file of spans, one as JSON a line; with a text only those in which it stands.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

# What each span shows beside its name, in this order.
SHOWN = (
    ("messaging.system", "over"),
    ("fno_link.organization", "organization"),
    ("fno_link.event.type", "type"),
    ("fno_link.routes", "routes"),
    ("fno_link.route", "route"),
    ("fno_link.link.state", "link"),
    ("fno_link.attempt", "attempt"),
    ("fno_link.outcome", "outcome"),
    ("http.response.status_code", "status"),
    ("server.address", "host"),
    ("error.type", "error"),
)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span, as `ReadableSpan.to_json` of opentelemetry-sdk writes it."""

    name: str
    trace: str
    id: str
    parent: str
    kind: str
    start: datetime
    end: datetime
    status: str
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...]

    @property
    def ms(self) -> float:
        """How long it took, in milliseconds."""
        return (self.end - self.start).total_seconds() * 1000


def read(path: Path) -> list[Span]:
    """Read what a collector's file has so far; a line that is being written is left for the next time."""
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    return [_span(json.loads(line)) for line in lines if line.endswith("\n")]


def traces(spans: Iterable[Span]) -> dict[str, list[Span]]:
    """Sort spans into traces, each in the order of time."""
    found: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda each: each.start):
        found.setdefault(span.trace, []).append(span)
    return found


def drawn(trace: list[Span], others: Iterable[Span] = ()) -> str:
    """Draw a trace as a tree, with when each span began and how long it took.

    Args:
        trace: Its spans.
        others: Those of other traces, so that links to them can be named.
    """
    began = min(span.start for span in trace)
    names = {span.id: span.name for span in (*others, *trace)}
    known = {span.id for span in trace}
    lines = [f"trace {trace[0].trace}"]

    def walk(parent: str, depth: int) -> Iterator[str]:
        for span in trace:
            if (span.parent if span.parent in known else "") == parent:
                at = (span.start - began).total_seconds()
                shown = [f"{word}={span.attributes[key]}" for key, word in SHOWN if key in span.attributes]
                linked = [names[id_] for _, id_ in span.links if id_ in names and id_ != span.parent]
                shown += [f"← {', '.join(linked)}"] if linked else []
                name = f"{'  ' * depth}{span.name}"
                yield f"{at:>8.3f} s {span.ms:>9.1f} ms  {name:<44} {span.kind:<8} {' '.join(shown)}".rstrip()
                yield from walk(span.id, depth + 1)

    return "\n".join([*lines, *walk("", 0)])


def _span(raw: dict[str, Any]) -> Span:
    def of(context: dict[str, Any]) -> tuple[str, str]:
        return context["trace_id"].removeprefix("0x"), context["span_id"].removeprefix("0x")

    trace, id_ = of(raw["context"])
    return Span(
        name=raw["name"],
        trace=trace,
        id=id_,
        parent=(raw["parent_id"] or "").removeprefix("0x"),
        kind=raw["kind"].removeprefix("SpanKind.").lower(),
        start=datetime.fromisoformat(raw["start_time"]),
        end=datetime.fromisoformat(raw["end_time"]),
        status=raw["status"]["status_code"],
        attributes=raw["attributes"],
        links=tuple(of(link["context"]) for link in raw["links"]),
    )


def main(arguments: list[str]) -> int:
    """Print traces; 2 on wrong usage, 1 when there are none."""
    if not 1 <= len(arguments) <= 2:  # noqa: PLR2004 - a file, and perhaps a text
        print(__doc__, file=sys.stderr)
        return 2
    spans = read(Path(arguments[0]))
    text = arguments[1] if arguments[1:] else ""
    found = [trace for trace in traces(spans).values() if any(text in str(span) for span in trace)]
    for trace in found:
        print(drawn(trace, spans), end="\n\n")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
