"""What waits on `fno-link-retries`: deliveries to try again, releases to make, jobs to go on with."""

from datetime import datetime
from typing import Literal

import msgspec

from integration.dead_letters import Attempted
from integration.delivery.queued.chain import Chain
from integration.errors import CorruptRecord
from integration.events.event import Event
from integration.events.record import load, store
from integration.journal import Kind, Subject
from integration.journal.scope import Recheck, Scope, WholeEvent, scope_of, stored
from integration.records import VERSION, Reader
from integration.telemetry.carrier import Trail

type Begins = Literal["", "reopen", "replay"]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way, and what of it is to be done.

    Args:
        scope: What it is about.
        accepted_at: When fno-link first took the event from its sender.
        event: The event; None when it lies in a claim-check blob.
        payload: The claim-check blob's path, empty when there is none. Copies of one message have the same; the message
            of the delivery's next attempt has one of its own.
        about: What the journal calls the event, where the message holds only its claim-check.
        environment: Fingerprint of the environment that it was first stamped with, or meant for.
        begins: How an operator begins it anew: `reopen` its dead letter, or `replay` it, though it may have been made.
            Empty: it goes on, by its chain of retries.
        chain: How far it has come.
        trail: The spans that it goes on from.
        letter: Where the dead letter lies that it is made of: who makes it removes that one. Not with its messages.
    """

    scope: Scope
    accepted_at: datetime
    event: Event | None = None
    payload: str = ""
    about: Subject | None = None
    environment: str = ""
    begins: Begins = ""
    chain: Chain = Chain()
    trail: Trail = Trail()
    letter: str = ""

    @property
    def kind(self) -> Kind:
        """What the journal calls the message that brings it."""
        return "recheck" if isinstance(self.scope, Recheck) else self.begins or "continuation"

    def anew(self, begins: Begins, replay: int) -> "Work":
        """Return it as an operator begins it anew: a re-check as the event as a whole.

        Args:
            begins: How.
            replay: How often an operator has replayed it, this time included.
        """
        scope = WholeEvent() if isinstance(self.scope, Recheck) else self.scope
        return msgspec.structs.replace(self, scope=scope, begins=begins, chain=self.chain.anew(replay))

    def following(self, chain: Chain) -> "Work":
        """Return it with its chain as it is now."""
        return msgspec.structs.replace(self, chain=chain)

    def of_run(self, generation: int | None) -> "Work":
        """Return it as a part of the run of this number; None: there is none, it keeps its own."""
        return self if generation is None else self.following(self.chain.of_run(generation))

    def part(self, scope: Scope) -> "Work":
        """Return what is to be done of the same event by another scope: itself, or a chain that begins now."""
        if scope == self.scope:
            return self
        chain = Chain(replay=self.chain.replay, generation=self.chain.generation)
        return Work(scope=scope, accepted_at=self.accepted_at, event=self.event, chain=chain, trail=self.trail)

    def require_event(self) -> Event:
        """Give the event itself.

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
        requested_at: When the job was asked for, the same in every order of it; unset: one of before this was told.
        faults: How often it failed in a way that nobody has foreseen.
        v: Version of this record.
    """

    job: str
    requested_at: datetime | msgspec.UnsetType = msgspec.UNSET
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
    trail: Trail | msgspec.UnsetType = msgspec.UNSET


def encode_continuation(message: Work | Release | JobOrder) -> bytes:
    """Write a message of `fno-link-retries`."""
    if isinstance(message, Release | JobOrder):
        return _ENCODER.encode(message)
    route, whole = stored(message.scope)
    chain = message.chain
    delivery = _Delivery(
        route=route,
        whole=whole,
        accepted_at=message.accepted_at,
        event=_NONE if message.event is None else msgspec.Raw(store(message.event)),
        payload=message.payload,
        about=message.about,
        environment=message.environment,
        begins=message.begins,
        attempt=chain.attempt,
        earlier=chain.earlier,
        since=chain.since,
        last=chain.last,
        generation=chain.generation,
        replay=chain.replay,
        faults=chain.faults,
        trail=message.trail or msgspec.UNSET,
        v=VERSION,
    )
    return _ENCODER.encode(delivery)


def decode_continuation(body: bytes) -> Work | Release | JobOrder:
    """Read a message of `fno-link-retries`.

    Raises:
        CorruptRecord: It is not one, or of a version that this code does not know.
    """
    message = _READER.read(body)
    if isinstance(message, Release | JobOrder):
        return message
    return Work(
        scope=scope_of(message.route, whole=message.whole),
        accepted_at=message.accepted_at,
        event=None if message.event == _NONE else load(bytes(message.event)),
        payload=message.payload,
        about=message.about,
        environment=message.environment,
        begins=message.begins,
        chain=Chain(
            attempt=message.attempt,
            earlier=message.earlier,
            since=message.since,
            last=message.last,
            generation=message.generation,
            replay=message.replay,
            faults=message.faults,
        ),
        trail=message.trail or Trail(),
    )


_NONE = msgspec.Raw(b"null")
_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[_Delivery | Release | JobOrder] = msgspec.json.Decoder(_Delivery | Release | JobOrder)
_READER = Reader(_DECODER, "retry message")
