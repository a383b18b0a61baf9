"""What the function app answers, as far as the commands read it; more may stand in each.

Source: docs/reference/http.md.
"""

from typing import Any, NotRequired, TypedDict

type Row = dict[str, Any]


class DeadLetterPage(TypedDict):
    """A page of dead letters."""

    deadLetters: list[Row]
    next: str | None


class ParkedPage(TypedDict):
    """A page of parked deliveries."""

    parked: list[Row]
    next: str | None


class ControlNumbers(TypedDict):
    """The newest of each kind of business event."""

    controlNumbers: list[Row]


class Reset(TypedDict):
    """What was forgotten."""

    reset: list[Row]


class Kept(TypedDict):
    """A dead letter or a parked delivery."""

    reason: str


class Released(TypedDict):
    """What became of parked deliveries that were released by their ids."""

    released: dict[str, list[str]]
    left: list[str]


class Ordered(TypedDict):
    """Whether the release of an organization was ordered; not where nothing is parked."""

    ordered: bool


class JobState(TypedDict):
    """A replay or purge."""

    id: str
    kind: str
    state: str
    counts: dict[str, int]


class Count(TypedDict):
    """How many dead letters an order means."""

    matching: int
    complete: bool
    byReason: dict[str, int]


class EventDelivery(TypedDict):
    """A delivery in the journal."""

    route: str
    state: str


class EventRow(TypedDict):
    """An event in the journal; one that cannot be read has its key alone."""

    key: str
    organization: str
    unreadable: NotRequired[bool]
    acceptedAt: NotRequired[str]
    type: NotRequired[str]
    id: NotRequired[str]
    state: NotRequired[str]
    reason: NotRequired[str]
    deliveries: NotRequired[list[EventDelivery]]


class EventPage(TypedDict):
    """A page of the journal."""

    events: list[EventRow]
    next: str | None


class EventReplay(TypedDict):
    """A replay that was ordered of an event itself."""

    event: str
    replay: int


class Forgotten(TypedDict):
    """How many rows were counted or forgotten."""

    next: str | None
    kept: int
    matching: NotRequired[int]
    purged: NotRequired[int]


class IncidentRow(TypedDict):
    """An incident; its steps only where it is shown whole."""

    id: str
    subject: str
    kind: str
    state: str
    reasons: NotRequired[list[Row]]


class IncidentPage(TypedDict):
    """A page of incidents."""

    incidents: list[IncidentRow]
    next: str | None


class Maintenance(TypedDict):
    """A maintenance that an operator has called."""

    id: str
    until: str


class MaintenanceList(TypedDict):
    """What is silent now, and what will be."""

    active: list[Row]
    next: list[Row]
    calls: list[Row]


class HealthAnswer(TypedDict):
    """How everything stands."""

    status: str
    checks: NotRequired[dict[str, Any]]
    targets: NotRequired[dict[str, Any]]


class StatusAnswer(TypedDict):
    """How everything stands."""

    level: str
    organizations: list[Row]
