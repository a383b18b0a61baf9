"""Which incidents are meant, in which order they are listed, and where a page begins; pure."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from integration.errors import InvalidRequest
from integration.operations.incident_shapes import Summary
from integration.operations.query import LIMIT, ORGANIZATION, ROWS, Choice, Moment, Parameter, bookmark, check_all

type State = Literal["", "open", "ended"]

_STATE = Choice("state", "Open ones, or those that ended.", "open", values=("open", "ended"))
_KIND = Parameter("kind", "Of this kind of check.", "integration")
_SINCE = Moment("since", "Opened at this time or later.", "2026-01-02T03:04:05Z")
_UNTIL = Moment("until", "Opened before this time.", "2026-01-03T00:00:00Z")
_AFTER = bookmark("incident")
QUERY = (ORGANIZATION, _KIND, _STATE, _SINCE, _UNTIL, ROWS, _AFTER)
"""What a listing takes."""


class Bookmark(msgspec.Struct, frozen=True, array_like=True):
    """The last incident of a page: open ones come before ended ones, later ones before earlier ones.

    Args:
        ended: Whether it has ended.
        at: When it was opened or, where it has ended, when it did.
        id: Its id.
    """

    ended: bool
    at: datetime
    id: str

    @classmethod
    def of(cls, incident: Summary) -> "Bookmark":
        """Mark an incident."""
        return cls(incident.ended_at is not None, incident.ended_at or incident.opened_at, incident.id)

    @property
    def order(self) -> tuple[bool, float, str]:
        """What incidents are sorted by."""
        return self.ended, -self.at.timestamp(), self.id

    @property
    def token(self) -> str:
        """The same as a text for who asks for the next page."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def of_token(cls, token: str) -> "Bookmark":
        """Read a text that `token` made.

        Raises:
            InvalidRequest: It is none.
        """
        try:
            content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            mark = msgspec.json.decode(content, type=cls)
            mark.at.astimezone(UTC).timestamp()
        except (ValueError, OverflowError, msgspec.DecodeError) as error:
            raise InvalidRequest("after is the `next` of the page before") from error
        if mark.at.tzinfo is None:
            raise InvalidRequest("after is the `next` of the page before")
        return mark


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents are meant; what is empty does not restrict.

    Args:
        organization: Of this one.
        kind: Of this kind of check.
        state: Open or ended ones.
        since: Opened at this time or later.
        until: Opened before this time.
    """

    organization: str = ""
    kind: str = ""
    state: State = ""
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, incident: Summary) -> bool:
        """Tell whether an incident is meant."""
        return (
            self.organization in ("", incident.organization)
            and self.kind in ("", incident.kind)
            and self.state in ("", incident.state)
            and (self.since is None or incident.opened_at >= self.since)
            and (self.until is None or incident.opened_at < self.until)
        )


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which page is asked for.

    Args:
        wanted: Which incidents are meant.
        limit: How many at most.
        after: The last of the page before.
    """

    wanted: Wanted = Wanted()
    limit: int = LIMIT
    after: Bookmark | None = None


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents, open ones first, the latest first; `next` is the `after` of the following page."""

    incidents: Sequence[Summary]
    next: str | None


def page_of(incidents: Iterable[Summary], asked: Asked) -> IncidentPage:
    """Make one page.

    Args:
        incidents: All there are, in any order; one that is there open and ended has ended.
        asked: Which page.
    """
    known: dict[str, Summary] = {}
    for incident in incidents:
        if incident.id not in known or incident.ended_at is not None:
            known[incident.id] = incident
    rest = sorted(filter(asked.wanted.takes, known.values()), key=lambda each: Bookmark.of(each).order)
    if asked.after is not None:
        last = asked.after.order
        rest = [each for each in rest if Bookmark.of(each).order > last]
    shown = rest[: asked.limit]
    following = Bookmark.of(shown[-1]).token if len(rest) > len(shown) else None
    return IncidentPage(incidents=shown, next=following)


def read_query(texts: Mapping[str, str]) -> Asked:
    """Read which page is asked for.

    Args:
        texts: Those of `QUERY`; what is empty does not restrict.

    Raises:
        InvalidRequest: One is not of its form.
    """
    check_all(QUERY, texts)
    state = _STATE.text(texts)
    wanted = Wanted(
        organization=ORGANIZATION.text(texts),
        kind=_KIND.text(texts),
        state="open" if state == "open" else "ended" if state else "",
        since=_SINCE.read(texts),
        until=_UNTIL.read(texts),
    )
    after = _AFTER.text(texts)
    return Asked(wanted=wanted, limit=ROWS.read(texts), after=Bookmark.of_token(after) if after else None)
