"""A queue of the broker: order, locks, counts, deferral, schedules, expiry and duplicates as in Service Bus."""

import pytest

from emulation.service_bus.amqp.content import application_properties
from emulation.service_bus.amqp.errors import Refused
from emulation.service_bus.config import (
    Milliseconds,
)
from emulation.service_bus.entities.message import State
from emulation.service_bus.nodes.intake import check_batch
from tests.unit.service_bus.world import MINUTE, Receiver, World, content, queue


def test_messages_come_in_order_and_are_gone_when_completed():
    bus = World(queue()).queue()
    for text in "abc":
        bus.send(content(text))
    receiver = Receiver()
    bus.want(receiver)
    assert receiver.bodies == ["a", "b", "c"]
    for token in receiver.tokens:
        bus.complete(token)
    assert not bus.messages
    with pytest.raises(Refused, match="lock supplied is invalid"):
        bus.complete(receiver.tokens[0])


def test_receivers_share_messages_in_turn():
    bus = World(queue()).queue()
    first, second = Receiver(), Receiver()
    bus.want(first)
    bus.want(second)
    for number in range(6):
        bus.send(content(str(number)))
    assert (first.bodies, second.bodies) == (["0", "2", "4"], ["1", "3", "5"])


def test_an_abandoned_message_comes_again_before_later_ones_and_counts():
    bus = World(queue()).queue()
    bus.send(content("a"))
    bus.send(content("b"))
    first = Receiver(credit=1)
    bus.want(first)
    bus.abandon(first.tokens[0], {"why": "later"})
    second = Receiver()
    bus.want(second)
    assert second.bodies == ["a", "b"]
    message = second.got[0][0]
    assert message.delivery_count == 1
    assert application_properties(message.content.bare) == {"why": "later"}


def test_a_released_message_does_not_count():
    bus = World(queue()).queue()
    bus.send(content())
    receiver = Receiver(credit=1)
    bus.want(receiver)
    bus.abandon(receiver.tokens[0], counted=False)
    assert bus.messages[1].delivery_count == 0


def test_the_last_allowed_delivery_ends_in_the_dead_letter_queue_with_its_reason():
    world = World(queue(max_delivery_count=3))
    bus = world.queue()
    bus.send(content("poison", kind="order"))
    receiver = Receiver()
    bus.want(receiver)
    for _ in range(3):
        bus.abandon(receiver.tokens[-1])
    assert len(receiver.got) == 3
    assert not bus.messages
    (dead,) = world.queue("q/$DeadLetterQueue").messages.values()
    assert application_properties(dead.content.bare) == {
        "kind": "order",
        "DeadLetterReason": "MaxDeliveryCountExceeded",
        "DeadLetterErrorDescription": "Message could not be consumed after 3 delivery attempts.",
    }
    assert (dead.delivery_count, dead.dead_letter_source) == (3, "q")


def test_a_lock_that_ends_gives_the_message_back_and_cannot_be_used():
    world = World(queue(lock_duration=Milliseconds(5000)))
    bus = world.queue()
    bus.send(content())
    receiver = Receiver(credit=2)
    bus.want(receiver)
    world.clock.advance(4000)
    assert bus.renew(receiver.tokens[0]) == world.clock.now() + 5000
    world.clock.advance(4999)
    assert len(receiver.got) == 1
    world.clock.advance(1)
    assert len(receiver.got) == 2
    assert receiver.got[1][0].delivery_count == 1
    for act in (bus.complete, bus.renew, bus.abandon, bus.defer):
        with pytest.raises(Refused) as refused:
            act(receiver.tokens[0])
        assert refused.value.condition == "com.microsoft:message-lock-lost"
    bus.complete(receiver.tokens[1])


def test_receive_and_delete_removes_at_once():
    bus = World(queue()).queue()
    bus.send(content())
    receiver = Receiver(peek_lock=False)
    bus.want(receiver)
    assert receiver.got[0][1] is None
    assert not bus.messages


def test_a_deferred_message_is_only_there_for_its_number():
    bus = World(queue()).queue()
    number = bus.send(content("later"))
    receiver = Receiver()
    bus.want(receiver)
    bus.defer(receiver.tokens[0])
    assert bus.messages[number].state is State.DEFERRED
    with pytest.raises(Refused, match="does not exist"):
        bus.receive_deferred([number, 99], peek_lock=True)
    ((_, lock),) = bus.receive_deferred([number], peek_lock=True)
    with pytest.raises(Refused):
        bus.receive_deferred([number], peek_lock=True)
    bus.abandon(lock.token)
    assert len(receiver.got) == 1
    bus.receive_deferred([number], peek_lock=False)
    assert not bus.messages


def test_a_scheduled_message_gets_a_new_number_when_it_is_due():
    world = World(queue(lock_duration=Milliseconds(5 * MINUTE)))
    bus = world.queue()
    due = world.clock.now() + MINUTE
    scheduled = bus.send(content("later", at=due))
    now = bus.send(content("now"))
    receiver = Receiver()
    bus.want(receiver)
    assert receiver.bodies == ["now"]
    world.clock.advance(MINUTE)
    assert receiver.bodies == ["now", "later"]
    message = receiver.got[1][0]
    assert message.sequence > now > scheduled
    assert message.enqueued_at == due


def test_only_scheduled_messages_can_be_cancelled():
    world = World(queue())
    bus = world.queue()
    scheduled = bus.send(content(at=world.clock.now() + MINUTE))
    active = bus.send(content())
    with pytest.raises(Refused):
        bus.cancel_scheduled([scheduled, active])
    assert len(bus.messages) == 2
    bus.cancel_scheduled([scheduled])
    world.clock.advance(2 * MINUTE)
    assert list(bus.messages) == [active]


@pytest.mark.parametrize("dead_letter", [True, False])
def test_an_expired_message_is_dead_lettered_or_dropped(dead_letter):
    world = World(queue(dead_letter_on_expiration=dead_letter))
    bus = world.queue()
    bus.send(content(ttl=1000))
    bus.send(content("stays", ttl=MINUTE))
    world.clock.advance(1000)
    receiver = Receiver()
    bus.want(receiver)
    assert receiver.bodies == ["stays"]
    dead = list(world.queue("q/$DeadLetterQueue").messages.values())
    reasons = [application_properties(message.content.bare)["DeadLetterReason"] for message in dead]
    assert reasons == (["TTLExpiredException"] if dead_letter else [])


def test_the_shorter_of_two_times_to_live_counts():
    world = World(queue(default_ttl=Milliseconds(1000)))
    bus = world.queue()
    bus.send(content("own", ttl=500))
    bus.send(content("default"))
    bus.send(content("capped", ttl=MINUTE))
    world.clock.advance(500)
    assert len(bus.messages) == 2
    world.clock.advance(500)
    assert not bus.messages


def test_a_scheduled_message_lives_from_when_it_is_due():
    world = World(queue())
    bus = world.queue()
    bus.send(content(ttl=1000, at=world.clock.now() + MINUTE))
    world.clock.advance(MINUTE + 999)
    assert len(bus.messages) == 1
    world.clock.advance(1)
    assert not bus.messages


def test_duplicates_are_dropped_within_the_window_and_taken_after_it():
    world = World(queue(duplicate_detection=Milliseconds(MINUTE)))
    bus = world.queue()
    assert bus.send(content(message_id="1")) is not None
    assert bus.send(content(message_id="1")) is None
    assert bus.send(content(message_id="2")) is not None
    world.clock.advance(MINUTE - 1)
    assert bus.send(content(message_id="1")) is None
    world.clock.advance(1)
    assert bus.send(content(message_id="1")) is not None


def test_a_partitioned_queue_refuses_mixed_batches_as_azure_does():
    config = queue(partitioned=True)
    check_batch(config, [content(message_id="1", session="s"), content(message_id="2", session="s")])
    with pytest.raises(Refused, match="distinct SessionId or PartitionKey") as refused:
        check_batch(config, [content(session="s"), content(session="t")])
    assert refused.value.condition == "amqp:not-allowed"
    with pytest.raises(Refused):
        check_batch(config, [content(partition="a"), content(partition="b")])
    check_batch(queue(), [content(session="s"), content(session="t")])
    strict = queue(partitioned=True, duplicate_detection=Milliseconds(MINUTE))
    with pytest.raises(Refused, match="MessageId"):
        check_batch(strict, [content(message_id="1"), content(message_id="2")])


def test_peek_shows_every_state_from_a_number_on():
    world = World(queue())
    bus = world.queue()
    bus.send(content("locked"))
    receiver = Receiver(credit=1)
    bus.want(receiver)
    bus.send(content("active"))
    bus.send(content("scheduled", at=world.clock.now() + MINUTE))
    assert [message.state for message in bus.peek(0, 10)] == [State.ACTIVE, State.ACTIVE, State.SCHEDULED]
    assert [message.sequence for message in bus.peek(2, 1)] == [2]
    assert bus.purge() == 2
    assert len(bus.messages) == 1


def test_what_is_settled_leaves_nothing_behind_to_wait_for():
    world = World(queue(default_ttl=Milliseconds(14 * 24 * 60 * MINUTE)))
    bus = world.queue()
    receiver = Receiver(credit=10**9)
    bus.want(receiver)
    for _ in range(5000):
        bus.send(content())
        bus.complete(receiver.tokens[-1])
        receiver.got.clear()
    assert len(bus._expiries) <= 1001
    assert len(bus.locks._by_end) == 0


def test_losing_locks_is_like_their_end():
    bus = World(queue()).queue()
    bus.send(content())
    receiver = Receiver(credit=1)
    bus.want(receiver)
    assert bus.lose_locks() == 1
    with pytest.raises(Refused):
        bus.complete(receiver.tokens[0])
    assert bus.messages[1].delivery_count == 1
