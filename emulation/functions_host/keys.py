"""Access keys. Page "Work with access keys in Azure Functions"."""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from emulation.functions_host.errors import HostError

MASTER = "master"
DEFAULT = "default"
EVENT_GRID = "eventgrid_extension"


class Level(StrEnum):
    """What a request must present."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    SYSTEM = "system"
    ADMIN = "admin"


class Keys:
    """The keys of one app.

    Args:
        functions: The app's functions; each gets a `default` key of its own.
        given: Keys to use instead of generated ones: `master`, `FUNCTION/NAME`, `eventgrid_extension`, or the name of
            a host key.
        enforced: False lets every request in, as `func start` does.
    """

    def __init__(self, functions: Iterable[str], given: Mapping[str, str], *, enforced: bool = True) -> None:
        self.enforced = enforced
        names = {name.lower(): name for name in functions}
        self.master = given.get(MASTER) or secrets.token_urlsafe(32)
        self.system = {EVENT_GRID: given.get(EVENT_GRID) or secrets.token_urlsafe(32)}
        self.host = {DEFAULT: secrets.token_urlsafe(32)}
        self.function = {name: {DEFAULT: secrets.token_urlsafe(32)} for name in names.values()}
        for name, value in given.items():
            function, separator, key = name.rpartition("/")
            if not value:
                msg = f"Key {name!r} is empty."
                raise HostError(msg)
            if separator:
                if function.lower() not in names:
                    msg = f"Key {name!r}: the app has no function {function!r}."
                    raise HostError(msg)
                self.function[names[function.lower()]][key] = value
            elif name not in {MASTER, EVENT_GRID}:
                self.host[name] = value

    def admit(
        self, presented: str | None, level: Level, function: str | None = None, system: str | None = None
    ) -> bool:
        """Return whether a presented key opens something of this level.

        Args:
            presented: The key of the request, if any.
            level: What is asked for.
            function: The function whose own keys count too.
            system: The extension whose system key counts.
        """
        if not self.enforced or level is Level.ANONYMOUS:
            return True
        if not presented:
            return False
        accepted = [self.master]
        if level is Level.FUNCTION:
            accepted += self.host.values()
            accepted += self.function.get(function or "", {}).values()
        if level is Level.SYSTEM and system is not None:
            accepted.append(self.system[system])
        return any(hmac.compare_digest(presented.encode(), key.encode()) for key in accepted)

    def opens_host(self, presented: str) -> bool:
        """Return whether this is the master key, a system key or a host key: no function's own is asked then."""
        kept = [self.master, *self.system.values(), *self.host.values()]
        return any(hmac.compare_digest(presented.encode(), key.encode()) for key in kept)

    def of(self, function: str | None) -> dict[str, object]:
        """Return the keys of a function, or those of the host."""
        if function is None:
            return {"masterKey": self.master, "functionKeys": self.host, "systemKeys": self.system}
        return {"keys": self.function[function]}

    def as_json(self) -> dict[str, object]:
        """Return all keys, for the line that says that the host is ready."""
        return {"master": self.master, "host": self.host, "system": self.system, "function": self.function}


def given(shown: Mapping[str, Any]) -> dict[str, str]:
    """Return keys as `Keys` takes them, from what `as_json` shows: another process of the app has the same.

    Args:
        shown: What it shows.
    """
    own = {f"{name}/{key}": value for name, keys in shown["function"].items() for key, value in keys.items()}
    return {MASTER: shown["master"], **shown["host"], **shown["system"], **own}
