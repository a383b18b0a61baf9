"""local.settings.json, read as Core Tools read it.

`func start` deserializes the file with Json.NET (`AppSettingsFile.cs` of Azure Functions Core Tools): comments of both
kinds, a comma before a closing bracket, texts in single quotes and names without any are allowed, and the members are
found whatever the case of their names.
"""

import json
import re
import string

_NAME = frozenset(string.ascii_letters + string.digits + "_$")
_ESCAPE = re.compile(r'\\.|"', re.DOTALL)
_WORDS = frozenset({"true", "false", "null"})


def strict(text: str) -> str:
    """Rewrite a text that Json.NET reads into strict JSON.

    Raises:
        ValueError: A comment or a text has no end.
    """
    written: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character in "\"'":
            value, at = _quoted(text, at)
            written.append(json.dumps(value))
        elif text.startswith("//", at):
            at = min((end for mark in "\r\n" if (end := text.find(mark, at)) >= 0), default=len(text))
        elif text.startswith("/*", at):
            at = text.index("*/", at) + 2
        elif character in string.ascii_letters + "_$":
            word, at = _word(text, at)
            written.append(word if word in _WORDS else json.dumps(word))
        else:
            if character in "]}":
                _drop_comma(written)
            written.append(character)
            at += 1
    return "".join(written)


def _quoted(text: str, at: int) -> tuple[str, int]:
    quote, start = text[at], at + 1
    end = start
    while text[end : end + 1] != quote:
        if end >= len(text):
            msg = f"the text that begins at character {at + 1} has no end"
            raise ValueError(msg)
        end += 2 if text[end] == "\\" else 1
    raw = _ESCAPE.sub(_escaped, text[start:end])
    return json.loads(f'"{raw}"', strict=False), end + 1


def _escaped(found: re.Match[str]) -> str:
    if found.group() == "\\'":
        return "'"
    return '\\"' if found.group() == '"' else found.group()


def _word(text: str, at: int) -> tuple[str, int]:
    end = at
    while end < len(text) and text[end] in _NAME:
        end += 1
    return text[at:end], end


def _drop_comma(written: list[str]) -> None:
    while written and not written[-1].strip():
        written.pop()
    if written and written[-1] == ",":
        written.pop()
