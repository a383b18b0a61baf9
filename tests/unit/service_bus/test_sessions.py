"""Sessions of the broker: one holder each, order kept, state kept, and locks that end."""

import pytest

from emulation.service_bus.amqp.errors import Refused
from emulation.service_bus.config import (
    Milliseconds,
)
from tests.unit.service_bus.world import Receiver, World, content, queue


def session_queue(**settings):
    return World(queue(requires_session=True, lock_duration=Milliseconds(5000), **settings))


def test_a_session_has_one_holder_and_its_own_messages():
    world = session_queue()
    bus = world.queue()
    for text, session in (("a1", "a"), ("b1", "b"), ("a2", "a")):
        bus.send(content(text, session=session))
    receiver, other = Receiver(), Receiver()
    held = bus.accept_session("a", receiver)
    held.lane.want(receiver)
    assert receiver.bodies == ["a1", "a2"]
    with pytest.raises(Refused) as refused:
        bus.accept_session("a", other)
    assert refused.value.condition == "com.microsoft:session-cannot-be-locked"
    assert bus.accept_session(None, other).session_id == "b"
    assert bus.accept_session(None, Receiver()) is None


def test_a_released_session_gives_its_messages_back_and_keeps_its_state():
    bus = session_queue().queue()
    bus.send(content("a1", session="a"))
    receiver = Receiver()
    held = bus.accept_session("a", receiver)
    held.lane.want(receiver)
    bus.set_session_state(held, b"state")
    bus.release_session(held, receiver)
    with pytest.raises(Refused) as refused:
        bus.complete(receiver.tokens[0])
    assert refused.value.condition == "com.microsoft:session-lock-lost"
    again = Receiver()
    held = bus.accept_session(None, again)
    held.lane.want(again)
    assert held.state == b"state"
    assert again.bodies == ["a1"]


def test_a_session_keeps_its_order_when_somebody_waits_for_it():
    bus = session_queue().queue()
    for text in ("a1", "a2"):
        bus.send(content(text, session="a"))
    first, second = Receiver(credit=1), Receiver()
    held = bus.accept_session("a", first)
    held.lane.want(first)

    def take():
        bus.accept_session(None, second).lane.want(second)
        return True

    bus.sessions.wait(take)
    bus.release_session(held, first)
    assert first.bodies == ["a1"]
    assert second.bodies == ["a1", "a2"]


def test_a_session_lock_that_ends_detaches_its_holder_unless_renewed():
    world = session_queue()
    bus = world.queue()
    bus.send(content(session="a"))
    receiver = Receiver()
    held = bus.accept_session("a", receiver)
    held.lane.want(receiver)
    world.clock.advance(4000)
    bus.refresh_session(held)
    world.clock.advance(4000)
    assert receiver.detached is None
    world.clock.advance(1000)
    assert receiver.detached == "com.microsoft:session-lock-lost"
    assert bus.messages[1].delivery_count == 1


def test_who_waits_for_a_session_gets_the_next_that_comes():
    bus = session_queue().queue()
    receiver = Receiver()
    taken = []

    def take():
        taken.append(bus.accept_session(None, receiver).session_id)
        return True

    bus.sessions.wait(take)
    bus.send(content(session="new"))
    bus.send(content(session="other"))
    assert taken == ["new"]


def test_a_session_queue_refuses_messages_without_a_session():
    with pytest.raises(Refused, match="SessionId was not set"):
        session_queue().queue().send(content())
