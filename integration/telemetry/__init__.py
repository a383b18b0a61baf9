"""What the worker tells about itself: the log, spans, metrics."""

from integration.telemetry.libraries import quieten

__all__ = ["quieten"]
