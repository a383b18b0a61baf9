"""JSON as Json.NET reads it: with comments, trailing commas, single quotes and names without quotes; pure.

Core Tools read local.settings.json with `JsonConvert.DeserializeObject` (`AppSettingsFile` in Azure Functions Core
Tools), which takes all of these; what it takes, `func start` starts with.
"""

import json
import re
from typing import Any

_PIECES = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*")"""
    r"""|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<comment>//[^\r\n]*|/\*.*?\*/)"""
    r"""|(?P<name>[A-Za-z_$][\w$]*)(?=(?:\s|//[^\r\n]*[\r\n]|/\*.*?\*/)*:)""",
    re.DOTALL,
)
_QUOTES = re.compile(r"""\\.|["]""", re.DOTALL)
_TRAILING = re.compile(r"""("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])""", re.DOTALL)


def read_lenient(text: str) -> Any:
    """Read a document.

    Args:
        text: JSON, with what Json.NET allows beside it.

    Raises:
        ValueError: It is not JSON even so.
    """
    strict = _PIECES.sub(_strict, text)
    strict = _TRAILING.sub(lambda found: found[1] or "", strict)
    try:
        return json.loads(strict)
    except RecursionError as error:
        msg = "it is nested too deep"
        raise ValueError(msg) from error


def _strict(found: re.Match[str]) -> str:
    if found["comment"] is not None:
        return " "
    if found["name"] is not None:
        return f'"{found["name"]}"'
    if found["single"] is not None:
        inner = _QUOTES.sub(lambda each: {"\\'": "'", '"': '\\"'}.get(each[0], each[0]), found["single"])
        return f'"{inner}"'
    return found["text"]
