"""The composition root: from a checked configuration to one lazily built Worker a process."""

from integration.worker.worker import Worker

__all__ = ["Worker"]
