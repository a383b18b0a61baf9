"""Text from outside, made safe to show: in a log, on a terminal, in a message.

A character that is not seen as itself can forge a log line (a line break), repaint a terminal (an escape sequence) or
turn what is read around (a bidirectional override). Sources: the Unicode Standard, general categories (chapter 4.5);
"Trojan Source" (CVE-2021-42574); CWE-117 and CWE-150.
"""

import unicodedata

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_LARGEST_BYTE = 0xFF
_LARGEST_BMP = 0xFFFF


def plain(text: str, *, longest: int | None = None) -> str:
    """Write every character that is not seen as itself by its number.

    Args:
        text: Anything, lone surrogates included.
        longest: How many characters of the result are kept; what is cut is marked by `…`. None: all.

    Returns:
        One line of text that can be shown, encoded as UTF-8, and stays what it is when it is cleaned again.
    """
    if not text.isprintable():
        text = "".join(map(_shown, text))
    if longest is not None and len(text) > longest:
        return text[: longest - 1] + "…"
    return text


def plain_lines(text: str) -> str:
    """Clean each line of a text that has several, a traceback say: its line breaks stay."""
    return "\n".join(plain(line.expandtabs(4)) for line in text.split("\n"))


def _shown(character: str) -> str:
    # All of category Z but space is unprintable to Python; the spaces among it are harmless.
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    number = ord(character)
    if number <= _LARGEST_BYTE:
        return _SHORT.get(character, rf"\x{number:02x}")
    return rf"\u{number:04x}" if number <= _LARGEST_BMP else rf"\U{number:08x}"
