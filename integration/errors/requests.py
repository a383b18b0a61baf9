"""What was asked for is not there, or may not be asked like that."""

from integration.errors.base import FnoLinkError


class UnknownOrganization(FnoLinkError):
    """No organization of this name is configured."""

    hint = "Use a `name` from [[organizations]] in fno-link.toml; GET /api/organizations lists them."


class CallerUnknown(FnoLinkError):
    """Who asks is not known."""

    hint = "Show a token of Entra that was issued for this app, or use a function key at the path without /entra."


class CallerRefused(FnoLinkError):
    """Who asks may not ask for this."""

    hint = "Whoever runs this app says in [[clients]] who may ask, and in Entra by which app roles."


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


class Overloaded(FnoLinkError):
    """More requests are under way than this instance takes."""

    hint = "Send again after the time in Retry-After."
    transient = True


class TooManyRefreshes(FnoLinkError):
    """This caller had links asked anew as often as it may for now.

    Args:
        message: What happened.
        retry_after: Seconds after which it may again.
    """

    hint = "Ask for the link itself, which is kept fresh; or wait as Retry-After says; `[cache] refreshes_per_minute`."
    transient = True

    def __init__(self, message: str | None = None, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LengthRequired(FnoLinkError):
    """The request does not say how long its body is."""

    hint = (
        "Send the body with a Content-Length header: the Functions host does not read one that is sent in chunks "
        "(Transfer-Encoding: chunked). A message that is meant to be empty has Content-Length: 0."
    )


class PayloadTooLarge(FnoLinkError):
    """The body is larger than this source accepts."""

    hint = "Send less, or raise `max_body` of the source in fno-link.toml."
