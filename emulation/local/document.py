"""One's own fno-link.toml, read only as far as the local world must know it: `fno-link config check` judges it.

Nothing here fails over a key that is wrong: what cannot be understood is not played, and the check says why.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

_PART = re.compile(r"%%|%([A-Za-z_][A-Za-z0-9_.:-]*)%")


class Unreadable(Exception):
    """The configuration is no TOML file, or there is none."""


class Entry(msgspec.Struct, frozen=True):
    """An organization, a source, a target or a client; or a table that is there once.

    Args:
        name: What it is called.
        fields: What is written of it.
    """

    name: str
    fields: dict[str, Any]

    def text(self, key: str, settings: Mapping[str, str], default: str = "") -> str:
        """Return a text with the settings put in; `default` where there is none."""
        value = self.fields.get(key, default)
        return settled(value, settings) if isinstance(value, str) else default

    def texts(self, key: str, settings: Mapping[str, str]) -> Iterator[str]:
        """Yield the texts of a list with the settings put in."""
        yield from (settled(each, settings) for each in _list(self.fields.get(key)) if isinstance(each, str))

    def says(self, key: str, settings: Mapping[str, str], *, default: bool) -> bool:
        """Return a truth value, which may be a setting's."""
        value = self.fields.get(key, default)
        return settled(value, settings).strip().lower() == "true" if isinstance(value, str) else bool(value)


class Text(msgspec.Struct, frozen=True):
    """One text of the file.

    Args:
        place: The keys that lead to it.
        value: The text as written.
    """

    place: tuple[str, ...]
    value: str


class Document(msgspec.Struct, frozen=True):
    """What the file says."""

    entra: Entry = Entry("entra", {})
    clients: tuple[Entry, ...] = ()

    organizations: tuple[Entry, ...] = ()
    sources: tuple[Entry, ...] = ()
    targets: tuple[Entry, ...] = ()
    texts: tuple[Text, ...] = ()

    def at_work(self, table: str, kind: str, settings: Mapping[str, str]) -> Iterator[Entry]:
        """Yield the sources or targets of a kind that are not switched off."""
        for each in getattr(self, table):
            if each.fields.get("kind") == kind and each.says("enabled", settings, default=True):
                yield each


def read(path: Path) -> Document:
    """Read the file.

    Raises:
        Unreadable: There is none, or it is no TOML; the message says why.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{path}: {said or type(error).__name__}"
        raise Unreadable(msg) from error
    entra = raw.get("entra")
    return Document(
        entra=Entry("entra", cast("dict[str, Any]", entra) if isinstance(entra, dict) else {}),
        clients=tuple(_listed(raw.get("clients"))),
        organizations=tuple(_listed(raw.get("organizations"))),
        sources=_named(raw.get("sources")),
        targets=_named(raw.get("targets")),
        texts=tuple(_texts(raw, ())),
    )


def settled(text: str, settings: Mapping[str, str]) -> str:
    """Put settings into a text; one that is not set stays as written."""

    def value_of(found: re.Match[str]) -> str:
        return settings.get(found[1], found[0]) if found[1] else "%"

    return _PART.sub(value_of, text)


def settings_in(text: str) -> tuple[str, ...]:
    """Return the names of the settings that a text asks for."""
    return tuple(found[1] for found in _PART.finditer(text) if found[1])


def _named(table: object) -> tuple[Entry, ...]:
    found = cast("dict[str, Any]", table) if isinstance(table, dict) else {}
    return tuple(Entry(name, cast("dict[str, Any]", each)) for name, each in found.items() if isinstance(each, dict))


def _listed(value: object) -> Iterator[Entry]:
    for each in _list(value):
        if isinstance(each, dict):
            fields = cast("dict[str, Any]", each)
            if isinstance(fields.get("name"), str):
                yield Entry(fields["name"], fields)


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _texts(value: object, place: tuple[str, ...]) -> Iterator[Text]:
    match value:
        case str():
            yield Text(place, value)
        case dict():
            for key, each in cast("dict[str, Any]", value).items():
                yield from _texts(each, (*place, key))
        case list():
            for each in cast("list[Any]", value):
                yield from _texts(each, place)
        case _:
            pass
