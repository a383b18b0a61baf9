"""How an event of the journal is written for who asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from integration.journal import Entry, Found
from integration.journal.errand import told
from integration.journal.record import Made, State


class DeliverySummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A delivery as a listing shows it."""

    route: str
    target: str
    state: Made


class Delivery(DeliverySummary, frozen=True, kw_only=True, rename="camel"):
    """A delivery.

    Args:
        attempts: How many were made.
        at: When this was recorded.
        until: When it is tried again.
        status: The target's answer, where it has one.
        code: Why it was not delivered: an error code.
        response: The first bytes of the target's answer.
        duration_ms: Milliseconds that the last attempt took.
        parked: Of a parked one: its id among them; None: it is there no more.
        dead_letter: Of one that failed: the id of its dead letter; None: it is there no more.
    """

    attempts: int
    at: datetime | None
    until: datetime | None
    status: int | None
    code: str
    response: str
    duration_ms: int
    parked: str | UnsetType | None = UNSET
    dead_letter: str | UnsetType | None = UNSET

    @classmethod
    def of(cls, entry: Entry, *, parked: str | UnsetType | None, dead_letter: str | UnsetType | None) -> "Delivery":
        """Write an entry of the journal, and where it lies."""
        return cls(
            route=entry.route,
            target=entry.target,
            state=entry.state,
            attempts=entry.attempt,
            at=entry.at,
            until=entry.until,
            status=entry.status,
            code=entry.code,
            response=entry.response,
            duration_ms=entry.ms,
            parked=parked,
            dead_letter=dead_letter,
        )


class Summary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event as a listing shows it; of one whose row cannot be read, its key alone."""

    id: str | UnsetType = UNSET
    key: str
    organization: str
    source: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    legal_entity: str | UnsetType = UNSET
    time: datetime | UnsetType | None = UNSET
    accepted_at: datetime | UnsetType = UNSET
    state: State | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    digest: str | UnsetType = UNSET
    duplicates: int | UnsetType = UNSET
    differing: int | UnsetType = UNSET
    resent: int | UnsetType = UNSET
    replayed: int | UnsetType = UNSET
    updated_at: datetime | UnsetType | None = UNSET
    deliveries: Sequence[DeliverySummary] | UnsetType = UNSET
    unreadable: bool | UnsetType = UNSET


class Whole(Summary, frozen=True, kw_only=True, rename="camel"):
    """An event with all that is known of its deliveries.

    Args:
        payload: The event itself as CloudEvents JSON, where it was asked for; None: it was not kept.
        generation: The number of the last run.
        lease_until: Until when the run that is under way is believed to be alive.
        running: What that run is about.
        deliveries: Its deliveries.
    """

    payload: msgspec.Raw | UnsetType | None = UNSET
    generation: int | UnsetType = UNSET
    lease_until: datetime | UnsetType | None = UNSET
    running: str | UnsetType = UNSET
    deliveries: Sequence[Delivery] | UnsetType = UNSET


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the journal; `next` is the `after` of the following page."""

    events: Sequence[Summary]
    next: str | None


def summary(found: Found) -> Summary:
    """Write what a listing shows of an event."""
    deliveries = found.row.deliveries if found.row is not None else ()
    shown = [DeliverySummary(route=each.route, target=each.target, state=each.state) for each in deliveries]
    return Summary(**_known(found, shown))


def whole(found: Found, deliveries: Sequence[Delivery], payload: msgspec.Raw | UnsetType | None) -> Whole:
    """Write all that is known of an event.

    Args:
        found: Its row.
        deliveries: What became of it.
        payload: The event itself, where it was asked for.
    """
    shown = _known(found, deliveries)
    row = found.row
    if row is not None:
        shown |= {"generation": row.generation, "lease_until": row.lease_until, "running": told(row.running)}
    return Whole(payload=payload, **shown)


def _known(found: Found, deliveries: Sequence[DeliverySummary]) -> dict[str, Any]:
    row = found.row
    if row is None:
        return {"key": found.key, "organization": found.organization, "unreadable": True}
    about = row.subject
    return {
        "id": about.id,
        "key": about.key,
        "organization": about.organization,
        "source": about.source,
        "type": about.type,
        "subject": about.subject,
        "legal_entity": about.legal_entity,
        "time": about.time,
        "accepted_at": row.accepted_at,
        "state": row.state,
        "reason": row.reason,
        "digest": row.digest,
        "duplicates": row.duplicates,
        "differing": row.differing,
        "resent": row.resent,
        "replayed": row.replayed,
        "updated_at": row.updated_at,
        "deliveries": deliveries,
    }
