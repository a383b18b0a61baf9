"""The host's span of each invocation, and a file that takes spans as a collector does: the host's and the app's.

In Azure the host has an activity for each invocation, a child of the caller's where that is told, and hands its id on
as `traceparent` (`WorkerFunctionInvoker`); in its own process, so the app knows that text alone. What exports the app's
spans there is the Azure Monitor distro, which the worker sets up before it indexes the app.
"""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from emulation.functions_host.function import Function
from emulation.functions_host.worker import Call

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

HOST = "emulation.functions_host"
LARGE = 1 << 20
_VERSION, _PARTS, _TRACE = "00", 4, 32


class Tracing:
    """Makes the host's spans.

    Args:
        collector: The file that takes spans, one as JSON a line, of as many processes as write to it; None: nobody
            does, and the app has no provider.
    """

    def __init__(self, collector: Path | None) -> None:
        self._tracer: Any = None
        if collector is None:
            return
        from opentelemetry import trace  # noqa: PLC0415 - only who looks at spans pays for it
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor  # noqa: PLC0415

        provider = TracerProvider(shutdown_on_exit=False)
        # Each line is one write to the end of the file, so that those of several processes do not mix.
        out = collector.open("a", buffering=LARGE, encoding="utf-8")
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=out, formatter=_line)))
        trace.set_tracer_provider(provider)
        self._tracer = provider.get_tracer(HOST)

    @contextmanager
    def invocation(self, function: Function, call: Call) -> Generator[Call]:
        """Give a call with the host's span in place of the caller's; the span ends with the invocation.

        It is not made current: the worker is another process, to which only the text goes.
        """
        if self._tracer is None:
            yield msgspec.structs.replace(call, trace_parent=_child_of(call.trace_parent))
            return
        from opentelemetry.context import Context  # noqa: PLC0415 - as above
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        propagator = TraceContextTextMapPropagator()
        given = {"traceparent": call.trace_parent, "tracestate": call.trace_state}
        trigger = function.trigger.type.removesuffix("Trigger")
        span = self._tracer.start_span(
            f"Functions.{function.name}",
            context=propagator.extract(given, Context()),
            kind=SpanKind.SERVER,
            attributes={"faas.name": function.name, "faas.trigger": "http" if trigger == "http" else "other"},
        )
        carrier: dict[str, str] = {}
        propagator.inject(carrier, set_span_in_context(span, Context()))
        try:
            yield msgspec.structs.replace(call, trace_parent=carrier["traceparent"])
        finally:
            span.end()


def _child_of(trace_parent: str) -> str:
    """Write the id of a span that nobody takes: in the caller's trace, or in one of its own."""
    parts = trace_parent.split("-")
    known = len(parts) == _PARTS and len(parts[1]) == _TRACE
    trace, flags = (parts[1], parts[3]) if known else (secrets.token_hex(16), "01")
    return f"{_VERSION}-{trace}-{secrets.token_hex(8)}-{flags}"


def _line(span: "ReadableSpan") -> str:
    return f"{span.to_json(indent=None)}\n"
