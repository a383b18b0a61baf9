"""What is being worked on: every log record of ours says it, in its text and as attributes.

The Python worker forwards the text of a record alone (`on_logging` of its dispatcher fills no `propertiesMap`, and the
host passes the message on as the state of its own record), so that what is to be found in `traces` must stand in the
text. OpenTelemetry's logging handler, which the Azure Monitor distro adds, makes custom dimensions of the attributes.
"""

from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType

NAMES = {
    "organization": "fno_link.organization",
    "source": "fno_link.source",
    "event": "fno_link.event.key",
    "id": "fno_link.event.id",
    "route": "fno_link.route",
    "target": "fno_link.target",
    "attempt": "fno_link.attempt",
}
"""The attribute of a record by the word that stands in its text; spans have the same."""

type Fields = Mapping[str, str | int]

_NOTHING: Fields = MappingProxyType({})
_current: ContextVar[Fields] = ContextVar("about", default=_NOTHING)


class _About:
    """Sets the fields, and takes them back."""

    __slots__ = ("_fields", "_token")

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._token: Token[Fields] | None = None

    def __enter__(self) -> None:
        self._token = _current.set(self._fields)

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _current.reset(self._token)


def about(**fields: str | int) -> _About:
    """Let records that are written inside say what they are about, beside what those around them do.

    Args:
        fields: By the words of NAMES; what is empty is left out.
    """
    return _About({**_current.get(), **{word: value for word, value in fields.items() if value != ""}})


def now() -> Fields:
    """Give what a record that is written here is about."""
    return _current.get()
