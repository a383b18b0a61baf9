"""What an entity needs of its surroundings."""

from typing import Protocol

from emulation.service_bus.amqp.content import Content
from emulation.service_bus.config import Key
from emulation.service_bus.entities.message import Message


class Recorder(Protocol):
    """What must survive a restart."""

    def put(self, path: str, message: Message) -> None:
        """Note a new message."""
        ...

    def update(self, path: str, message: Message) -> None:
        """Note a message's changed state and delivery count; it is not locked."""
        ...

    def locked(self, path: str, sequence: int) -> None:
        """Note that a message has been given out under a lock."""
        ...

    def remove(self, path: str, sequence: int) -> None:
        """Note that a message is gone."""
        ...

    def session_state(self, path: str, session_id: str, state: bytes | None) -> None:
        """Note a session's state."""
        ...

    def seen(self, path: str, identity: str, at: int) -> None:
        """Note an id for duplicate detection."""
        ...


class Router(Protocol):
    """Where forwarded messages go."""

    def forward(self, source: str, target: str, content: Content, message: Message) -> None:
        """Send a message on to another entity."""
        ...


class Keyring(Protocol):
    """Who checks what clients prove."""

    def add(self, path: str, keys: tuple[Key, ...]) -> None:
        """Know the keys of an entity."""
        ...
