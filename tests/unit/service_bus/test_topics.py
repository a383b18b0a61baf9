"""Topics of the broker: each subscription gets what its rules let through once, and forwarding ends somewhere."""

from emulation.service_bus.amqp.content import body
from emulation.service_bus.config import (
    Milliseconds,
    QueueConfig,
    RuleConfig,
    SubscriptionConfig,
    TopicConfig,
)
from tests.unit.service_bus.world import MINUTE, Receiver, World, content, queue


def topic(*subscriptions, **settings):
    return TopicConfig(name="t", subscriptions=subscriptions, **settings)


def texts(world, path):
    return [body(message.content.bare).decode() for message in world.queue(path).messages.values()]


def test_each_subscription_gets_what_its_rules_let_through_once():
    world = World(
        topics=(
            topic(
                SubscriptionConfig(name="all"),
                SubscriptionConfig(name="none", rules=()),
                SubscriptionConfig(
                    name="two",
                    rules=(RuleConfig(name="a", sql="color='blue'"), RuleConfig(name="b", sql="size > 1")),
                ),
            ),
        )
    )
    intake = world.queue("t")
    intake.send(content("blue", color="blue", size=5))
    intake.send(content("red", color="red", size=1))
    assert texts(world, "t/Subscriptions/all") == ["blue", "red"]
    assert texts(world, "T/subscriptions/NONE") == []
    assert texts(world, "t/Subscriptions/two") == ["blue"]


def test_a_rule_with_an_action_makes_a_copy_of_its_own():
    rules = (
        RuleConfig(name="plain", sql="1=1"),
        RuleConfig(name="stamped", sql="color='blue'", action="SET stamped = TRUE"),
    )
    world = World(topics=(topic(SubscriptionConfig(name="s", rules=rules)),))
    world.queue("t").send(content(color="blue"))
    found = [message.application_properties for message in world.queue("t/Subscriptions/s").messages.values()]
    assert sorted(map(len, found)) == [1, 2]


def test_a_filter_that_fails_dead_letters_the_message():
    rules = (RuleConfig(name="wrong", sql="sys.Nonsense = 1"),)
    world = World(topics=(topic(SubscriptionConfig(name="s", rules=rules)),))
    world.queue("t").send(content())
    assert len(world.queue("t/Subscriptions/s/$DeadLetterQueue").messages) == 1


def test_a_topic_holds_scheduled_messages_and_drops_duplicates():
    world = World(topics=(topic(SubscriptionConfig(name="s"), duplicate_detection=Milliseconds(MINUTE)),))
    intake = world.queue("t")
    intake.send(content("later", message_id="1", at=world.clock.now() + 1000))
    intake.send(content("again", message_id="1"))
    assert texts(world, "t/Subscriptions/s") == []
    world.clock.advance(1000)
    assert texts(world, "t/Subscriptions/s") == ["later"]


def test_messages_are_forwarded_and_a_circle_ends_in_the_dead_letters():
    world = World(
        QueueConfig(name="a", forward_to="b"),
        QueueConfig(name="b"),
        QueueConfig(name="x", forward_to="y"),
        QueueConfig(name="y", forward_to="x"),
        QueueConfig(name="lost", forward_to="nowhere"),
    )
    world.queue("a").send(content("on"))
    assert texts(world, "b") == ["on"]
    world.queue("x").send(content("round"))
    dead = texts(world, "x/$DeadLetterQueue") + texts(world, "y/$DeadLetterQueue")
    assert dead == ["round"]
    world.queue("lost").send(content("gone"))
    assert texts(world, "lost/$DeadLetterQueue") == ["gone"]


def test_dead_letters_can_be_forwarded():
    world = World(queue(max_delivery_count=1, forward_dead_letters_to="graveyard"), QueueConfig(name="graveyard"))
    bus = world.queue()
    bus.send(content("poison"))
    receiver = Receiver()
    bus.want(receiver)
    bus.abandon(receiver.tokens[0])
    assert texts(world, "graveyard") == ["poison"]
    assert texts(world, "q/$DeadLetterQueue") == []
