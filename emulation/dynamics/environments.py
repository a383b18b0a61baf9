"""An organization's environment as the Power Platform has it, at the start and as the control API sets it."""

from typing import Literal
from uuid import NAMESPACE_URL, uuid5

import msgspec


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lifecycle operation.

    Args:
        name: What is done.
        status: One of the page's: Queued, InProgress, Succeeded, ValidationFailed, Failed, NoOperation or
            ValidationPassed.
        started: `startTime`, verbatim; left out when empty.
        ended: `endTime`, verbatim; left out when empty.
    """

    name: str = "Copy"
    status: str = "InProgress"
    started: str = "2026-01-01T00:00:00Z"
    ended: str = ""


class Application(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What msprov_getfinopsapplicationdetails answers; an environment without it has no such function.

    Args:
        state: `finopsenvironmentstate`.
        version: `applicationversion`.
        platform: `platformversion`.
        deployment: `applicationdeploymenttype`.
    """

    state: str = "Running"
    version: str = "10.0.2263.80"
    platform: str = "7.0.7690.80"
    deployment: str = "Sandbox"


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `finOpsMetadata` that is not that of the link.

    Args:
        id: As answered.
        type: `Internal` for a unified environment, `Linked` for one of Lifecycle Services.
        url: As answered.
    """

    id: str = ""
    type: str = "Linked"
    url: str = ""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An environment.

    Args:
        id: Its id; derived from the organization's URL by default.
        admin_mode: `adminMode`, verbatim: nobody publishes its values.
        state: `state`, verbatim.
        knows: What it tells as `finOpsMetadata`: that of the link, nothing though there is a link, or this.
        operations: Its lifecycle operations, in the order in which they are answered.
        application: What its application tells, None where there is no such function.
    """

    id: str = ""
    admin_mode: str = "Disabled"
    state: str = "Ready"
    knows: Literal["link", "nothing"] | Metadata = "link"
    operations: tuple[Operation, ...] = ()
    application: Application | None = None

    def named(self, url: str) -> str:
        """Return its id.

        Args:
            url: The organization's URL.
        """
        return self.id or str(uuid5(NAMESPACE_URL, f"{url}/environment"))
