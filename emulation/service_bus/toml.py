"""Write plain data as TOML; `tomllib` reads it back."""

import json
from typing import Any


def dump(document: dict[str, Any]) -> str:
    """Return a document as TOML, leaving out what is None; nested data is written inline."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in document.items() if value is not None)


def _key(key: str) -> str:
    return json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        entries: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType] - plain data
        inner = (f"{_key(key)} = {_value(item)}" for key, item in entries.items() if item is not None)
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType] - plain data
        return "[" + ", ".join(map(_value, items)) + "]"
    return json.dumps(value, ensure_ascii=True)
