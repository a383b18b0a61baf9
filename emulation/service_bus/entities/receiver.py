"""Who takes messages from an entity."""

from typing import Protocol

from emulation.service_bus.entities.locks import Lock
from emulation.service_bus.entities.message import Message


class Receiver(Protocol):
    """A link that takes messages."""

    peek_lock: bool

    def ready(self) -> bool:
        """Return whether it can take one message now."""
        ...

    def deliver(self, message: Message, lock: Lock | None) -> None:
        """Take a message; without a lock it is gone from the entity."""
        ...

    def detach(self, condition: str, description: str) -> None:
        """Close it from the broker's side."""
        ...
