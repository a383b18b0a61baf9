"""What is made to go wrong."""

from emulation.service_bus.amqp.errors import Refused


class Faults:
    """Faults that hold until they are cleared.

    Attributes:
        delay: Seconds that everything the broker sends waits.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self._links: dict[str, Refused] = {}
        self._sends: dict[str, Refused] = {}

    def refuse_links(self, entity: str, refused: Refused) -> None:
        """Refuse every new link to an entity."""
        self._links[entity.lower()] = refused

    def refuse_sends(self, entity: str, refused: Refused) -> None:
        """Refuse every message sent to an entity, and every management request."""
        self._sends[entity.lower()] = refused

    def clear(self) -> None:
        """Let everything go right again."""
        self.delay = 0.0
        self._links.clear()
        self._sends.clear()

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
