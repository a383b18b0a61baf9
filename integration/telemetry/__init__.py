"""What the worker tells about itself: the log."""

from integration.telemetry.libraries import quieten

__all__ = ["quieten"]
