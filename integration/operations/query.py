"""What may stand in the query of an operation: each parameter says what it may be, and reads it.

The same objects read a request and describe it in the OpenAPI document, so that the two cannot disagree.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from integration.errors import InvalidRequest
from integration.operations.parameters import LONGEST, NAME, PRINTABLE, moment, number, organization_name, words

LIMIT = 50
"""How many a page has, where nothing is said."""
LARGEST_LIMIT = 200
WORD = "[A-Za-z]{0,64}"


class Parameter(msgspec.Struct, frozen=True):
    """A text that is compared with what is stored.

    Args:
        name: As it stands in the URL.
        doc: What it says.
        example: A value.
    """

    name: str
    doc: str
    example: str = ""

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        return {"type": "string", "maxLength": LONGEST, "format": PRINTABLE}

    def text(self, texts: Mapping[str, str]) -> str:
        """Return it as it was given; empty: it was not."""
        return texts.get(self.name, "")

    def check(self, texts: Mapping[str, str]) -> None:
        """Refuse what it cannot be.

        Raises:
            InvalidRequest: It says why.
        """
        words(self.name, self.text(texts))


class OrganizationName(Parameter, frozen=True):
    """The configured name of an organization."""

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        return {"type": "string", "pattern": f"^{NAME}$"}

    def check(self, texts: Mapping[str, str]) -> None:
        """Refuse what none can be called.

        Raises:
            InvalidRequest: It says why.
        """
        organization_name(self.text(texts))


class Word(Parameter, frozen=True):
    """A code: letters alone."""

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        return {"type": "string", "pattern": f"^{WORD}$"}

    def check(self, texts: Mapping[str, str]) -> None:
        """Refuse what no code is written as.

        Raises:
            InvalidRequest: It says why.
        """
        if not re.fullmatch(WORD, self.text(texts)):
            msg = f"{self.name} is a word of at most 64 letters"
            raise InvalidRequest(msg)


class Number(Parameter, frozen=True, kw_only=True):
    """A number from 1 on.

    Args:
        default: What it is when there is none.
        most: The largest that is taken.
    """

    default: int
    most: int

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        return {"type": "integer", "minimum": 1, "maximum": self.most, "default": self.default}

    def read(self, texts: Mapping[str, str]) -> int:
        """Read it.

        Raises:
            InvalidRequest: It is none.
        """
        return number(self.name, self.text(texts), default=self.default, most=self.most)

    def check(self, texts: Mapping[str, str]) -> None:
        """Refuse what is none.

        Raises:
            InvalidRequest: It says why.
        """
        self.read(texts)


class Moment(Parameter, frozen=True):
    """A time with its zone, from 1601 to 9999 in UTC."""

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        return {"type": "string", "format": "date-time"}

    def read(self, texts: Mapping[str, str]) -> datetime | None:
        """Read it; None: it was not given.

        Raises:
            InvalidRequest: It is none.
        """
        return moment(self.name, self.text(texts))

    def check(self, texts: Mapping[str, str]) -> None:
        """Refuse what is none.

        Raises:
            InvalidRequest: It says why.
        """
        self.read(texts)


class Choice(Parameter, frozen=True, kw_only=True):
    """One of a few words.

    Args:
        values: Those.
    """

    values: tuple[str, ...]

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        return {"type": "string", "enum": list(self.values)}

    def check(self, texts: Mapping[str, str]) -> None:
        """Refuse what is none.

        Raises:
            InvalidRequest: It says why.
        """
        given = self.text(texts)
        if given and given not in self.values:
            msg = f"{self.name} is one of {', '.join(self.values)}"
            raise InvalidRequest(msg)


class Flag(Parameter, frozen=True, kw_only=True):
    """`true` or `false`.

    Args:
        default: What it is when it is not given.
    """

    default: Literal["true", "false"] = "false"

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        return {"type": "string", "enum": ["true", "false"], "default": self.default}

    def read(self, texts: Mapping[str, str]) -> bool:
        """Read it.

        Raises:
            InvalidRequest: It is something else.
        """
        value = self.text(texts) or self.default
        if value not in ("true", "false"):
            msg = f"{self.name} is true or false"
            raise InvalidRequest(msg)
        return value == "true"

    def check(self, texts: Mapping[str, str]) -> None:
        """Refuse what is neither.

        Raises:
            InvalidRequest: It says why.
        """
        self.read(texts)


def check_all(parameters: Sequence[Parameter], texts: Mapping[str, str]) -> None:
    """Refuse a query in which a value is not of its form.

    Raises:
        InvalidRequest: It says which, and why.
    """
    for parameter in parameters:
        parameter.check(texts)


class Bookmark(Parameter, frozen=True, kw_only=True):
    """The `next` of a page before, which nobody makes for themselves: whose page it is reads it.

    Args:
        of: What the pages list.
    """

    of: str

    @property
    def schema(self) -> dict[str, Any]:
        """What it may be, as JSON Schema."""
        return {"type": "string", "format": f"{self.of}-bookmark"}

    def check(self, texts: Mapping[str, str]) -> None:
        """Leave it to the listing."""


def bookmark(of: str) -> Bookmark:
    """Give the parameter by which the next page of a listing is asked for."""
    return Bookmark("after", "The `next` of the page before: the page that follows it.", of=of)


ORGANIZATION = OrganizationName("organization", "Of this organization, by its configured name.", "contoso")
ROWS = Number("limit", "How many at most.", default=LIMIT, most=LARGEST_LIMIT)
