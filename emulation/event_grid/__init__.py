"""An Event Grid custom topic for CloudEvents on loopback: what a publisher meets, without subscriptions."""

from emulation.event_grid.topic import Access, Topic

__all__ = ["Access", "Topic"]
