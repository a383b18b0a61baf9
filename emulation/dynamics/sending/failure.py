"""Why something was not sent, in Dataverse's words ("Web service error codes")."""

from typing import Literal

type Again = Literal["never", "once", "later"]


class NotSent(Exception):
    """An endpoint did not take a context.

    Args:
        code: Dataverse's error code.
        message: Its message.
        again: Whether it is sent once more at once, or later again and again, or never.
    """

    def __init__(self, code: str, message: str, again: Again = "never") -> None:
        super().__init__(message)
        self.code, self.again = code, again

    @property
    def number(self) -> int:
        """The code as `errorcode` has it: a signed number of 32 bits."""
        value = int(self.code, 16)
        return value - 2**32 if value >= 2**31 else value


def timed_out() -> NotSent:
    """Return what a receiver causes that does not answer in time."""
    reason = "because the Http request timed out at client side. Please check your webhook request handler."
    return NotSent("0x80050202", f"The webhook call failed {reason}")


def answered(status: int) -> NotSent:
    """Return what an answer causes that is no success; three of them are worth a second attempt."""
    reason = "because the http request received non-success httpStatus code. Please check your webhook request handler."
    again: Again = "once" if status in {502, 503, 504} else "never"
    return NotSent("0x80050201", f"The webhook call failed {reason} Status code: {status}.", again)


def unreachable(reason: str) -> NotSent:
    """Return what a receiver causes that cannot be reached."""
    message = "The webhook call failed during http post. Please check the exception for more details."
    return NotSent("0x80050205", f"{message} {reason}")


def bad_authentication(*, headers: bool) -> NotSent:
    """Return what an `authvalue` causes that holds no settings."""
    code, what, names = (
        ("0x80050203", "http headers", "header names")
        if headers
        else ("0x80050204", "http query params", "query parameter names")
    )
    return NotSent(
        code,
        f"The webhook call failed because of invalid {what} in authValue. Check if the authValue format, {names} and "
        "values are valid for your Service Endpoint entity.",
    )


def too_large(*, webhook: bool) -> NotSent:
    """Return what a context causes that is too large even without its parameters."""
    code, what = (
        ("0x80050207", "webhook call failed because the http")
        if webhook
        else (
            "0x80050208",
            "service bus call failed because the",
        )
    )
    return NotSent(
        code,
        f"The {what} request payload has exceeded maximum allowed size. Please reduce your request size and retry.",
    )


def not_posted(reason: str, again: Again = "later") -> NotSent:
    """Return what a bus causes that does not take a message."""
    return NotSent("0x80044175", f"The service bus post failed. {reason}", again)
