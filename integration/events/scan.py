"""Look at JSON text without a recursive parser: hostile nesting and broken neighbours must not hurt."""

import re

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)
_NOT_A_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
_OPEN = frozenset(b"[{")
_HOPELESS = 10_000


def is_deeper(text: bytes, limit: int) -> bool:
    """Say whether arrays and objects nest deeper than a limit, without recursion.

    Args:
        text: JSON, or anything that claims to be.
        limit: The nesting that is still allowed; `[[1]]` nests 2 deep.
    """
    if text.count(b"{") + text.count(b"[") <= limit:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", text).translate(None, _NOT_A_BRACKET):
        if bracket in _OPEN:
            depth += 1
            if depth > limit:
                return True
        else:
            depth -= 1
    return False


def elements(text: bytes) -> list[bytes]:
    """Split the text of an array at its own commas, whatever its elements hold.

    Args:
        text: Begins with `[`. What is wrong inside an element, or an end that is missing, stays with that element; one
            that nests deeper than 10,000 levels takes what follows it along.

    Returns:
        The text of each element, trimmed; blank ones are left out.
    """
    found: list[bytes] = []
    depth = 0
    start = 1
    for match in _STRUCTURE.finditer(text):
        mark = match.group()
        if mark in {b"[", b"{"}:
            depth += 1
            if depth > _HOPELESS:
                break
        elif mark in {b"]", b"}"}:
            depth -= 1
            if depth <= 0:
                found.append(text[start : match.start()])
                start = match.end()
                break
        elif mark == b"," and depth == 1:
            found.append(text[start : match.start()])
            start = match.end()
    found.append(text[start:])
    return [element for element in (piece.strip() for piece in found) if element]


def mend_surrogates(text: bytes) -> bytes:
    r"""Replace escapes of half a character by the replacement character, as decoders of text do.

    Systems that cut strings by UTF-16 length write such halves (`\ud83d` alone); JSON parsers refuse them.
    """
    return _ESCAPE.sub(lambda match: rb"\ufffd" if match.group("lone") else match.group(), text)
