"""What checks are given and what they return."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from integration.config.settings.settings import Environ
from integration.errors import Problem

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a text; `{}` in the message stands for the value."""

    message: str
    hint: str = ""


class MissingConnection(Problem, frozen=True):
    """A connection that cannot be found: the same for every entry that needs it, and told once."""


class Judged(msgspec.Struct, frozen=True):
    """The readable fields of one entry.

    Args:
        cls: The entry's class.
        fields: The fields that were written and have no problem of their own.
        place: The entry's path.
        open: Paths whose value is not known: it has a problem or depends on app settings.
        environ: The app settings; None: not at hand.
    """

    cls: type
    fields: Mapping[str, Any]
    place: str
    open: set[str]
    environ: Environ | None

    def at(self, key: str) -> str:
        """Return the path of one of its keys."""
        return f"{self.place}.{key}"

    def known(self, key: str) -> Any:
        """Return a field's value or default; None when it is not known."""
        if self.at(key) in self.open:
            return None
        if key in self.fields:
            return self.fields[key]
        return {field.name: field.default for field in msgspec.structs.fields(self.cls)}[key]


def parsed(text: str) -> SplitResult | None:
    """Split a URL; None when it has none of the shape."""
    if " " in text or not text.isprintable():
        return None
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        return None
    return url


def positive(judged: Judged, *keys: str) -> Iterator[Problem]:
    """Report the durations that are none."""
    for key in keys:
        if judged.fields.get(key, timedelta(1)) <= timedelta(0):
            yield Problem(judged.at(key), "must be longer than nothing")
