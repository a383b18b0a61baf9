"""What is made to go wrong."""

from typing import Literal
from uuid import UUID

from emulation.service_bus.amqp.errors import SERVER_BUSY, Refused

type Settling = Literal["detach", "drop", "lose-lock", "die"]


class Faults:
    """Faults that hold until they are cleared.

    Attributes:
        delay: Seconds that everything the broker sends waits.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self._links: dict[str, Refused] = {}
        self._sends: dict[str, Refused] = {}
        self._settling: dict[str, tuple[Settling, int]] = {}
        self._unsettleable: set[UUID] = set()

    def refuse_links(self, entity: str, refused: Refused) -> None:
        """Refuse every new link to an entity."""
        self._links[entity.lower()] = refused

    def refuse_sends(self, entity: str, refused: Refused) -> None:
        """Refuse every message sent to an entity, and every management request."""
        self._sends[entity.lower()] = refused

    def fail_settling(self, entity: str, way: Settling, times: int) -> None:
        """Let so many messages of an entity never be settled under the lock that they are held by."""
        self._settling[entity.lower()] = (way, times)

    def clear(self) -> None:
        """Let everything go right again."""
        self.delay = 0.0
        self._links.clear()
        self._sends.clear()
        self._settling.clear()
        self._unsettleable.clear()

    def check_link(self, entity: str) -> None:
        """Raise what a link to an entity is refused with, if it is."""
        refused = self._links.get(entity.lower())
        if refused is not None:
            raise Refused(refused.condition, refused.description)

    def check_send(self, entity: str) -> None:
        """Raise what a message to an entity is refused with, if it is."""
        refused = self._sends.get(entity.lower())
        if refused is not None:
            raise Refused(refused.condition, refused.description)

    def settling(self, entity: str, token: UUID) -> Settling | None:
        """Return how the settling of a delivery fails, if it does; from then on its lock settles nothing."""
        way, left = self._settling.get(entity.lower(), (None, 0))
        if way is None or left < 1 or token in self._unsettleable:
            return None
        self._settling[entity.lower()] = (way, left - 1)
        self._unsettleable.add(token)
        return way

    def check_settling(self, token: UUID) -> None:
        """Raise what a settlement over `$management` is refused with, if it is."""
        if token in self._unsettleable:
            raise Refused(SERVER_BUSY, f"The lock {token} settles nothing.")
