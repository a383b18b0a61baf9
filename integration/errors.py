"""Every error that fno-link raises, as one tree.

FnoLinkError
├── ConfigurationError          all problems of fno-link.toml and the app settings, at once
├── UnknownOrganization
├── UnknownSource
├── UnknownDeadLetter
├── UnknownEvent
├── PayloadNotKept
├── AmbiguousEvent
├── UnknownJob
├── UnknownIncident
├── IncidentEnded
├── UnknownMaintenance
├── InvalidRequest
├── FormRefused
├── ActionsOff
├── AppRefused
├── AppUnavailable
├── LinkUnknown                 the link's state is not known; the subclass says why
│   ├── Unauthenticated
│   ├── Forbidden
│   ├── Throttled
│   ├── Unreachable
│   ├── UnexpectedAnswer
│   ├── RowRefused
│   └── Busy
├── StorageUnavailable
├── StorageRefused
├── Overloaded
├── LengthRequired
├── PayloadTooLarge
├── CorruptRecord
├── Unforeseen                  a fault of fno-link's own, or an answer that it cannot cope with
└── DeliveryFailed              one delivery attempt did not succeed
    ├── TargetUnavailable       transient: try again by the schedule
    ├── Spared                  transient: nothing was attempted
    │   ├── CoolingDown
    │   └── CircuitOpen
    ├── TargetRejected          permanent: the answer will not change
    ├── TemplateField
    └── UntrustedLink

A class's docstring is its default message; `code` is stable and appears in problem details, dead letters and logs;
`hint` says what to do; `transient` says whether trying again can help. Messages never hold secrets, tokens or whole
payloads, and are plain text: what came from outside is cleaned in them.
"""

from collections.abc import Sequence
from inspect import getdoc
from typing import ClassVar

import msgspec

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


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with the configuration.

    Args:
        key: Where, as a dotted path (`routes[2].filters[0].operator`) or the name of an app setting.
        message: What is wrong, with the value seen unless it may be a secret.
        hint: What to do, with the allowed values where there are any.
        file: The file that holds the key, empty for app settings.
    """

    key: str
    message: str
    hint: str = ""
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.file else self.key
        return plain(f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else ""))


class ConfigurationError(FnoLinkError):
    """The configuration has problems."""

    hint = "Run `fno-link config check`; it lists every problem with its place and the allowed values."

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class UnknownOrganization(FnoLinkError):
    """No organization of this name is configured."""

    hint = "Use a `name` from [[organizations]] in fno-link.toml; GET /api/organizations lists them."


class UnknownSource(FnoLinkError):
    """No source of this name is configured."""

    hint = 'Use a name from [sources.*] in fno-link.toml with kind = "http"; configure it again to replay its messages.'


class UnknownDeadLetter(FnoLinkError):
    """There is no dead letter of this id."""

    hint = "List the dead letters for their ids; it may have been replayed or purged."


class UnknownEvent(FnoLinkError):
    """The journal knows no event of this id or key."""

    hint = "List the events; rows are dropped after `[journal] keep`, and what never came in has none."


class PayloadNotKept(FnoLinkError):
    """The event itself was not kept, only what became of it: it cannot be replayed."""

    hint = "Set `keep_payload` in [journal] for events to come; dead letters are replayed, parked ones released."


class AmbiguousEvent(FnoLinkError):
    """Several events have this id."""

    hint = "Name the organization, or ask by the key of the one that is meant."


class UnknownJob(FnoLinkError):
    """There is no job of this id."""

    hint = "Use the id that starting the replay or purge answered."


class UnknownIncident(FnoLinkError):
    """There is no incident of this id."""

    hint = "List the incidents for their ids; those that ended are kept for 90 days."


class IncidentEnded(FnoLinkError):
    """The incident has ended: there is nothing left of it to acknowledge or to mute."""

    hint = "List the incidents with their state open; a new outage of the same subject is an incident of its own."


class UnknownMaintenance(FnoLinkError):
    """There is no maintenance of this id that was called by an operator."""

    hint = "List maintenance for its ids; windows of fno-link.toml are changed there."


class InvalidRequest(FnoLinkError):
    """The request cannot be understood."""

    hint = "Read the message; the page of the HTTP endpoints says what a request may hold."


class FormRefused(FnoLinkError):
    """A form of the status page was not sent from the page, or was opened too long ago."""

    hint = "Nothing was done. Open the operator's page anew and send the form from there."


class ActionsOff(FnoLinkError):
    """The actions of the status page are switched off."""

    hint = "Use the HTTP API or `fno-link`, or set `actions = true` in [status] of fno-link.toml."


class AppRefused(FnoLinkError):
    """The function app refused the request."""

    hint = "Check the URL of --app, and that FNO_LINK_KEY is a key of this function."


class AppUnavailable(FnoLinkError):
    """The function app did not answer, or could not."""

    hint = "Check the URL of --app and the network; if it answered 5xx, look into the app's logs, then ask again."
    transient = True


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
    """Dataverse did not take a row."""

    hint = "Read Dataverse's words; what was written before stands, and the command goes on when it is run again."
    transient = False


class Busy(LinkUnknown):
    """Another instance is asking Dataverse right now and has not finished."""

    hint = "Ask again in a few seconds."


class StorageUnavailable(FnoLinkError):
    """The storage account did not answer in time."""

    hint = "Check the AzureWebJobsStorage setting and the state of the storage account; the sender may try again."
    transient = True


class StorageRefused(FnoLinkError):
    """The storage account refused what was to be stored or read, and would do so again.

    Args:
        message: What happened.
        status: The HTTP status that was answered.
    """

    hint = "Read the message: most often something is larger than the account takes; report it with its message."

    def __init__(self, message: str | None = None, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Overloaded(FnoLinkError):
    """More requests are under way than this instance takes."""

    hint = "Send again after the time in Retry-After."
    transient = True


class LengthRequired(FnoLinkError):
    """The request does not say how long its body is."""

    hint = (
        "Send the body with a Content-Length header: the Functions host does not read one that is sent in chunks "
        "(Transfer-Encoding: chunked). A message that is meant to be empty has Content-Length: 0."
    )


class PayloadTooLarge(FnoLinkError):
    """The body is larger than this source accepts."""

    hint = "Send less, or raise `max_body` of the source in fno-link.toml."


class CorruptRecord(FnoLinkError):
    """A stored record cannot be read."""

    hint = "It was written by another version or changed by hand; the dead letter keeps it."


class Unforeseen(FnoLinkError):
    """Something went wrong in a way that fno-link does not foresee."""

    hint = "Report it with its message, which names the place; what it was about can be replayed."
    transient = True


class DeliveryFailed(FnoLinkError):
    """A delivery attempt did not succeed.

    Args:
        message: What happened.
        status: The target's answer, where it has one (an HTTP status).
        response: The first bytes of the answer's body, decoded leniently.
        retry_after: Seconds the target asked to wait.
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        response: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.response = response
        self.retry_after = retry_after


class TargetUnavailable(DeliveryFailed):
    """The target could not take the delivery now."""

    hint = "Nothing to do: it is tried again by the schedule; after the last attempt it is a dead letter."
    transient = True


class Spared(DeliveryFailed):
    """The target is left alone for a while; nothing was attempted."""

    hint = "Nothing to do: the delivery goes on by itself, and none of its attempts is used up."
    transient = True


class CoolingDown(Spared):
    """The linked environment asked for a pause, or has as many calls as it may have; nothing was attempted."""

    hint = (
        "Nothing to do: deliveries go on by themselves. If it happens often, lower `calls_per_environment`, or raise "
        "the client's priority in the environment."
    )


class CircuitOpen(Spared):
    """The target keeps failing and is left alone for a while; nothing was attempted."""

    hint = "Mend the target; deliveries go on by themselves once a probe succeeds."
    transient = True


class TargetRejected(DeliveryFailed):
    """The target refused the delivery for good."""

    hint = "Read the target's answer, mend the cause, then replay the dead letter."


class TemplateField(DeliveryFailed):
    """A target's template names a field that this event does not have."""

    hint = "Change the template, or filter the route to events that carry the field, then replay."


class UntrustedLink(DeliveryFailed):
    """The linked environment is outside the trusted hosts or tenant, so nothing is sent to it."""

    hint = "Check the link; if the host is yours, add its suffix to `trusted_hosts` of the organization."
