"""Reading."""

import json
from typing import Any, cast

from emulation.functions_host.json_net.moment import moment

DEEPEST = 64
_MOST_DIGITS = 380


def parse(text: str) -> Any:
    """Read JSON text as `JToken.Parse` does.

    Args:
        text: One JSON value.

    Returns:
        Objects, arrays, texts, numbers, booleans and None as Python has them; a `Moment` for each text that is a date.

    Raises:
        ValueError: It is no JSON, or nests deeper than 64 levels.
    """
    try:
        read = json.loads(text, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("The reader's MaxDepth of 64 has been exceeded.") from error
    return _dated(read, 0)


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("JSON integer is too large to parse.")
    return int(digits)


def _dated(value: Any, level: int) -> Any:
    if isinstance(value, str):
        return moment(value) or value
    if not isinstance(value, dict | list):
        return value
    if level >= DEEPEST:
        raise ValueError("The reader's MaxDepth of 64 has been exceeded.")
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: _dated(member, level + 1) for name, member in members.items()}
    return [_dated(element, level + 1) for element in cast("list[Any]", value)]
