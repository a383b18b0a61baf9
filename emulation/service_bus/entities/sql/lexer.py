"""Cut a filter or an action into tokens."""

import re
from enum import Enum

import msgspec

KEYWORDS = frozenset(
    {"AND", "OR", "NOT", "IS", "NULL", "IN", "LIKE", "ESCAPE", "EXISTS", "TRUE", "FALSE", "SET", "REMOVE"}
)
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
      | (?P<string>'(?:[^']|'')*')
      | (?P<bracketed>\[(?:[^\]]|\]\])*\])
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<word>@?[^\W\d_]\w*)
      | (?P<symbol><>|!=|>=|<=|[=<>+\-*/%(),.;])""",
    re.VERBOSE,
)


class SqlError(ValueError):
    """The text is not a filter or an action."""


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    STRING = "string"
    NAME = "name"
    KEYWORD = "keyword"
    SYMBOL = "symbol"
    END = "end"


class Token(msgspec.Struct, frozen=True):
    """A token.

    Args:
        kind: What it is.
        text: Keywords in upper case; strings and names without their quotes.
        at: Where it begins.
        quoted: Whether a name was delimited, so that it is no function or scope.
    """

    kind: Kind
    text: str
    at: int
    quoted: bool = False


def tokens(text: str) -> list[Token]:
    """Return the tokens, an END behind them.

    Raises:
        SqlError: A character begins no token.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            msg = f"unexpected {text[at]!r} at position {at}"
            raise SqlError(msg)
        if match.lastgroup != "space":
            found.append(_token(match.lastgroup or "", match.group(), at))
        at = match.end()
    found.append(Token(Kind.END, "", at))
    return found


def _token(group: str, text: str, at: int) -> Token:
    if group == "string":
        return Token(Kind.STRING, text[1:-1].replace("''", "'"), at)
    if group == "bracketed":
        return Token(Kind.NAME, text[1:-1].replace("]]", "]"), at, quoted=True)
    if group == "quoted":
        return Token(Kind.NAME, text[1:-1].replace('""', '"'), at, quoted=True)
    if group == "word":
        upper = text.upper()
        return Token(Kind.KEYWORD, upper, at) if upper in KEYWORDS else Token(Kind.NAME, text, at)
    return Token(Kind.NUMBER if group == "number" else Kind.SYMBOL, text, at)
