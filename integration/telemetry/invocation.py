"""The host's invocation that our spans are part of.

The host hands its span on as `traceparent` in the function's context, whether or not the worker makes use of it
(`WorkerFunctionInvoker` of azure-functions-host sets it, `azure_functions_runtime.bindings.tracecontext` gives it). An
invocation is a task of its own, in the worker as in the local host, so what is set here ends with it.
"""

from contextvars import ContextVar
from typing import NamedTuple

from integration.telemetry.providers import PROVIDERS


class Invocation(NamedTuple):
    """Which one; the attributes `faas.name` and `faas.invocation_id` of "Semantic conventions for FaaS spans"."""

    function: str = ""
    id: str = ""


_NONE = Invocation()
_current: ContextVar[Invocation] = ContextVar("invocation", default=_NONE)


def enter(function: str, invocation: str, traceparent: str = "", tracestate: str = "") -> None:
    """Let the spans that this task makes be children of the host's invocation.

    Args:
        function: Its name.
        invocation: Its id.
        traceparent: The host's span, as it hands it on; empty: it has none.
        tracestate: The same span's state.
    """
    recorder = PROVIDERS.recorder()
    if recorder is None:
        return
    _current.set(Invocation(function, invocation))
    if traceparent:
        recorder.go_on_from(traceparent, tracestate)


def current() -> Invocation:
    """Give the invocation that this task belongs to."""
    return _current.get()
