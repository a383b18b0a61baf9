"""What waits on `fno-link-retries`: deliveries to try again, releases to make, jobs to go on with."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from integration.dead_letters import Attempted
from integration.errors import CorruptRecord
from integration.events.event import Event
from integration.events.record import load, store
from integration.journal import Subject
from integration.records import VERSION, Reader

type Begins = Literal["", "reopen", "replay"]

RECHECK = "*"
"""How the `route` of a re-check begins; names of routes never do."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way by one route.

    Args:
        route: The route's name, never a URL; empty: the routes that can only be decided once the link is known.
        accepted_at: When fno-link first took the event from its sender.
        event: The event; None when it lies in a claim-check blob.
        payload: The claim-check blob's path, empty when there is none. Copies of one message have the same; the message
            of the delivery's next attempt has one of its own.
        attempt: How many attempts were made.
        environment: Fingerprint of the environment that it was first stamped with, or meant for.
        last: How the last attempt ended.
        generation: The journal's number of the run that deferred it; a message of an older one is dropped.
        begins: How an operator begins it anew: `reopen` its dead letter, or `replay` it, though it may have been made.
            Empty: it goes on, by its chain of retries.
        whole: The event as a whole, before its guards and routes; `route` is empty then.
        earlier: How many attempts were made before an operator replayed it.
        replay: How often an operator has replayed it.
        since: When the delivery failed for the first time since it was last begun.
        about: What the journal calls the event, where the message holds only its claim-check.
        faults: How many attempts failed in a way that nobody has foreseen, since it was last begun.
    """

    route: str
    accepted_at: datetime
    event: Event | None = None
    payload: str = ""
    attempt: int = 0
    environment: str = ""
    last: Attempted | None = None
    generation: int = 0
    begins: Begins = ""
    whole: bool = False
    earlier: int = 0
    replay: int = 0
    since: datetime | None = None
    about: Subject | None = None
    faults: int = 0

    def anew(self, begins: Begins, replay: int) -> "Work":
        """Return it as an operator begins it anew: a re-check as the event as a whole.

        Args:
            begins: How.
            replay: How often an operator has replayed it, this time included.
        """
        return msgspec.structs.replace(
            self,
            route="" if self.recheck else self.route,
            whole=self.whole or self.recheck,
            begins=begins,
            replay=replay,
            earlier=self.earlier + self.attempt,
            attempt=0,
            generation=0,
            since=None,
            faults=0,
        )

    @property
    def recheck(self) -> bool:
        """Whether this is about no delivery, but makes sure that the event's own run came to its end."""
        return self.route.startswith(RECHECK)

    @property
    def subject_matter(self) -> Event:
        """The event itself.

        Raises:
            CorruptRecord: It is not here: the claim-check was not redeemed.
        """
        if self.event is None:
            msg = "the event of this delivery is missing"
            raise CorruptRecord(msg)
        return self.event


class Release(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="release"):
    """The order to release what is parked for an organization.

    Args:
        organization: The configured name.
        held: Look also at what is held for another environment than the one linked when it was parked.
        environment: Fingerprint of the environment that was linked when the order was made; empty: an operator's order,
            or one of before this was told.
        faults: How often it failed in a way that nobody has foreseen.
        v: Version of this record.
    """

    organization: str
    held: bool = False
    environment: str = ""
    faults: int = 0
    v: int = VERSION


class JobOrder(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="job"):
    """The order to go on with a replay or purge of dead letters.

    Args:
        job: Its id.
        faults: How often it failed in a way that nobody has foreseen.
        v: Version of this record.
    """

    job: str
    faults: int = 0
    v: int = VERSION


class _Delivery(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="delivery"):
    """Work with the event in its stored form."""

    route: str
    accepted_at: datetime
    event: msgspec.Raw
    payload: str
    attempt: int
    environment: str
    last: Attempted | None
    generation: int
    v: int
    begins: Begins = ""
    whole: bool = False
    earlier: int = 0
    replay: int = 0
    since: datetime | None = None
    about: Subject | None = None
    faults: int = 0


def encode_continuation(message: Work | Release | JobOrder) -> bytes:
    """Write a message of `fno-link-retries`."""
    if isinstance(message, Release | JobOrder):
        return _ENCODER.encode(message)
    fields: dict[str, Any] = msgspec.structs.asdict(message)
    fields["event"] = _NONE if message.event is None else msgspec.Raw(store(message.event))
    return _ENCODER.encode(_Delivery(**fields, v=VERSION))


def decode_continuation(body: bytes) -> Work | Release | JobOrder:
    """Read a message of `fno-link-retries`.

    Raises:
        CorruptRecord: It is not one, or of a version that this code does not know.
    """
    message = _READER.read(body)
    if isinstance(message, Release | JobOrder):
        return message
    fields: dict[str, Any] = msgspec.structs.asdict(message)
    del fields["v"]
    fields["event"] = None if message.event == _NONE else load(bytes(message.event))
    return Work(**fields)


_NONE = msgspec.Raw(b"null")
_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[_Delivery | Release | JobOrder] = msgspec.json.Decoder(_Delivery | Release | JobOrder)
_READER = Reader(_DECODER, "retry message")
