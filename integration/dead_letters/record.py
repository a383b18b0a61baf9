"""One dead letter or parked delivery, as it is stored."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from integration.dead_letters.places import path_for
from integration.events.event import Event
from integration.events.inbound import Property
from integration.events.record import load, store
from integration.records import VERSION, Reader
from integration.telemetry.carrier import Trail


class Attempted(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the last attempt ended.

    Args:
        at: When.
        code: The error's stable code.
        message: What happened.
        status: The target's HTTP status, where it answered.
        response: The first bytes of its answer.
    """

    at: datetime
    code: str
    message: str
    status: int | None = None
    response: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a delivery that was not made.

    Args:
        organization: The configured name.
        reason: An error code: why it was not delivered.
        message: What happened, in words.
        hint: What to do.
        accepted_at: When fno-link first took the event from its sender; it orders release and replay.
        recorded_at: When this record was written.
        source: The configured source it came in by.
        event: The event, unless none could be decoded.
        body: The message as it came, where there is no event.
        content_type: Of `body`.
        headers: That came with `body`.
        properties: Application properties that came with `body`.
        route: The route's name; empty when the event as a whole is concerned.
        target: The route's target at that time.
        attempts: How often delivery was tried.
        last: How the last attempt ended.
        environment: Fingerprint of the F&O environment that the organization was last known to be linked to.
        whole: The event as a whole is concerned, before its guards and routes.
        replays: How often an operator has replayed it.
        generation: The journal's number of the run that wrote it; 0: there was none.
        trail: The spans that the delivery goes on from.
        v: Version of this record.
    """

    organization: str
    reason: str
    message: str
    accepted_at: datetime
    recorded_at: datetime
    hint: str = ""
    source: str = ""
    event: Event | None = None
    body: bytes | None = None
    content_type: str = ""
    headers: dict[str, str] = {}
    properties: dict[str, Property] = {}
    route: str = ""
    target: str = ""
    attempts: int = 0
    last: Attempted | None = None
    environment: str = ""
    whole: bool = False
    replays: int = 0
    generation: int = 0
    trail: Trail = Trail()
    v: int = VERSION

    @property
    def key(self) -> str:
        """The event's storage key, or the SHA-256 of a body without an event."""
        if self.event is not None:
            return self.event.key
        return hashlib.sha256(self.body or b"").hexdigest()

    def encode(self) -> bytes:
        """Write the record as JSON."""
        fields: dict[str, Any] = msgspec.structs.asdict(self)
        fields["event"] = _NONE if self.event is None else msgspec.Raw(store(self.event))
        fields["trail"] = self.trail or msgspec.UNSET
        return msgspec.json.encode(_Stored(**fields))

    @classmethod
    def decode(cls, body: bytes) -> "Record":
        """Read a record.

        Raises:
            CorruptRecord: It is not a record of a version that this code knows.
        """
        stored = _READER.read(body)
        fields: dict[str, Any] = msgspec.structs.asdict(stored)
        fields["event"] = None if stored.event == _NONE else load(bytes(stored.event))
        fields["trail"] = stored.trail or Trail()
        return Record(**fields)


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A Record with the event in its stored form."""

    organization: str
    reason: str
    message: str
    accepted_at: datetime
    recorded_at: datetime
    hint: str
    source: str
    event: msgspec.Raw
    body: bytes | None
    content_type: str
    headers: dict[str, str]
    route: str
    target: str
    attempts: int
    last: Attempted | None
    environment: str
    v: int
    whole: bool = False
    replays: int = 0
    generation: int = 0
    properties: dict[str, Property] = {}
    trail: Trail | msgspec.UnsetType = msgspec.UNSET


_NONE = msgspec.Raw(b"null")
_READER = Reader(msgspec.json.Decoder(_Stored), "dead letter")


def path_of(record: Record) -> str:
    """Say where a record is stored: nothing from outside gets into the path unhashed.

    The same delivery has the same path, so writing it twice leaves one. Paths of one organization and reason sort by
    the time of first acceptance.
    """
    return path_for(record.organization, record.reason, record.accepted_at, record.key, record.route)
