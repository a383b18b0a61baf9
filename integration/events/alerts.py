"""fno-link's own events: every type, what its data holds, and how an event is made of it.

The same alert is the same event: its id is made of what it is about, so that one that is sent again is known again.
"""

from datetime import datetime
from typing import Literal

import msgspec

from integration.events.event import Event
from integration.plain_text import plain

PREFIX = "fno-link."
"""How the types begin; nobody else's event may have such a type."""

LOST = "fno-link.integration.lost"
RESTORED = "fno-link.integration.restored"
RELINKED = "fno-link.integration.relinked"
UNREACHABLE = "fno-link.integration.unreachable"
UNTRUSTED = "fno-link.link.untrusted"
FOREIGN_ORGANIZATION = "fno-link.foreign_organization"
TARGET_OPENED = "fno-link.target.opened"
TARGET_CLOSED = "fno-link.target.closed"

ALL = (LOST, RESTORED, RELINKED, UNREACHABLE, UNTRUSTED, FOREIGN_ORGANIZATION, TARGET_OPENED, TARGET_CLOSED)


class Environment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A linked Finance & Operations environment as an alert tells it; the arguments are those of `Linked`."""

    url: str
    tenant_id: str
    id: str


class Integration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of an alert about an organization's link.

    Args:
        organization: The configured name.
        organization_url: Its URL.
        incident: The same from the trigger to the restored notice.
        since: When the trouble was first seen.
        code: Why: an error code.
        message: The same in words.
        hint: What to do.
        link: The environment now; None: there is none, or it is not known.
        previous: The environment before.
    """

    organization: str
    organization_url: str
    incident: str
    since: datetime
    code: str
    message: str
    hint: str
    link: Environment | None
    previous: Environment | None


class ForeignOrganization(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of the alert that events of another organization come in by a source.

    Args:
        organization: The source's organization, its configured name.
        organization_url: Its URL.
        incident: The same for a day, source and foreign organization.
        since: When it was seen.
        code: The reason of the dead letter.
        message: The same in words.
        hint: What to do.
        source: The configured source.
        left_out: How many such alerts of the source this process has left out since its last one.
    """

    organization: str
    organization_url: str
    incident: str
    since: datetime
    code: str
    message: str
    hint: str
    source: str
    left_out: int


class TargetCircuit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of an alert about a target's circuit breaker.

    Args:
        target: The target's name.
        state: What has happened.
        since: When it was opened.
        code: Why: the code of the last failure.
        message: The same in words.
        hint: What to do.
    """

    target: str
    state: Literal["opened", "closed"]
    since: datetime
    code: str
    message: str
    hint: str


def of_organization(kind: str, data: Integration | ForeignOrganization, at: datetime) -> Event:
    """Make the event of an alert about an organization.

    Args:
        kind: One of the types above.
        data: What it says; its message may hold text from outside.
        at: When it happened.
    """
    return Event(
        id=f"{data.incident}:{kind.removeprefix(PREFIX)}",
        source=f"{data.organization_url}/fno-link",
        type=kind,
        organization=data.organization,
        subject=data.organization,
        time=at,
        shape="alert",
        data=_encoded(data),
    )


def of_target(data: TargetCircuit, at: datetime, *, organization: str, source: str) -> Event:
    """Make the event of an alert about a target; its subject is the target, where it is never sent.

    Args:
        data: What it says.
        at: When it happened.
        organization: Of the event whose delivery showed it.
        source: The URI that the alert has as its source.
    """
    return Event(
        id=f"{data.target}:{data.since.isoformat()}:{data.state}",
        source=source,
        type=TARGET_OPENED if data.state == "opened" else TARGET_CLOSED,
        organization=organization,
        subject=data.target,
        time=at,
        shape="alert",
        data=_encoded(data),
    )


def target_of(event: Event) -> str:
    """Name the target that an event is an alert about; empty where it is about none."""
    return event.subject or "" if event.internal and event.type in (TARGET_OPENED, TARGET_CLOSED) else ""


def _encoded(data: Integration | ForeignOrganization | TargetCircuit) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(data, message=plain(data.message))))
