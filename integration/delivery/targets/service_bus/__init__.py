"""Sending to Service Bus: connections, one writer per entity, and what its failures mean."""

from integration.delivery.targets.service_bus.namespaces import Namespaces
from integration.delivery.targets.service_bus.writer import Writer

__all__ = ["Namespaces", "Writer"]
