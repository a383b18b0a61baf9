"""A request, understood: which kind of call it is, whom it concerns, and how it is answered when nothing is broken."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from emulation.dynamics.faults import Fault, Kind
from emulation.dynamics.state import OrganizationState


@dataclass(frozen=True, slots=True)
class Call:
    """A request, understood.

    Args:
        kind: The kind of call.
        organization: The organization concerned, where there is one.
        answer: The honest answer.
        refusal: The answer in the service's own words for a fault that is a status.
        version: The API version asked for, where the service has versions.
    """

    kind: Kind
    organization: OrganizationState | None
    answer: Callable[[], Awaitable[Response]]
    refusal: Callable[[Fault], Response]
    version: str = ""
