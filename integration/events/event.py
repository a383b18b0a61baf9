"""One event, in the vocabulary of CloudEvents 1.0."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import msgspec

from integration.events.digest import digest_of
from integration.events.identity import comparable

type Shape = Literal["business_event", "data_event", "dataverse", "event_grid", "cloud_event", "alert"]
type Attribute = str | int | bool

JSON_TYPE = re.compile(r"(?:application|text)/(?:[A-Za-z0-9.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who caused an event, as its sender says; for guards, never sent on.

    Ids are GUIDs without braces as sent; the zero GUID and a missing value are empty strings.

    Args:
        organization_id: OrganizationId of a RemoteExecutionContext.
        organization_name: OrganizationName of a RemoteExecutionContext (the unique name, not the host).
        organization_host: The message property Claims/Organization or the header x-ms-dynamics-organization.
        user_id: The Dataverse user under whom the step ran.
        initiating_user_id: The Dataverse user who caused it.
        initiating_user_aad_id: The same user's Entra object id; F&O's InitiatingUserAADObjectId too.
        depth: Of the plug-in call chain, 0 where unknown.
        user_agent: InitiatingUserAgent; holds FINOPS for calls that F&O made.
    """

    organization_id: str = ""
    organization_name: str = ""
    organization_host: str = ""
    user_id: str = ""
    initiating_user_id: str = ""
    initiating_user_aad_id: str = ""
    depth: int = 0
    user_agent: str = ""


class Variant(msgspec.Struct, frozen=True):
    """Other data under an id that has come before: an event of its own, beside the first.

    Args:
        digest: Of its data.
        first: Of the data that came first.
    """

    digest: str
    first: str


class Event(msgspec.Struct, frozen=True, kw_only=True, dict=True, omit_defaults=True):
    """One CloudEvents 1.0 event.

    Args:
        id: Stable across redeliveries; see `events.identity` for where it comes from.
        source: A URI: the organization's URL, with `/finance-operations` for F&O events; a foreign CloudEvent's own.
        type: The BusinessEventId, or `{entity}.{message}` for Dataverse and data events.
        organization: The configured name of the organization (an extension attribute).
        data: The payload as JSON text; for business events the contract byte for byte. Empty: no data. Not JSON only
            where a foreign CloudEvent's `datacontenttype` is not.
        shape: What was decoded.
        subject: The record, `account(6d81…)` or ContextRecordSubject.
        time: The event's own time, where it has one.
        finer: Digits of the second in `time` after the sixth, as a foreign event's sender wrote them (nanoseconds).
        datacontenttype: Of `data`; JSON unless a foreign CloudEvent says otherwise.
        dataschema: A foreign CloudEvent's own.
        extensions: Other extension attributes: legalentity, controlnumber, correlationid, traceparent, fnourl, fnoid,
            fnotenantid, contextstripped, and a foreign CloudEvent's own.
        raw: The body as it came, where `data` is a reshaped form of it: another structure, or another character set.
        raw_type: The content type of `raw`; empty: JSON in UTF-8.
        foreign: A CloudEvent that another system made: id and source are that system's.
        ingress: The configured name of the source that it came in by (not sent on).
        group: Among which sources it is the same event: their `duplicates`, or the source's own name (not sent on).
            Empty on what was stored before there were groups, and on alerts.
        variant: That it came under the id of another event (not sent on).
        origin: Who caused it, for guards (not sent on).
    """

    id: str
    source: str
    type: str
    organization: str
    data: msgspec.Raw = msgspec.Raw()
    shape: Shape = "cloud_event"
    subject: str | None = None
    time: datetime | None = None
    finer: str = ""
    datacontenttype: str = "application/json"
    dataschema: str | None = None
    extensions: dict[str, Attribute] = {}
    raw: bytes | None = None
    raw_type: str = ""
    foreign: bool = False
    ingress: str = ""
    group: str = ""
    variant: Variant | None = None
    origin: Origin = Origin()

    @property
    def is_json(self) -> bool:
        """Whether `data` is JSON text by its content type."""
        return self.datacontenttype == "application/json" or JSON_TYPE.fullmatch(self.datacontenttype) is not None

    @property
    def written_time(self) -> str:
        """The time in RFC 3339, in UTC, to the digit that its sender gave; empty without a time."""
        if self.time is None:
            return ""
        time = self.time.astimezone(UTC).replace(tzinfo=None)
        return f"{time.isoformat(timespec='microseconds' if self.finer else 'auto')}{self.finer}Z"

    @cached_property
    def payload(self) -> Any:
        """The decoded data: what JSON gives, None without data, a string where it is not JSON."""
        if not self.data:
            return None
        if not self.is_json:
            return bytes(self.data).decode("utf-8", "replace")
        return msgspec.json.decode(self.data)

    @cached_property
    def key(self) -> str:
        """The event's storage key: see `event_key`."""
        return event_key(
            self.organization,
            self.id,
            group=self.group,
            source=self.source if self.foreign else "",
            variant=self.variant.digest if self.variant else "",
        )

    @cached_property
    def digest(self) -> str:
        """What tells whether another message of this key is the same event: see `events.digest`."""
        return digest_of(self.type, self.subject, bytes(self.data), is_json=self.is_json)

    @property
    def named(self) -> dict[str, str]:
        """What spans and log records call it by, in the words of `about`."""
        return {"organization": self.organization, "event": self.key, "id": self.id}

    @property
    def internal(self) -> bool:
        """Whether this is fno-link's own alert: it never waits for a link, nor is it parked."""
        return self.shape == "alert"

    def stamp(self, attributes: Mapping[str, Attribute]) -> "Event":
        """Return this event with more extension attributes, keeping what has been decoded already.

        Args:
            attributes: Extension attributes to add or replace.
        """
        event = msgspec.structs.replace(self, extensions={**self.extensions, **attributes})
        vars(event).update(vars(self))
        return event


def event_key(organization: str, id_: str, *, group: str = "", source: str = "", variant: str = "") -> str:
    """Return the storage key of an event: SHA-256, in hex, of the JSON array of all that tells it from others.

    Who may send to one source cannot speak for the sender of another: the group is part of it. Ids of Dynamics 365 that
    are GUIDs are compared without case and braces; a foreign CloudEvent's id is its system's and compared as it is.

    Args:
        organization: The configured name.
        id_: The event's id.
        group: Of sources among which it is the same event; empty: the key that such an event had before there were
            groups.
        source: Of a foreign CloudEvent; empty for the others.
        variant: The digest of data that came under the id of other data; empty for the first.
    """
    if not group and not variant:
        return hashlib.sha256(f"{organization}\x00{source}\x00{id_}".encode()).hexdigest()
    parts = (organization, group, source, id_ if source else comparable(id_))
    return hashlib.sha256(msgspec.json.encode((*parts, variant) if variant else parts)).hexdigest()
