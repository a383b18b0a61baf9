"""The grammar of `$filter`: comparisons, text functions, `In` and `NotIn`, with `and`, `or`, `not` and parentheses.

Source: the page "Filter rows using OData". What is not read here is an error, as it is to Dataverse, never no rows.
"""

import re
from collections.abc import Callable
from typing import NoReturn

import msgspec

from emulation.dynamics.dataverse_schema import DATE, GUID, TEXT, BadQuery, Schema, kind_of
from emulation.dynamics.dataverse_terms import (
    COMPARISONS,
    TEXT_FUNCTIONS,
    Operand,
    Test,
    among,
    both,
    comparison,
    either,
    negated,
    text_function,
)

_NAMESPACE = "Microsoft.Dynamics.CRM."
_SETS = {f"{_NAMESPACE}In": False, f"{_NAMESPACE}NotIn": True}
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<enum>Microsoft\.Dynamics\.CRM\.\w+'(?:[^']|'')*')
    | (?P<text>'(?:[^']|'')*')
    | (?P<bare>(?:{GUID.pattern}|{DATE.pattern}|-?\d+(?:\.\d+)?)(?![\w.]))
    | (?P<word>[A-Za-z_][\w./]*)
    | (?P<list>\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\])
    | (?P<sign>[(),=])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_DEEPEST = 100
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    at: int


def read_filter(text: str, schema: Schema) -> Test:
    """Read a filter; `not` binds closest, then `and`, then `or`.

    Raises:
        BadQuery: It is not such a filter, or names no column of the schema.
    """
    return _Reader(text, schema).read()


class _Reader:
    """Reads one filter by recursive descent."""

    def __init__(self, text: str, schema: Schema) -> None:
        self._text = text
        self._schema = schema
        self._tokens = self._tokenized()
        self._next = 0
        self._depth = 0

    def read(self) -> Test:
        test = self._joined("or", either, lambda: self._joined("and", both, self._factor))
        if self._token.kind != "end":
            self._fail(self._token)
        return test

    def _tokenized(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while not tokens or tokens[-1].kind != "end":
            found = _TOKEN.match(self._text, at)
            if found is None or found.lastgroup is None:
                at += len(self._text[at:]) - len(self._text[at:].lstrip())
                if self._text[at] == "'":
                    msg = f"There is an unterminated literal at position {at} in '{self._text}'."
                    raise BadQuery(msg)
                self._fail(_Token("", "", at))
            tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
            at = found.end()
        return tokens

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, kind: str, text: str = "") -> _Token:
        token = self._token
        if token.kind != kind or (text and token.text != text):
            self._fail(token)
        self._next += 1
        return token

    def _fail(self, token: _Token) -> NoReturn:
        msg = f"Syntax error at position {token.at} in '{self._text}'."
        raise BadQuery(msg)

    def _joined(self, word: str, join: Callable[[Test, Test], Test], part: Callable[[], Test]) -> Test:
        test = part()
        while (self._token.kind, self._token.text) == ("word", word):
            self._next += 1
            test = join(test, part())
        return test

    def _factor(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadQuery("Recursion depth exceeded allowed limit.")
        test = self._unit()
        self._depth -= 1
        return test

    def _unit(self) -> Test:
        token = self._token
        if token.text == "(":
            return self._grouped()
        name = self._take("word").text
        if name == "not":
            # OData's `not` binds closer than a comparison: `not a eq 1` negates a number.
            following = self._tokens[self._next + 1 : self._next + 2]
            if self._token.text not in {"(", "not"} and [each.text for each in following] != ["("]:
                raise BadQuery(
                    "A unary operator with an incompatible type was detected. Found operand type "
                    "for operator kind 'Not' that is no boolean; put the comparison into parentheses."
                )
            return negated(self._factor())
        return self._function(name) if self._token.text == "(" else self._comparison(name)

    def _grouped(self) -> Test:
        self._take("sign", "(")
        test = self._joined("or", either, lambda: self._joined("and", both, self._factor))
        self._take("sign", ")")
        return test

    def _comparison(self, column: str) -> Test:
        left = Operand(self._schema.kind(column), column)
        token = self._take("word")
        if token.text not in COMPARISONS:
            self._fail(token)
        return comparison(left, token.text, self._operand(), cased=self._schema.metadata)

    def _operand(self) -> Operand:
        token = self._token
        self._next += 1
        match token.kind:
            case "word" if token.text in _WORDS:
                value = _WORDS[token.text]
                return Operand(kind_of(value), value=value)
            case "word":
                return Operand(self._schema.kind(token.text), token.text)
            case "text" | "enum":
                return Operand(TEXT, value=_unquoted(token.text))
            case "bare":
                number = re.fullmatch(r"-?\d+(\.\d+)?", token.text)
                value = token.text if number is None else float(token.text) if number[1] else int(token.text)
                return Operand(kind_of(value), value=value)
            case _:
                return self._fail(token)

    def _function(self, name: str) -> Test:
        if name not in TEXT_FUNCTIONS and name not in _SETS:
            msg = (
                f"An unknown function with name '{name}' was found. This may also be a function import or a key "
                "lookup on a navigation property, which is not allowed."
            )
            raise BadQuery(msg)
        self._take("sign", "(")
        if name in _SETS:
            test = self._membership(negated=_SETS[name])
        else:
            column = self._take("word").text
            self._take("sign", ",")
            pattern = _unquoted(self._take("text").text)
            test = text_function(name, column, self._schema.kind(column), pattern)
        self._take("sign", ")")
        return test

    def _membership(self, *, negated: bool) -> Test:
        self._take("word", "PropertyName")
        self._take("sign", "=")
        column = _unquoted(self._take("text").text)
        self._schema.kind(column)
        self._take("sign", ",")
        self._take("word", "PropertyValues")
        self._take("sign", "=")
        token = self._take("list")
        try:
            values = msgspec.json.decode(token.text, type=list[str])
        except msgspec.DecodeError as error:
            msg = f"Invalid JSON. {error}"
            raise BadQuery(msg) from error
        return among(column, values, negated=negated)


def _unquoted(text: str) -> str:
    return text[text.index("'") + 1 : -1].replace("''", "'")
