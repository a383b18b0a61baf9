"""Whether anybody takes what we tell: OpenTelemetry's providers, as far as somebody has set one up.

Only the API is a dependency, and even that is not imported by us: who sets a provider up (the Python worker with the
Azure Monitor distro, a line in function_app.py) has imported it. Without one, a span costs a look at the clock, and a
cold start nothing.
"""

import sys
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

    from integration.telemetry.recorder import Recorder

SCOPE = "fno_link"
SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
"""Which version of the semantic conventions names and attributes follow."""

AGAIN_SECONDS = 1.0
"""How soon one that is set up later is noticed. The API's own answer costs a look into the environment each time."""

# Providers of the API itself do nothing: the proxy that stands until one is set, and the no-op ones.
_IDLE = ("opentelemetry.trace", "opentelemetry.metrics")


class Providers:
    """Gives what spans and measurements are told to; a provider is set once a process, so the first is kept."""

    def __init__(self) -> None:
        self._recorder: Recorder | None = None
        self._meter: Meter | None = None
        self._next_recorder = self._next_meter = 0.0

    def recorder(self) -> "Recorder | None":
        """Give what makes our spans; None: nobody takes them."""
        if self._recorder is None and monotonic() >= self._next_recorder:
            provider = _provider("trace", "get_tracer_provider")
            if provider is not None:
                from integration.telemetry.recorder import Recorder  # noqa: PLC0415  # it imports OpenTelemetry

                self._recorder = Recorder(provider.get_tracer(SCOPE, schema_url=SCHEMA))
            self._next_recorder = monotonic() + AGAIN_SECONDS
        return self._recorder

    def meter(self) -> "Meter | None":
        """Give our meter; None: nobody takes measurements."""
        if self._meter is None and monotonic() >= self._next_meter:
            provider = _provider("metrics", "get_meter_provider")
            if provider is not None:
                self._meter = provider.get_meter(SCOPE, schema_url=SCHEMA)
            self._next_meter = monotonic() + AGAIN_SECONDS
        return self._meter

    def forget(self) -> None:
        """Look again at once: a test, or a benchmark, has changed what cannot be changed otherwise."""
        self._recorder = self._meter = None
        self._next_recorder = self._next_meter = 0.0


def _provider(signal: str, given_by: str) -> Any:
    module = sys.modules.get(f"opentelemetry.{signal}")
    provider = getattr(module, given_by)() if module is not None else None
    return None if type(provider).__module__.startswith(_IDLE) else provider


PROVIDERS = Providers()
"""Those of the process: OpenTelemetry has one of each."""
