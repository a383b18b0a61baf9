"""What the platform says of itself: whether it has an environment in maintenance, and what it knows of the link.

Microsoft publishes no values for `adminMode`, `state` and `finopsenvironmentstate`. A value that is not known here
never silences anything: better an alert too many. Nor does one that tells of an environment that is gone (`Deleted`,
`Disabled`, `Failed`), which is what alerts are for.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from integration.links.values import Linked
from integration.power_platform.answers import Application, Environment, Operation

type Linkage = Literal["linked", "not_linked", "unknown"]
type Agreement = Literal["agrees", "disagrees", "unknown"]

ENVIRONMENT = "environment"
APPLICATION = "application"

LONGEST = timedelta(hours=24)
"""An administration mode that somebody forgot, or an operation that never ends, silences no longer than this."""
BELIEVED_FOR = timedelta(hours=1)
"""What was said longer ago, because nothing was to be heard since, silences nothing."""

ADMIN_MODE = frozenset({"enabled", "true", "on", "adminmode"})
BUSY = frozenset(
    {
        "adminmode",
        "backingup",
        "configuring",
        "converting",
        "copying",
        "deploying",
        "importing",
        "installing",
        "maintenance",
        "migrating",
        "moving",
        "preparing",
        "provisioning",
        "recovering",
        "resetting",
        "restarting",
        "restoring",
        "rollingback",
        "servicing",
        "starting",
        "stopping",
        "undermaintenance",
        "updating",
        "upgrading",
    }
)
RUNNING = frozenset({"inprogress", "running"})
HARMLESS = ("delete", "backup", "managed", "governance", "validate")
"""Operations that do not interrupt an environment, or take it away for good."""


class PlatformView(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform says of an organization's environment.

    Args:
        at: When it was asked.
        since: Since when it says without a break that the environment is in maintenance; None: it does not say so.
        because: What in its answer says so, in words.
        link: Whether it has a Finance & Operations environment for it: a second view, beside Dataverse's own.
        url: That environment's URL, as it writes it.
        id: That environment's id.
        environment_id: The environment's id, so that it need not be asked for again.
        seen: The values that were read, for people.
        heard: Who has said it: `environment` (the Power Platform API), `application` (Dataverse).
        code: Why it says nothing, or not all: an error code; empty where it says all.
        message: The same in words.
        waits: Until when each of those that are asked is not asked again; who is not in it may be asked.
        v: The version of this record.
    """

    at: datetime
    since: datetime | None = None
    because: str = ""
    link: Linkage = "unknown"
    url: str = ""
    id: str = ""
    environment_id: str = ""
    seen: str = ""
    heard: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    waits: dict[str, datetime] = {}
    v: int = 1

    def in_maintenance(self, now: datetime) -> bool:
        """Tell whether notices are held back for it at an instant."""
        return self.since is not None and now - self.since < LONGEST and now - self.at <= BELIEVED_FOR


def view_of(
    environment: Environment | None,
    operations: Iterable[Operation],
    application: Application | None,
    now: datetime,
    *,
    before: PlatformView | None = None,
) -> PlatformView:
    """Say what the platform's answers mean.

    Args:
        environment: What the Power Platform API tells; None: it tells nothing.
        operations: The environment's lifecycle operations, in any order.
        application: What the environment tells of its application; None: nothing.
        now: When this was answered.
        before: What it said the last time.
    """
    because = "; ".join(_reasons(environment, operations, application, now))
    earlier = before.since if before is not None and because else None
    linked = environment.linked if environment else None
    link: Linkage = "unknown"
    if environment is not None:
        link = "linked" if linked is not None and (linked.url or linked.id) else "not_linked"
    if link != "linked" and application is not None:
        # One of the two is behind the other: which, nobody can tell.
        link = "linked" if environment is None else "unknown"
    return PlatformView(
        at=now,
        since=(earlier if earlier is not None and earlier <= now else now) if because else None,
        because=because,
        link=link,
        url=linked.url if linked else "",
        id=linked.id.lower() if linked else "",
        environment_id=environment.id if environment else before.environment_id if before else "",
        seen=", ".join(_seen(environment, application)),
        heard=(*((ENVIRONMENT,) if environment else ()), *((APPLICATION,) if application else ())),
    )


def agreement(view: PlatformView | None, link: Linked | None) -> Agreement:
    """Tell whether the platform's view of the link is that of Dataverse.

    Args:
        view: What the platform says; None: nothing.
        link: The link by Dataverse; None: it says that there is none.
    """
    if view is None or view.link == "unknown":
        return "unknown"
    if link is None or view.link == "not_linked":
        return "agrees" if link is None and view.link == "not_linked" else "disagrees"
    if host := _host(view.url):
        return "agrees" if host == _host(link.url) else "disagrees"
    if not view.id:
        return "unknown"
    return "agrees" if view.id == link.id.lower() else "disagrees"


def second_view(view: PlatformView | None, link: Linked | None) -> str:
    """Say in a sentence for an alert what the platform thinks of the link; empty: it says nothing.

    Args:
        view: As in `agreement`.
        link: As in `agreement`.
    """
    says = agreement(view, link)
    if view is None or says == "unknown":
        return ""
    if view.link == "not_linked":
        also = " either" if says == "agrees" else ""
        return f"The Power Platform has no Finance & Operations environment for it{also}."
    which = f" ({view.url or view.id})" if view.url or view.id else ""
    if says == "agrees":
        return f"The Power Platform has the same Finance & Operations environment for it{which}."
    has = "still has a" if link is None else "has another"
    return f"The Power Platform {has} Finance & Operations environment for it{which}: the two disagree."


def _reasons(
    environment: Environment | None, operations: Iterable[Operation], application: Application | None, now: datetime
) -> Iterator[str]:
    if environment is not None:
        if _plain(environment.admin_mode) in ADMIN_MODE:
            yield "the environment is in administration mode"
        if _plain(environment.state) in BUSY:
            yield f"the environment's state is {environment.state}"
    for operation in operations:
        if _interrupts(operation, now):
            yield f"the operation {operation.name or operation.id} is running"
    if application is not None and _plain(application.state) in BUSY:
        yield f"the Finance & Operations application's state is {application.state}"


def _interrupts(operation: Operation, now: datetime) -> bool:
    name = operation.name.lower()
    return (
        _plain(operation.status) in RUNNING
        and operation.ended is None
        and not any(word in name for word in HARMLESS)
        and (operation.started is None or now - operation.started < LONGEST)
    )


def _seen(environment: Environment | None, application: Application | None) -> Iterator[str]:
    if environment is not None:
        yield f"adminMode {environment.admin_mode or 'not told'}"
        yield f"state {environment.state or 'not told'}"
    if application is not None:
        yield f"finopsenvironmentstate {application.state or 'not told'}"


def _plain(value: str) -> str:
    return re.sub(r"[^a-z]", "", value.lower())


def _host(url: str) -> str:
    try:
        return (urlsplit(url if "://" in url else f"https://{url}").hostname or "").rstrip(".")
    except ValueError:
        return ""
