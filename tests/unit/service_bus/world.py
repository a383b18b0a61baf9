"""Entities in a world whose clock stands still: what the tests of queues, sessions and topics share."""

from emulation.service_bus.amqp.content import body, parse
from emulation.service_bus.broker.authorization import Authority
from emulation.service_bus.broker.journal import JournalRecorder, NoJournal
from emulation.service_bus.codec.encode import encode, list_of
from emulation.service_bus.codec.types import Symbol, Timestamp, UInt
from emulation.service_bus.config import (
    BrokerConfig,
    QueueConfig,
    TopicConfig,
)
from emulation.service_bus.entities.alarm import ManualClock
from emulation.service_bus.entities.namespace import Namespace

MINUTE = 60_000


class Receiver:
    def __init__(self, credit: int = 100, *, peek_lock: bool = True) -> None:
        self.credit = credit
        self.peek_lock = peek_lock
        self.got = []
        self.detached = None

    def ready(self):
        return len(self.got) < self.credit

    def deliver(self, message, lock):
        self.got.append((message, lock))

    def detach(self, condition, description):
        self.detached = condition

    @property
    def bodies(self):
        return [body(message.content.bare).decode() for message, _ in self.got]

    @property
    def tokens(self):
        return [lock.token for _, lock in self.got]


def content(text="x", *, message_id=None, session=None, ttl=None, at=None, partition=None, **user):
    raw = b""
    if ttl is not None:
        raw += b"\x00\x53\x70" + list_of([b"\x40", b"\x40", encode(UInt(ttl))])
    annotations = {}
    if at is not None:
        annotations[Symbol("x-opt-scheduled-enqueue-time")] = Timestamp(at)
    if partition is not None:
        annotations[Symbol("x-opt-partition-key")] = partition
    if annotations:
        raw += b"\x00\x53\x72" + encode(annotations)
    if message_id is not None or session is not None:
        raw += b"\x00\x53\x73" + list_of([encode(message_id), *[b"\x40"] * 9, encode(session)])
    if user:
        raw += b"\x00\x53\x74" + encode(user)
    return parse(raw + b"\x00\x53\x75" + encode(text.encode()))


class World:
    def __init__(self, *queues: QueueConfig, topics: tuple[TopicConfig, ...] = ()) -> None:
        self.clock = ManualClock()
        config = BrokerConfig(queues=queues, topics=topics)
        self.namespace = Namespace(config, self.clock, JournalRecorder(NoJournal()), Authority(()))

    def queue(self, path="q"):
        return self.namespace.entity_of(path)


def queue(**settings):
    return QueueConfig(name="q", **settings)
