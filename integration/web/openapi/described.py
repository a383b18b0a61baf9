"""What is said of an operation beside its name, method, route and role, which stand in the table of functions."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from integration.errors import FnoLinkError
from integration.operations.query import Parameter

type Tag = Literal["links", "events", "dead letters", "parked", "incidents", "maintenance", "state", "intake"]

JSON = "application/json"


def _text() -> dict[str, str]:
    return {"type": "string"}


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A header, of a request or of an answer.

    Args:
        name: Its name.
        doc: What it says.
        schema: What it may be, as JSON Schema.
        required: Whether it is always there.
    """

    name: str
    doc: str
    schema: Mapping[str, Any] = msgspec.field(default_factory=_text)
    required: bool = False


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Which operation can be asked next with something of this answer.

    Args:
        operation: Its name.
        given: The values of its parameters, as runtime expressions of OpenAPI.
    """

    operation: str
    given: Mapping[str, str]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a request.

    Args:
        doc: What it says.
        order: Of a JSON body, the struct that reads it; None: it is not read as JSON.
        media_types: Those that are taken.
        schema: What it may be, where it is no JSON.
        examples: Bodies by their names.
        required: Whether an operation needs one.
    """

    doc: str
    order: type[msgspec.Struct] | None = None
    media_types: Sequence[str] = (JSON,)
    schema: Mapping[str, Any] = {}
    examples: Mapping[str, Any] = {}
    required: bool = True


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is no error.

    Args:
        doc: When it is given.
        types: Of a JSON body, what it may be; none: it has none, or is no JSON.
        media_types: The types of the body.
        headers: Its headers.
        examples: Bodies by their names: values of its types, so that an example cannot say what they do not.
        links: What can be asked next, by a name.
    """

    doc: str
    types: Sequence[Any] = ()
    media_types: Sequence[str] = (JSON,)
    headers: Sequence[Header] = ()
    examples: Mapping[str, Any] = {}
    links: Mapping[str, Link] = {}


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of an operation.

    Args:
        tag: The part of the API.
        summary: What it does, in a few words.
        doc: What else is to be known.
        parts: The named parts of its path, in their order.
        query: The parameters that it takes: the very ones that read its requests.
        headers: The headers that it reads.
        body: Its body; None: it takes none.
        answers: By status, those that are no errors.
        errors: What it may raise beside what every operation may.
    """

    tag: Tag
    summary: str
    doc: str = ""
    parts: Sequence[Parameter] = ()
    query: Sequence[Parameter] = ()
    headers: Sequence[Header] = ()
    body: Body | None = None
    answers: Mapping[int, Answer]
    errors: Sequence[type[FnoLinkError]] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An operation as the table of functions has it.

    Args:
        name: Of its function.
        method: Upper-case.
        path: With its prefix: `/api/events/{id}`.
        anonymous: Whether it asks for no key.
        role: The app role that a token needs; None: no token opens it.
        retiring: Since when nobody should begin to use it, and until when it is there; None: it stays.
    """

    name: str
    method: str
    path: str
    anonymous: bool = False
    role: str | None = None
    retiring: str | None = None
