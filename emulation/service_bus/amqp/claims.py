"""What a connection may do."""

from emulation.service_bus.amqp.addresses import covers
from emulation.service_bus.config import Right


class Claims:
    """What a connection has proven: rights on paths, until a time in seconds since 1970."""

    def __init__(self) -> None:
        self._by_path: dict[str, tuple[frozenset[Right], float]] = {}

    def add(self, path: str, rights: frozenset[Right], until: float) -> None:
        """Note rights on a path and everything below it."""
        self._by_path[path] = (rights, until)

    def allow(self, path: str, right: Right, now: float) -> bool:
        """Return whether a right is held on a path."""
        path = path.lower()
        return any(
            right in rights and until > now and covers(base, path) for base, (rights, until) in self._by_path.items()
        )

    def until(self, path: str, right: Right) -> float:
        """Return until when a right is held on a path, in seconds since 1970; 0 if it is not."""
        path = path.lower()
        held = [until for base, (rights, until) in self._by_path.items() if right in rights and covers(base, path)]
        return max(held, default=0)
