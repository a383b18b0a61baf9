"""Writing: `JToken.ToString(Formatting.None)`, and the cast of a value to string."""

import json
import math
from decimal import Decimal
from typing import Any, cast

from emulation.functions_host.json_net.moment import Moment

# The digits up to which .NET writes a double without an exponent, and the zeros after the point.
DIGITS, ZEROS = 15, 4


def written(value: Any) -> str:
    """Write a value that `parse` returned."""
    match value:
        case dict():
            members = cast("dict[str, Any]", value)
            return "{" + ",".join(f"{_text(name)}:{written(member)}" for name, member in members.items()) + "}"
        case list():
            return "[" + ",".join(map(written, cast("list[Any]", value))) + "]"
        case Moment():
            return f'"{value.iso}"'
        case float():
            return _double(value)
        case str():
            return _text(value)
        case _:
            return json.dumps(value)


def as_string(value: Any) -> str | None:
    """Cast a value to a string, as `(string)token` does: dates lose their fraction and zone, booleans are capital."""
    match value:
        case None | str():
            return value
        case bool():
            return str(value)
        case Moment():
            return value.invariant
        case float():
            return _shortest(value)
        case _:
            return str(value)


def _text(text: str) -> str:
    # Half a character ends as U+FFFD where the host turns its text into UTF-8.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(whole, ensure_ascii=False)


def _double(value: float) -> str:
    """Return a double as JSON: never without point or exponent."""
    if not math.isfinite(value):
        return f'"{_shortest(value)}"'
    shortest = _shortest(value)
    return shortest if "." in shortest or "E" in shortest else f"{shortest}.0"


def _shortest(value: float) -> str:
    """Return the fewest digits that mean this double, in the form of .NET's `ToString("R")`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    decimal = Decimal(repr(value)).normalize()
    sign, digits, exponent = decimal.as_tuple()
    minus = "-" if sign else ""
    if not value:
        return f"{minus}0"
    figures = "".join(map(str, digits))
    point = len(figures) + cast("int", exponent)
    if point > max(len(figures), DIGITS) or point <= -ZEROS:
        power = point - 1
        mantissa = figures[0] + (f".{figures[1:]}" if len(figures) > 1 else "")
        return f"{minus}{mantissa}E{'-' if power < 0 else '+'}{abs(power):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{figures}"
    if point >= len(figures):
        return f"{minus}{figures}{'0' * (point - len(figures))}"
    return f"{minus}{figures[:point]}.{figures[point:]}"
