"""Where a link goes: an address taken apart."""

from urllib.parse import unquote, urlsplit

import msgspec

CBS = "$cbs"
MANAGEMENT = "$management"
DEAD_LETTERS = "$DeadLetterQueue"
TRANSFER_DEAD_LETTERS = "$Transfer/$DeadLetterQueue"
SUBSCRIPTIONS = "Subscriptions"


class Address(msgspec.Struct, frozen=True):
    """What an address names.

    Args:
        entity: Path of a queue, topic or subscription, as written.
        sub_queue: `$DeadLetterQueue`, `$Transfer/$DeadLetterQueue`, or empty.
        management: Whether it is the entity's management node.
    """

    entity: str
    sub_queue: str = ""
    management: bool = False

    @property
    def path(self) -> str:
        """The address of the messages, without the management node."""
        return f"{self.entity}/{self.sub_queue}" if self.sub_queue else self.entity


def parse_address(address: str) -> Address:
    """Take apart `queue`, `amqps://host/topic/Subscriptions/s/$DeadLetterQueue/$management` and their like."""
    path = urlsplit(address).path if "://" in address else address
    path = unquote(path).strip("/")
    management = path.lower() == MANAGEMENT or path.lower().endswith(f"/{MANAGEMENT}")
    if management:
        path = path[: -len(MANAGEMENT)].rstrip("/")
    for sub_queue in (TRANSFER_DEAD_LETTERS, DEAD_LETTERS):
        if path.lower().endswith(f"/{sub_queue.lower()}"):
            return Address(path[: -len(sub_queue) - 1], sub_queue, management)
    return Address(path, "", management)


def covers(base: str, path: str) -> bool:
    """Return whether a path, in lower case, is a base path or below it."""
    return not base or path == base or path.startswith(f"{base}/")
