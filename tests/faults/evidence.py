"""What a run leaves behind: what was sent, what was received, what is kept, which faults fell when.

Times are seconds since the epoch of this machine's clock (`time.time()`).
"""

from typing import Literal

import msgspec

type Kind = Literal["event", "duplicate", "resend", "echo", "empty", "undecodable"]
type Place = Literal[
    "envelope",
    "retry",
    "due row",
    "dead letter",
    "parked",
    "intake claim-check",
    "delivery claim-check",
    "job",
    "journal row",
    "circuit",
    "newest",
    "link",
    "health",
]
"""Which of our records: messages of `fno-link-events` and `fno-link-retries`, rows of `fnolinkdue`, blobs, rows."""
type Fault = Literal[
    "host_kill",
    "host_pause",
    "broker_kill",
    "broker_cut",
    "broker_slow",
    "broker_throttled",
    "broker_locks_lost",
    "storage_cut",
    "storage_slow",
    "storage_reset",
    "transaction_unanswered",
    "transaction_refused",
    "dataverse_throttled",
    "dataverse_down",
    "dataverse_slow",
    "link_lost",
    "link_moved",
    "secret_expired",
    "receiver_error",
    "receiver_refuses",
    "receiver_throttles",
    "receiver_hangs",
    "receiver_drops",
    "receiver_slow",
    "counterpart_lies",
    "record_rots",
    "overload",
]
"""`broker_cut`: its connections; `receiver_error`: 5xx; `receiver_refuses`: a 4xx that is not tried again;
`receiver_throttles`: 429; `receiver_hangs` and `receiver_drops`: no answer; `receiver_slow`: 200 after the sender may
have given up. `transaction_unanswered`: groups of the journal's rows, which are written; `transaction_refused`: such
groups, for their second row: none is. `counterpart_lies`: a webhook, F&O, or an organization's Dataverse and Entra
answer nonsense; `record_rots`: a byte of some records of ours is changed. `overload` is not planned but seen: a process
answered late, for want of processor time."""

LASTING = 1e12
"""The end of a window that is never closed."""


class Delivery(msgspec.Struct, frozen=True, order=True):
    """One event is to go to one target by one route."""

    route: str
    target: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One message that the sender tried to hand over; an event that is sent twice is two of them.

    Args:
        id: The event's id as its receivers must see it.
        key: Its storage key, where known; of an undecodable message the SHA-256 of its body.
        organization: The configured name.
        transport: How it was sent: `http`, `service_bus`, `storage_queue` …
        source: The configured source.
        kind: What it is. `duplicate` and `resend` carry the id of an event that was sent before.
        expects: Every delivery that it is to end in.
        dead: The reason for which it must become a dead letter instead: `Unrouted`, `ForeignOrganization` …
        requires_link: Whether its deliveries need the link.
        accepted: What the sender saw: a 2xx or a settled send.
        at: When the answer came.
    """

    id: str
    organization: str
    transport: str
    source: str
    kind: Kind = "event"
    key: str = ""
    expects: tuple[Delivery, ...] = ()
    dead: str = ""
    requires_link: bool = True
    accepted: bool = True
    at: float = 0.0


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a target got it.

    Args:
        target: The target's name in the configuration.
        route: The route, by the message's id where it has one, else by the target; empty: its id is not as promised.
        id: The CloudEvents id.
        type: The event's type.
        subject: Of an alert: about whom it is.
        message_id: `webhook-id`, or the broker's MessageId.
        at: When it came.
        status: What was answered; 0: nothing. A queue answers 200 by keeping it.
    """

    target: str
    id: str
    type: str = ""
    subject: str = ""
    route: str = ""
    message_id: str = ""
    at: float = 0.0
    status: int = 200

    @property
    def delivered(self) -> bool:
        """Whether the target has it: what it took while it failed on purpose does not count."""
        return 200 <= self.status < 300


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter or a parked delivery.

    Args:
        path: Where it is stored.
        organization: The configured name.
        reason: Its code.
        key: The event's storage key, or the SHA-256 of a body without an event.
        id: The event's id; empty where there is none.
        type: The event's type.
        route: Its route; empty: the event as a whole.
        target: The route's target.
        whole: The event as a whole is concerned.
        attempts: How often delivery was tried.
        accepted_at: When the event was first accepted.
        recorded_at: When it was kept.
        told: Its message and body, of what is kept because it, or what it refers to, cannot be read.
        digest: SHA-256 of it as stored, where it cannot be read; the rest is then what its path says.
    """

    path: str
    organization: str
    reason: str
    key: str
    id: str = ""
    type: str = ""
    route: str = ""
    target: str = ""
    whole: bool = False
    attempts: int = 0
    accepted_at: float = 0.0
    recorded_at: float = 0.0
    told: str = ""
    digest: str = ""


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What waits on a queue or in the due table of ours, or on a Storage queue that is a source.

    Args:
        where: The queue or table.
        until: When it is due, or was seen to be.
        id: The event's id; empty: it does not say.
        key: The event's storage key, or the SHA-256 of a body that is not decoded yet.
        route: The delivery that it is about; empty: the event as a whole.
        generation: Of the run that deferred it.
        digest: SHA-256 of the message.
    """

    where: str
    until: float = 0.0
    id: str = ""
    key: str = ""
    route: str = ""
    generation: int = 0
    digest: str = ""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says of one delivery."""

    route: str
    state: str
    target: str = ""
    attempt: int = 0
    generation: int = 0
    status: int | None = None
    code: str = ""
    at: float | None = None


class Journalled(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the journal."""

    organization: str
    key: str
    id: str
    state: str
    type: str = ""
    reason: str = ""
    generation: int = 0
    duplicates: int = 0
    resent: int = 0
    replayed: int = 0
    deliveries: tuple[Made, ...] = ()


class BrokerDeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a dead-letter queue of the broker itself."""

    entity: str
    message_id: str = ""
    reason: str = ""
    deliveries: int = 0


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One fault.

    Args:
        fault: Its kind.
        subject: What it befell: a host's name, a target's, an organization's; empty: whatever there is of its kind.
        start: When it began.
        end: When everything was as before again; for a kill: when the process served again; of what lasts until the
            end of the run: `LASTING`.
    """

    fault: Fault
    subject: str = ""
    start: float
    end: float


class Rot(msgspec.Struct, frozen=True, kw_only=True):
    """One record of ours of which a byte was changed.

    Args:
        place: What it is.
        id: The event that it is about; empty: about none, or about one that says nothing of itself.
        key: The event's storage key, where the record has it.
        route: The delivery that it is about; empty: the event as a whole, or not known.
        path: A blob's path or a row's key; empty: a message, which has none.
        digest: SHA-256 of the record as it was left; of a row, of the property.
        wrapped: Of a message, SHA-256 of its base64: by its first or last byte it may be taken for plain text.
        at: When.
    """

    place: Place
    id: str
    digest: str
    at: float
    key: str = ""
    route: str = ""
    path: str = ""
    wrapped: str = ""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter as the running app lists it."""

    path: str
    unreadable: bool = False


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known after a run.

    Args:
        sent: By the sender, in order.
        receipts: At every target.
        dead: Dead letters.
        parked: Parked deliveries.
        journal: Every row that can be read.
        unread: The keys of those that cannot.
        listed: What the running app listed as dead letters in the end; None: it was not asked.
        waiting: What still waits when the run ends.
        broker_dead: Messages in the broker's own dead-letter queues of the sources.
        windows: The faults.
        rots: Records that were changed.
        transports: By target: `webhook`, `finance_operations`, `service_bus`, `storage_queue`.
        lease: Seconds for which a run holds an event.
        record_within: Seconds from a target's answer until the journal has it, while nothing fails; as long as the
            slowest target of the same event may take.
        attempt_within: Seconds after which an attempt is given up; what a fault held up may arrive so long after it.
        struck: How many transactions lost their answer or were refused.
        unrest: What had not come to rest when the run ended; empty when all had.
    """

    sent: tuple[Sent, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    dead: tuple[Kept, ...] = ()
    parked: tuple[Kept, ...] = ()
    journal: tuple[Journalled, ...] = ()
    unread: tuple[str, ...] = ()
    listed: tuple[Listed, ...] | None = None
    waiting: tuple[Waits, ...] = ()
    broker_dead: tuple[BrokerDeadLetter, ...] = ()
    windows: tuple[Window, ...] = ()
    rots: tuple[Rot, ...] = ()
    transports: dict[str, str] = {}
    lease: float = 150.0
    record_within: float = 10.0
    attempt_within: float = 0.0
    struck: int = 0
    unrest: tuple[str, ...] = ()
