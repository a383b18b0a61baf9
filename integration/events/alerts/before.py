"""The alert about a link as it was before incidents had notices: for who still raises it so."""

from datetime import datetime

import msgspec

from integration.events.alerts.alert import Environment
from integration.events.alerts.types import PREFIX
from integration.events.event import Event
from integration.plain_text import plain


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


def of_organization(kind: str, data: Integration, at: datetime) -> Event:
    """Make the event of an alert about an organization.

    Args:
        kind: One of the types.
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
        data=msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(data, message=plain(data.message)))),
    )
