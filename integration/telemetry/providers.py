"""Whether anybody takes what we tell: OpenTelemetry's providers, as far as somebody has set one up.

Only the API is a dependency, and even that is not imported by us: who sets a provider up (the Python worker with the
Azure Monitor distro, a line in function_app.py) has imported it. Without one, a span costs one look into `sys.modules`,
and a cold start nothing.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.trace import Tracer

SCOPE = "fno_link"
SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
"""Which version of the semantic conventions names and attributes follow."""

# Providers of the API itself do nothing: the proxy that stands until one is set, and the no-op ones.
_IDLE = ("opentelemetry.trace", "opentelemetry.metrics")


class Providers:
    """Gives tracer and meter of the providers that are set up."""

    def __init__(self) -> None:
        self._tracer: tuple[object, Tracer] | None = None
        self._meter: tuple[object, Meter] | None = None

    def tracer(self) -> "Tracer | None":
        """Give our tracer; None: nobody takes spans."""
        module: Any = sys.modules.get("opentelemetry.trace")
        if module is None:
            return None
        provider = module.get_tracer_provider()
        if self._tracer is not None and self._tracer[0] is provider:
            return self._tracer[1]
        if type(provider).__module__.startswith(_IDLE):
            return None
        tracer: Tracer = provider.get_tracer(SCOPE, schema_url=SCHEMA)
        self._tracer = (provider, tracer)
        return tracer

    def meter(self) -> "Meter | None":
        """Give our meter; None: nobody takes measurements."""
        module: Any = sys.modules.get("opentelemetry.metrics")
        if module is None:
            return None
        provider = module.get_meter_provider()
        if self._meter is not None and self._meter[0] is provider:
            return self._meter[1]
        if type(provider).__module__.startswith(_IDLE):
            return None
        meter: Meter = provider.get_meter(SCOPE, schema_url=SCHEMA)
        self._meter = (provider, meter)
        return meter


PROVIDERS = Providers()
"""Those of the process: OpenTelemetry has one of each."""
