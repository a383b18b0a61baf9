"""A local Functions host on Microsoft's own Python worker library; `func start` runs the same files."""

from emulation.functions_host.process import FunctionsHost

__all__ = ["FunctionsHost"]
