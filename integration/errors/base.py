"""What every error of fno-link has."""

from inspect import getdoc
from typing import ClassVar

from integration.plain_text import plain


class FnoLinkError(Exception):
    """fno-link could not do what was asked."""

    hint: str = "Read the message; the documentation of error codes says more."
    transient: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        doc = getdoc(type(self)) or type(self).__name__
        super().__init__(plain(message) if message is not None else doc.splitlines()[0])

    @property
    def code(self) -> str:
        """The stable name of this error in problem details, dead letters and logs."""
        return type(self).__name__


class Unforeseen(FnoLinkError):
    """Something went wrong in a way that fno-link does not foresee."""

    hint = "Report it with its message, which names the place; what it was about can be replayed."
    transient = True
