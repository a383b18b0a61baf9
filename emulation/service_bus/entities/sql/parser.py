"""Read a filter or an action into functions of a message.

Precedence, from loose to tight: OR, AND, NOT, comparison, sum, product, sign.
"""

from collections.abc import Callable
from typing import Any, Literal, Protocol
from uuid import uuid4

import msgspec

from emulation.service_bus.entities.sql.evaluate import (
    Truth,
    both,
    calculate,
    compare,
    either,
    like,
    negated,
    signed,
    within,
)
from emulation.service_bus.entities.sql.lexer import Kind, SqlError, Token, tokens

MAX_LENGTH = 1024
MAX_DEPTH = 64
COMPARISONS = frozenset({"=", "<>", "!=", ">", ">=", "<", "<="})
type Scope = Literal["sys", "user"]


class Properties(Protocol):
    """What a filter sees of a message."""

    def get(self, scope: Scope, name: str) -> Any:
        """Return a property's value, None where a user property is not there."""
        ...

    def exists(self, scope: Scope, name: str) -> bool:
        """Return whether there is such a property."""
        ...


type Expression = Callable[[Properties], Any]
type Predicate = Callable[[Properties], Truth]


class Change(msgspec.Struct, frozen=True):
    """One statement of an action: SET with a value, or REMOVE without one."""

    scope: Scope
    name: str
    value: Expression | None


def parse_filter(text: str) -> Predicate:
    """Read a filter.

    Raises:
        SqlError: It is not one, or longer than 1024 characters.
    """
    parser = _Parser(text)
    predicate = parser.boolean()
    parser.end()
    return lambda message: _truth(predicate(message))


def parse_action(text: str) -> list[Change]:
    """Read an action.

    Raises:
        SqlError: It is not one, or longer than 1024 characters.
    """
    parser = _Parser(text)
    changes: list[Change] = []
    while not parser.at_end():
        changes.append(parser.statement())
        while parser.take(Kind.SYMBOL, ";") or parser.take(Kind.SYMBOL, ","):
            pass
    if not changes:
        raise SqlError("an action needs SET or REMOVE")
    return changes


def _truth(value: Any) -> Truth:
    return value if isinstance(value, bool) else None


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            msg = f"a rule's text is at most {MAX_LENGTH} characters long; this one has {len(text)}"
            raise SqlError(msg)
        self._tokens = tokens(text)
        self._at = 0
        self._depth = 0

    # --- tokens ---

    def _next(self) -> Token:
        return self._tokens[self._at]

    def take(self, kind: Kind, *texts: str) -> Token | None:
        """Consume the next token if it is one of these."""
        token = self._next()
        if token.kind is not kind or (texts and token.text not in texts):
            return None
        self._at += 1
        return token

    def _need(self, kind: Kind, text: str = "") -> Token:
        token = self.take(kind, *((text,) if text else ()))
        if token is None:
            found = self._next()
            seen = repr(found.text) if found.kind is not Kind.END else "the end"
            msg = f"expected {text or kind.value} at position {found.at}, not {seen}"
            raise SqlError(msg)
        return token

    def at_end(self) -> bool:
        """Return whether nothing is left."""
        return self._next().kind is Kind.END

    def end(self) -> None:
        """Insist that nothing is left."""
        self._need(Kind.END)

    # --- predicates ---

    def boolean(self) -> Expression:
        """Read a predicate."""
        left = self._conjunction()
        while self.take(Kind.KEYWORD, "OR"):
            left = _logical(either, left, self._conjunction())
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self.take(Kind.KEYWORD, "AND"):
            left = _logical(both, left, self._negation())
        return left

    def _negation(self) -> Expression:
        if self.take(Kind.KEYWORD, "NOT"):
            self._deeper()
            inner = self._negation()
            self._depth -= 1
            return lambda message: negated(_truth(inner(message)))
        return self._comparison()

    def _comparison(self) -> Expression:
        if self.take(Kind.KEYWORD, "EXISTS"):
            self._need(Kind.SYMBOL, "(")
            scope, name = self.property()
            self._need(Kind.SYMBOL, ")")
            return lambda message: message.exists(scope, name)
        left = self._sum()
        if symbol := self.take(Kind.SYMBOL, *COMPARISONS):
            right = self._sum()
            return lambda message: compare(symbol.text, left(message), right(message))
        if self.take(Kind.KEYWORD, "IS"):
            inverted = self.take(Kind.KEYWORD, "NOT") is not None
            self._need(Kind.KEYWORD, "NULL")
            return lambda message: (left(message) is None) is not inverted
        inverted = self.take(Kind.KEYWORD, "NOT") is not None
        if self.take(Kind.KEYWORD, "IN"):
            return _inverted(self._membership(left), inverted=inverted)
        if self.take(Kind.KEYWORD, "LIKE"):
            return _inverted(self._pattern(left), inverted=inverted)
        if inverted:
            self._need(Kind.KEYWORD, "IN")
        return left

    def _membership(self, left: Expression) -> Expression:
        self._need(Kind.SYMBOL, "(")
        candidates = [self._sum()]
        while self.take(Kind.SYMBOL, ","):
            candidates.append(self._sum())
        self._need(Kind.SYMBOL, ")")
        return lambda message: within(left(message), [candidate(message) for candidate in candidates])

    def _pattern(self, left: Expression) -> Expression:
        pattern = self._sum()
        escape = self._sum() if self.take(Kind.KEYWORD, "ESCAPE") else None
        if escape is None:
            return lambda message: like(left(message), pattern(message), None)
        return lambda message: _escaped(left(message), pattern(message), escape(message))

    # --- expressions ---

    def _sum(self) -> Expression:
        left = self._product()
        while symbol := self.take(Kind.SYMBOL, "+", "-"):
            left = _arithmetic(symbol.text, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._sign()
        while symbol := self.take(Kind.SYMBOL, "*", "/", "%"):
            left = _arithmetic(symbol.text, left, self._sign())
        return left

    def _sign(self) -> Expression:
        if symbol := self.take(Kind.SYMBOL, "+", "-"):
            self._deeper()
            inner = self._sign()
            self._depth -= 1
            return lambda message: signed(symbol.text, inner(message))
        return self._primary()

    def _primary(self) -> Expression:
        if self.take(Kind.SYMBOL, "("):
            self._deeper()
            inner = self.boolean()
            self._need(Kind.SYMBOL, ")")
            self._depth -= 1
            return inner
        if number := self.take(Kind.NUMBER):
            return _constant(int(number.text) if number.text.isdigit() else float(number.text))
        if string := self.take(Kind.STRING):
            return _constant(string.text)
        if word := self.take(Kind.KEYWORD, "TRUE", "FALSE", "NULL"):
            return _constant({"TRUE": True, "FALSE": False, "NULL": None}[word.text])
        name = self._next()
        if name.kind is Kind.NAME and not name.quoted and self._tokens[self._at + 1].text == "(":
            return self._function(name)
        scope, key = self.property()
        return lambda message: message.get(scope, key)

    def _function(self, name: Token) -> Expression:
        self._at += 2
        function = name.text.lower()
        if function == "newid":
            self._need(Kind.SYMBOL, ")")
            return lambda _message: str(uuid4())
        if function not in {"property", "p"}:
            msg = f"unknown function {name.text!r} at position {name.at}; there are newid(), property(name) and p(name)"
            raise SqlError(msg)
        argument = self._sum()
        self._need(Kind.SYMBOL, ")")

        def read(message: Properties) -> Any:
            key = argument(message)
            return message.get("user", key) if isinstance(key, str) else None

        return read

    def property(self) -> tuple[Scope, str]:
        """Read a property's scope and name."""
        first = self._need(Kind.NAME)
        scope = first.text.lower()
        if not first.quoted and scope in {"sys", "user"} and self.take(Kind.SYMBOL, "."):
            return ("sys" if scope == "sys" else "user"), self._need(Kind.NAME).text
        return "user", first.text

    def statement(self) -> Change:
        """Read SET property = expression, or REMOVE property."""
        if self.take(Kind.KEYWORD, "REMOVE"):
            return Change(*self.property(), None)
        self._need(Kind.KEYWORD, "SET")
        scope, name = self.property()
        self._need(Kind.SYMBOL, "=")
        return Change(scope, name, self._sum())

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            msg = f"nested deeper than {MAX_DEPTH}"
            raise SqlError(msg)


def _constant(value: object) -> Expression:
    return lambda _message: value


def _logical(operator: Callable[[Truth, Truth], Truth], left: Expression, right: Expression) -> Expression:
    return lambda message: operator(_truth(left(message)), _truth(right(message)))


def _arithmetic(symbol: str, left: Expression, right: Expression) -> Expression:
    return lambda message: calculate(symbol, left(message), right(message))


def _inverted(predicate: Expression, *, inverted: bool) -> Expression:
    return (lambda message: negated(predicate(message))) if inverted else predicate


def _escaped(value: Any, pattern: Any, escape: Any) -> Truth:
    if not isinstance(escape, str) or len(escape) != 1:
        return None
    return like(value, pattern, escape)
