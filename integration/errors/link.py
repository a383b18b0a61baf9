"""Why the state of a link is not known."""

from integration.errors.base import FnoLinkError


class LinkUnknown(FnoLinkError):
    """Whether the organization is linked could not be found out.

    Args:
        message: What happened.
        retry_after: Seconds to wait before asking again, where the other side said so.
        status: The HTTP status that was answered, where there was an answer.
        remote_code: The other side's own error code (0x80072560, AADSTS7000215), where it gave one.
        hint: What to do, where that code says more than the class does.

    Beside these: `asked`, whether the other side itself asked for the wait, which everybody then keeps, unlike our own
    back-off; and `cause`, which names who did not answer where that is not who was called: `entra:{tenant}`.
    """

    hint = "Run `fno-link doctor`; it walks the prerequisites in order."
    transient = True

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        remote_code: str | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.hint = hint or type(self).hint
        self.retry_after = retry_after
        self.status = status
        self.remote_code = remote_code
        self.asked = retry_after is not None
        self.cause = ""


class Unauthenticated(LinkUnknown):
    """Microsoft Entra gave no token, or Dataverse did not accept it."""

    hint = "Check the app registration's client id, secret or certificate and their expiry, and the tenant."


class Forbidden(LinkUnknown):
    """The application user may not make this call."""

    hint = "Create an application user for the client id in this organization and give it a security role."


class Throttled(LinkUnknown):
    """Dataverse asked to slow down."""

    hint = "Nothing to do: the call is repeated when Dataverse allows it."


class Unreachable(LinkUnknown):
    """The other side could not be reached, or did not answer in time."""

    hint = "Check the organization's URL, DNS, proxy and firewall; maintenance in the admin center explains it too."


class UnexpectedAnswer(LinkUnknown):
    """The other side answered something that the documented API does not answer."""

    hint = "Check that the organization's URL is a Dataverse environment; report the answer if it is."


class RowRefused(LinkUnknown):
    """Dataverse, or Finance & Operations, did not take a row."""

    hint = "Read Dataverse's words; what was written before stands, and the command goes on when it is run again."
    transient = False


class Busy(LinkUnknown):
    """Another instance is asking Dataverse right now and has not finished."""

    hint = "Ask again in a few seconds."
