"""Where dead letters lie, and the ids by which they are addressed from outside."""

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime
from typing import Annotated, Self

import msgspec

from integration.errors import InvalidRequest, UnknownDeadLetter

_PATH = re.compile(
    r"(?P<organization>[a-z0-9-]{1,40})/(?P<reason>[A-Za-z]{1,64})/"
    r"(?P<at>\d{4}/\d{2}/\d{2}/\d{12})-(?P<key>[0-9a-f]{64})-(?P<route>[0-9a-f]{12})\.json"
)
_ORGANIZATION, _REASON = r"[a-z0-9-]{0,40}", r"[A-Za-z]{0,64}"
_LONGEST_ID = 400
_STAMP = "%Y/%m/%d/%H%M%S%f"
_SAFE = re.compile(r"[^A-Za-z0-9._-]")


def route_mark(route: str) -> str:
    """Shorten a route's name to what stands in paths."""
    return hashlib.sha256(route.encode()).hexdigest()[:12]


def path_for(organization: str, reason: str, at: datetime, key: str, route: str) -> str:
    """Say where a dead letter or parked delivery lies: nothing from outside gets into the path unhashed.

    Args:
        organization: The configured name.
        reason: Why it lies there.
        at: First acceptance of the event.
        key: The event's storage key.
        route: The route's name.
    """
    return f"{_SAFE.sub('-', organization)}/{reason}/{stamp(at)}-{key}-{route_mark(route)}.json"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter's path, read.

    Args:
        path: In the container.
        organization: The configured name.
        reason: Why it is a dead letter.
        at: Time of first acceptance as it stands in the path; sorts by time.
        route: The mark of its route's name.
    """

    path: str
    organization: str
    reason: str
    at: str
    route: str

    @classmethod
    def read(cls, path: str) -> Self | None:
        """Read a path; None when it is no dead letter's."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        return cls(path=path, **{name: found[name] for name in ("organization", "reason", "at", "route")})

    @property
    def order(self) -> tuple[str, str]:
        """What dead letters are sorted by: oldest first."""
        return self.at, self.path

    @property
    def accepted_at(self) -> datetime | None:
        """When the event was first accepted, as the path says it; None: no such time."""
        try:
            return datetime.strptime(self.at, _STAMP).replace(tzinfo=UTC)
        except ValueError:
            return None

    @property
    def id(self) -> str:
        """The opaque id, safe in URLs."""
        return base64.urlsafe_b64encode(self.path.encode()).decode().rstrip("=")

    @classmethod
    def of_id(cls, text: str) -> Self:
        """Read an id; only paths of dead letters have one, so nothing else can be addressed.

        Raises:
            UnknownDeadLetter: No dead letter can have this id.
        """
        place = None
        if len(text) <= _LONGEST_ID and text.isascii():
            try:
                path = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
            except (binascii.Error, UnicodeDecodeError, ValueError):
                path = ""
            place = cls.read(path)
        if place is None or place.id != text:
            msg = f"no dead letter has the id {text[:40]!r}"
            raise UnknownDeadLetter(msg)
        return place


class Filter(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """Which dead letters are meant; what is empty does not restrict.

    Args:
        organization: The configured name.
        reason: The reason's code.
        route: The route's name.
        since: First accepted at this time or later.
        until: First accepted before this time.
    """

    organization: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^{_ORGANIZATION}$"})] = ""
    reason: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^{_REASON}$"})] = ""
    route: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(_ORGANIZATION, self.organization) or not re.fullmatch(_REASON, self.reason):
            msg = "organization or reason is not the form of one"
            raise InvalidRequest(msg)
        for at in (self.since, self.until):
            if at is not None and at.tzinfo is None:
                msg = "since and until need a time zone: 2026-01-02T03:04:05Z"
                raise InvalidRequest(msg)

    @property
    def is_empty(self) -> bool:
        """Whether every dead letter is meant."""
        return self == Filter()

    def covers(self, place: Place) -> bool:
        """Tell whether a dead letter is meant."""
        return (
            self.organization in ("", place.organization)
            and self.reason in ("", place.reason)
            and (not self.route or route_mark(self.route) == place.route)
            and (self.since is None or place.at >= stamp(self.since))
            and (self.until is None or place.at < stamp(self.until))
        )


def stamp(at: datetime) -> str:
    """Write a time as it stands in paths."""
    return at.astimezone(UTC).strftime(_STAMP)
