"""One event, in the vocabulary of CloudEvents 1.0."""

import hashlib
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import msgspec

type Shape = Literal["business_event", "data_event", "dataverse", "event_grid", "cloud_event", "alert"]


class Event(msgspec.Struct, frozen=True, kw_only=True, dict=True, omit_defaults=True):
    """One CloudEvents 1.0 event.

    Args:
        id: Stable across redeliveries; see `events.identity` for where it comes from.
        source: A URI: the organization's URL, with `/finance-operations` for F&O events; a foreign CloudEvent's own.
        type: The BusinessEventId, or `{entity}.{message}` for Dataverse and data events.
        organization: The configured name of the organization (an extension attribute).
        data: The payload as JSON text; for business events the contract byte for byte. Empty: no data.
        shape: What was decoded.
        subject: The record, `account(6d81…)` or ContextRecordSubject.
        time: The event's own time, where it has one.
        datacontenttype: Of `data`; JSON unless a foreign CloudEvent says otherwise.
        dataschema: A foreign CloudEvent's own.
        extensions: Other extension attributes: legalentity, controlnumber, correlationid, traceparent, fnourl, fnoid,
            fnotenantid, and a foreign CloudEvent's own. Values are strings, integers or booleans.
        raw: The body as it came, where `data` is a reshaped form of it.
        foreign: A CloudEvent that another system made: id and source are that system's.
        ingress: The configured name of the source that it came in by (not sent on).
    """

    id: str
    source: str
    type: str
    organization: str
    data: msgspec.Raw = msgspec.Raw()
    shape: Shape = "cloud_event"
    subject: str | None = None
    time: datetime | None = None
    datacontenttype: str = "application/json"
    dataschema: str | None = None
    extensions: dict[str, str | int | bool] = {}
    raw: bytes | None = None
    foreign: bool = False
    ingress: str = ""

    @cached_property
    def payload(self) -> Any:
        """The decoded data: what JSON gives, None without data, a string where it is not JSON."""
        if not self.data:
            return None
        return msgspec.json.decode(self.data)

    @cached_property
    def key(self) -> str:
        """SHA-256, in hex, over organization, source (foreign CloudEvents only) and id: the event's storage key."""
        source = self.source if self.foreign else ""
        return hashlib.sha256(f"{self.organization}\x00{source}\x00{self.id}".encode()).hexdigest()

    @property
    def internal(self) -> bool:
        """Whether this is fno-link's own alert: it never resolves, parks or counts as a duplicate."""
        return self.shape == "alert"
