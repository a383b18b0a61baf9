"""`$expand`: which relationships, and the options of each in parentheses.

Source: the page "Join tables using OData".
"""

from emulation.dynamics.dataverse_schema import BadQuery


def split_options(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the navigation properties of an `$expand`, each with its own options by name.

    Raises:
        BadQuery: Parentheses or options cannot be read.
    """
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for part in _split(text, ",", text):
        name, sign, rest = part.strip().partition("(")
        if sign and not rest.endswith(")"):
            raise _bad(text)
        options: list[tuple[str, str]] = []
        for option in _split(rest[:-1], ";", text) if sign else []:
            key, equals, value = option.strip().partition("=")
            if not equals:
                raise _bad(text)
            options.append((key.strip(), value.strip()))
        if not name.strip():
            raise _bad(text)
        found.append((name.strip(), options))
    return found


def _split(text: str, sign: str, whole: str) -> list[str]:
    """Split at signs that stand in no parentheses and no quotes."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
        if depth < 0:
            raise _bad(whole)
        if letter == sign and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    if depth or quoted:
        raise _bad(whole)
    return parts


def _bad(text: str) -> BadQuery:
    return BadQuery(f"Syntax error in the value '{text}' of $expand.")
