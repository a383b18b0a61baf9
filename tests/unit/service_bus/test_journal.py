"""The broker's journal: what was acknowledged survives, what was cut short is dropped, compaction forgets the rest."""

import asyncio
import random

import pytest

from emulation.service_bus.amqp.content import Content, body
from emulation.service_bus.broker.broker import Broker
from emulation.service_bus.broker.journal import CorruptJournal, FileJournal, read_records
from emulation.service_bus.broker.recovery import created_record, make_entity, rules_record
from emulation.service_bus.config import (
    BrokerConfig,
    Milliseconds,
    QueueConfig,
    RuleConfig,
    SubscriptionConfig,
    TopicConfig,
)
from emulation.service_bus.entities.message import State
from emulation.service_bus.entities.rules import compile_rule

CONFIG = BrokerConfig(
    queues=(
        QueueConfig(name="q", duplicate_detection=Milliseconds(600_000)),
        QueueConfig(name="s", requires_session=True),
    ),
    topics=(TopicConfig(name="t", subscriptions=(SubscriptionConfig(name="all"),)),),
)


def content(text, *, at=None, message_id=None, session=None):
    fields = [None if value is None else value.encode() for value in (message_id, session)]
    properties = b""
    if any(fields):
        own, group = (b"\x40" if field is None else b"\xa1" + bytes([len(field)]) + field for field in fields)
        inner = own + b"\x40" * 9 + group
        properties = b"\x00\x53\x73\xc0" + bytes([len(inner) + 1, 11]) + inner
    return Content(properties + b"\x00\x53\x75\xa0" + bytes([len(text)]) + text.encode(), scheduled_at=at)


class Taker:
    peek_lock = True

    def __init__(self, credit: int = 1) -> None:
        self.credit = credit
        self.locks = []

    def ready(self):
        return len(self.locks) < self.credit

    def deliver(self, message, lock):
        self.locks.append(lock)

    def detach(self, condition, description):
        pass


async def durable(broker):
    done = asyncio.Event()
    broker.journal.after_commit(done.set)
    await done.wait()


def texts(queue):
    return [body(message.content.bare).decode() for message in queue.messages.values()]


async def test_messages_locks_schedules_deferrals_sessions_and_ids_survive(tmp_path):
    path = tmp_path / "journal"
    first = Broker(CONFIG, path)
    queue, sessions = first.namespace.entity_of("q"), first.namespace.entity_of("s")
    for text in ("done", "deferred", "held", "waits"):
        queue.send(content(text, message_id=text))
    taker = Taker(credit=3)
    queue.want(taker)
    queue.complete(taker.locks[0].token)
    queue.defer(taker.locks[1].token)
    scheduled = queue.send(content("scheduled", at=first.clock.now() + 3_600_000))
    sessions.send(content("in session", session="a"))
    holder = Taker()
    sessions.set_session_state(sessions.accept_session("a", holder), b"state")
    first.namespace.entity_of("t").send(content("published"))
    await durable(first)
    await first.close()

    second = Broker(CONFIG, path)
    queue, sessions = second.namespace.entity_of("q"), second.namespace.entity_of("s")
    assert texts(queue) == ["deferred", "held", "waits", "scheduled"]
    states = [message.state for message in queue.messages.values()]
    assert states == [State.DEFERRED, State.ACTIVE, State.ACTIVE, State.SCHEDULED]
    assert [message.delivery_count for message in queue.messages.values()] == [0, 1, 0, 0]
    assert queue.send(content("again", message_id="done")) is None
    assert queue.next_sequence > scheduled
    assert sessions.accept_session(None, Taker()).state == b"state"
    assert texts(second.namespace.entity_of("t/Subscriptions/all")) == ["published"]
    await second.close()


async def test_rules_changed_at_run_time_and_entities_made_then_survive(tmp_path):
    first = Broker(CONFIG, tmp_path / "journal")
    subscription = first.namespace.subscription("t/Subscriptions/all")
    subscription.remove_rule("$Default")
    subscription.add_rule(compile_rule(RuleConfig(name="blue", sql="colour = 'blue'", action="SET seen = 1")))
    subscription.rules_changed = True
    first.journal.append(rules_record(subscription))
    for name in ("kept", "gone"):
        record = created_record("queue", "", QueueConfig(name=name))
        make_entity(first.namespace, "", "queue", record[3])
        first.created.append(record)
        first.journal.append(record)
        first.namespace.entity_of(name).send(content(name))
    first.delete("gone")
    await first.close()
    for _ in range(2):  # from the records, then from the snapshot that the first start wrote
        again = Broker(CONFIG, tmp_path / "journal")
        rules = again.namespace.subscription("t/Subscriptions/all").rules.values()
        assert [rule.config for rule in rules] == [
            RuleConfig(name="blue", sql="colour = 'blue'", action="SET seen = 1")
        ]
        assert texts(again.namespace.entity_of("kept")) == ["kept"]
        assert "gone" not in again.namespace.queues
        await again.close()


async def test_dead_letters_survive_with_their_reason(tmp_path):
    first = Broker(CONFIG, tmp_path / "journal")
    queue = first.namespace.entity_of("q")
    queue.send(content("poison"))
    taker = Taker()
    queue.want(taker)
    queue.dead_letter(taker.locks[0].token, "Bad", "Very bad", {})
    await first.close()
    second = Broker(CONFIG, tmp_path / "journal")
    (dead,) = second.namespace.entity_of("q/$DeadLetterQueue").messages.values()
    assert dead.application_properties == {"DeadLetterReason": "Bad", "DeadLetterErrorDescription": "Very bad"}
    assert not second.namespace.entity_of("q").messages
    await second.close()


async def test_a_record_that_was_cut_short_is_dropped_and_the_rest_kept(tmp_path):
    path = tmp_path / "journal"
    first = Broker(CONFIG, path)
    queue = first.namespace.entity_of("q")
    queue.send(content("whole"))
    await durable(first)
    whole = path.stat().st_size
    queue.send(content("cut"))
    await first.close()
    data = path.read_bytes()
    for size in random.Random(7).sample(range(whole, len(data)), 8):
        path.write_bytes(data[:size])
        again = Broker(CONFIG, path)
        assert texts(again.namespace.entity_of("q")) == ["whole"]
        await again.close()


async def test_another_file_is_not_taken_for_a_journal(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("this is something else, long enough to hold a head")
    with pytest.raises(CorruptJournal):
        read_records(path)


async def test_acknowledgements_wait_for_the_disk_and_come_in_order(tmp_path, monkeypatch):
    broker = Broker(CONFIG, tmp_path / "journal")
    stored = []
    store = FileJournal._store
    monkeypatch.setattr(FileJournal, "_store", lambda journal, data: (store(journal, data), stored.append(len(data))))
    queue = broker.namespace.entity_of("q")
    order = []
    for number in range(20):
        queue.send(content(f"{number}"))
        broker.journal.after_commit(lambda number=number: order.append((number, len(stored))))
    assert order == []
    await durable(broker)
    assert [number for number, _ in order] == list(range(20))
    assert all(syncs >= 1 for _, syncs in order)
    assert len(stored) == 1
    await broker.close()


async def test_a_disk_that_takes_nothing_more_acknowledges_nothing_more(tmp_path, monkeypatch):
    broker = Broker(CONFIG, tmp_path / "journal")

    def full(_journal, _data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileJournal, "_store", full)
    acknowledged = []
    broker.namespace.entity_of("q").send(content("x"))
    broker.journal.after_commit(lambda: acknowledged.append(True))
    await asyncio.wait_for(broker.failed.wait(), 5)
    assert "No space left" in str(broker.failure)
    assert not acknowledged
    await broker.close()


async def test_compaction_keeps_what_lives_and_forgets_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("emulation.service_bus.broker.journal.MIN_COMPACTION", 20_000)
    path = tmp_path / "journal"
    broker = Broker(CONFIG, path)
    queue = broker.namespace.entity_of("q")
    for number in range(500):
        queue.send(content("x" * 200))
        if number % 50:
            taker = Taker()
            queue.want(taker)
            queue.complete(taker.locks[0].token)
        if number % 25 == 0:
            await durable(broker)
    await durable(broker)
    assert path.stat().st_size < 60_000
    kept = len(queue.messages)
    await broker.close()
    again = Broker(CONFIG, path)
    assert len(again.namespace.entity_of("q").messages) == kept
    assert again.namespace.entity_of("q").next_sequence == 501
    await again.close()
