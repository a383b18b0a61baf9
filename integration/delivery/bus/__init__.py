"""Sending to Service Bus: connections, one writer per entity, and what its failures mean."""

from integration.delivery.bus.namespaces import Namespaces
from integration.delivery.bus.writer import Writer

__all__ = ["Namespaces", "Writer"]
