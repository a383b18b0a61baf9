"""What an alert says, and the event that is made of it.

The same notice is the same event: its id is the notice's key, so that one that is sent again is known again.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from integration.events.alerts.types import TARGET_CLOSED, TARGET_OPENED
from integration.events.event import Event
from integration.links.values import Linked
from integration.plain_text import plain

MOST_NAMED = 10
"""How many failed deliveries, and how many children of one cause, an alert names; the rest are counted."""
LONGEST = 2000
"""Characters of a text that are told at the most."""
LARGEST = 32 * 1024
"""Bytes of an alert's data: with its envelope, and in base64, it fits into a message of a Storage queue."""
_ROOMS = ((LONGEST, 300, 20), (500, 120, 20), (150, 60, 10), (60, 30, 5))
"""Characters of a text, of a name, and how many facts; from generous to what always fits."""


class Environment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A linked Finance & Operations environment as an alert tells it; the arguments are those of `Linked`."""

    url: str
    tenant_id: str
    id: str

    @classmethod
    def of(cls, link: Linked | None) -> "Environment | None":
        """Tell a link; None where there is none."""
        return None if link is None else cls(url=link.url, tenant_id=link.tenant_id, id=link.id)


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Something that failed, as an alert about deliveries names it.

    Args:
        type: Of the event; of a message that could not be read, empty.
        id: Of the event, the message, or the job.
        code: Why: an error code, or a dead letter's reason.
        message: The first error, in words.
        route: By which it was delivered; empty: by none.
    """

    type: str
    id: str
    code: str
    message: str
    route: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of every alert.

    Args:
        organization: The configured name; empty: it is about no single organization.
        organization_url: Its URL.
        subject: About whom: the name of an organization, a target or a source; `app` for the worker itself.
        check: What is wrong, as a machine of `types` names it.
        incident: The same from the trigger to its one end.
        transition: What is told of it.
        n: Which one of this incident's notices of this transition, from 1.
        since: When the trouble was first seen.
        code: Why: an error code.
        message: The same in words.
        hint: What to do.
        link: The environment now; None: there is none, or it is not known, or it is not about the link.
        previous: The environment before.
        children: What has the same cause, by name; at most `MOST_NAMED`.
        children_left_out: How many more.
        failed: What failed, each with its first error; at most `MOST_NAMED`.
        facts: What was seen beside, by name.
        page: Where the incident is shown; empty: not configured.
        command: What shows the incident, or replays what failed.
        target: Of an alert about a target: its name.
        state: Of an alert about a target: `opened` or `closed`.
        source: Of an alert about a source: its name.
    """

    organization: str
    organization_url: str
    subject: str
    check: str
    incident: str
    transition: str
    n: int
    since: datetime
    code: str = ""
    message: str = ""
    hint: str = ""
    link: Environment | None = None
    previous: Environment | None = None
    children: tuple[str, ...] = ()
    children_left_out: int = 0
    failed: tuple[Failed, ...] = ()
    facts: Mapping[str, str] = {}
    page: str = ""
    command: str = ""
    target: str | msgspec.UnsetType = msgspec.UNSET
    state: str | msgspec.UnsetType = msgspec.UNSET
    source: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def key(self) -> str:
        """The notice's key, and the id of its event."""
        return f"{self.incident}:{self.transition}:{self.n}"


def event_of(kind: str, data: Alert, at: datetime, *, organization: str = "", source: str = "") -> Event:
    """Make the event of an alert.

    Args:
        kind: Its type: see `types.type_of`.
        data: What it says; texts may come from outside.
        at: When it happened.
        organization: The configured organization whose journal keeps it, where it is about none: any one that exists.
        source: The URI that it has as its source; left out: of the organization's URL.
    """
    if data.check == "target":
        data = msgspec.structs.replace(data, target=data.subject, state="closed" if kind == TARGET_CLOSED else "opened")
    elif data.check == "source":
        data = msgspec.structs.replace(data, source=data.subject)
    return Event(
        id=data.key,
        source=source or f"{data.organization_url}/fno-link",
        type=kind,
        organization=data.organization or organization,
        subject=data.subject,
        time=at,
        shape="alert",
        data=msgspec.Raw(_encoded(data)),
    )


def target_of(event: Event) -> str:
    """Name the target that an event is an alert about, where it is never sent; empty where it is about none."""
    return event.subject or "" if event.internal and event.type in (TARGET_OPENED, TARGET_CLOSED) else ""


def _encoded(data: Alert) -> bytes:
    encoded = b""
    for text, name, facts in _ROOMS:
        encoded = msgspec.json.encode(_cleaned(data, text, name, facts))
        if len(encoded) <= LARGEST:
            break
    return encoded


def _cleaned(data: Alert, text: int, name: int, facts: int) -> Alert:
    return msgspec.structs.replace(
        data,
        code=plain(data.code, longest=name),
        message=plain(data.message, longest=text),
        hint=plain(data.hint, longest=text),
        children=tuple(plain(each, longest=name) for each in data.children[:MOST_NAMED]),
        children_left_out=data.children_left_out + max(0, len(data.children) - MOST_NAMED),
        failed=tuple(_cleaned_failure(each, text, name) for each in data.failed[:MOST_NAMED]),
        facts={
            plain(each, longest=name): plain(value, longest=text) for each, value in list(data.facts.items())[:facts]
        },
        page=plain(data.page, longest=LONGEST),
        command=plain(data.command, longest=LONGEST),
    )


def _cleaned_failure(failed: Failed, text: int, name: int) -> Failed:
    return Failed(
        type=plain(failed.type, longest=name),
        id=plain(failed.id, longest=name),
        code=plain(failed.code, longest=name),
        message=plain(failed.message, longest=text),
        route=failed.route,
    )
