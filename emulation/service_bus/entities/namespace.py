"""The entities of a namespace, by their addresses."""

from emulation.service_bus.amqp.addresses import DEAD_LETTERS, SUBSCRIPTIONS, TRANSFER_DEAD_LETTERS, Address
from emulation.service_bus.amqp.content import Content
from emulation.service_bus.amqp.errors import ENTITY_EXISTS, NOT_FOUND, Refused
from emulation.service_bus.config import BrokerConfig, QueueConfig, SubscriptionConfig, TopicConfig
from emulation.service_bus.entities.alarm import Clock
from emulation.service_bus.entities.message import Message
from emulation.service_bus.entities.ports import Keyring, Recorder
from emulation.service_bus.entities.queue import Queue
from emulation.service_bus.entities.topic import Subscription, Topic

MAX_HOPS = 4
type Target = Queue | Topic


class Namespace:
    """Queues, topics and subscriptions; addresses are case-insensitive.

    Args:
        config: What there is from the start.
        clock: The entities' time.
        recorder: Told what must survive.
        keyring: Told the entities' keys.
    """

    def __init__(self, config: BrokerConfig, clock: Clock, recorder: Recorder, keyring: Keyring) -> None:
        self._clock, self._recorder, self._keyring = clock, recorder, keyring
        self.queues: dict[str, Queue] = {}
        self.topics: dict[str, Topic] = {}
        for queue in config.queues:
            self.create_queue(queue)
        for topic in config.topics:
            self.create_topic(topic)

    # --- making and removing ---

    def create_queue(self, config: QueueConfig) -> Queue:
        """Make a queue.

        Raises:
            Refused: There is an entity of this name.
        """
        self._check_free(config.name)
        queue = self._queue(config.name, config)
        self.queues[config.name.lower()] = queue
        self._keyring.add(config.name, config.keys)
        return queue

    def create_topic(self, config: TopicConfig) -> Topic:
        """Make a topic with its subscriptions.

        Raises:
            Refused: There is an entity of this name, or a rule cannot be read.
        """
        self._check_free(config.name)
        topic = Topic(config, self._clock, self._recorder)
        for subscription in config.subscriptions:
            self._subscribe(topic, subscription)
        self.topics[config.name.lower()] = topic
        self._keyring.add(config.name, config.keys)
        return topic

    def create_subscription(self, topic_name: str, config: SubscriptionConfig) -> Subscription:
        """Make a subscription of a topic.

        Raises:
            Refused: There is no such topic, there is one of this name, or a rule cannot be read.
        """
        topic = self.topics.get(topic_name.lower())
        if topic is None:
            raise _not_found(topic_name)
        return self._subscribe(topic, config)

    def delete(self, path: str) -> list[Queue]:
        """Remove an entity and what is below it; return the queues that are gone.

        Raises:
            Refused: There is none.
        """
        address = path.lower()
        if address in self.queues:
            gone = [self.queues.pop(address)]
        elif address in self.topics:
            topic = self.topics.pop(address)
            gone = [topic.intake, *(subscription.queue for subscription in topic.subscriptions.values())]
        else:
            subscription = self.subscription(path)
            topic_name = address.partition(f"/{SUBSCRIPTIONS.lower()}/")[0]
            del self.topics[topic_name].subscriptions[subscription.name.lower()]
            gone = [subscription.queue]
        return gone + _dead_letters(gone)

    def _subscribe(self, topic: Topic, config: SubscriptionConfig) -> Subscription:
        if config.name.lower() in topic.subscriptions:
            path = f"{topic.path}/{config.name}"
            raise _exists(path)
        subscription = Subscription(self._queue(f"{topic.path}/{SUBSCRIPTIONS}/{config.name}", config), config)
        topic.subscriptions[config.name.lower()] = subscription
        self._keyring.add(subscription.queue.path, config.keys)
        return subscription

    def _queue(self, path: str, config: QueueConfig) -> Queue:
        dead_config = QueueConfig(name=DEAD_LETTERS, lock_duration=config.lock_duration)
        dead_letters = Queue(f"{path}/{DEAD_LETTERS}", dead_config, self._clock, self._recorder, self)
        return Queue(path, config, self._clock, self._recorder, self, dead_letters)

    def _check_free(self, name: str) -> None:
        if name.lower() in self.queues or name.lower() in self.topics:
            raise _exists(name)

    # --- finding ---

    def all_queues(self) -> list[Queue]:
        """Return every queue, subscription and dead-letter queue, and the topics' intakes."""
        found = list(self.queues.values())
        for topic in self.topics.values():
            found += [topic.intake, *(subscription.queue for subscription in topic.subscriptions.values())]
        return found + _dead_letters(found)

    def entity(self, address: Address) -> Target:
        """Return what an address names: a queue, subscription or dead-letter queue, or a topic.

        Raises:
            Refused: There is none.
        """
        path = address.entity.lower()
        found: Target | None = self.queues.get(path) or self.topics.get(path)
        if found is None and f"/{SUBSCRIPTIONS.lower()}/" in path:
            found = self.subscription(address.entity).queue
        if isinstance(found, Queue) and address.sub_queue:
            if address.sub_queue == TRANSFER_DEAD_LETTERS:
                raise _not_found(address.path)
            found = found.dead_letters if isinstance(found.dead_letters, Queue) else None
        if found is None:
            raise _not_found(address.path)
        return found

    def subscription(self, path: str) -> Subscription:
        """Return a subscription.

        Raises:
            Refused: There is none.
        """
        topic_name, _, name = path.lower().partition(f"/{SUBSCRIPTIONS.lower()}/")
        topic = self.topics.get(topic_name)
        subscription = topic.subscriptions.get(name) if topic is not None else None
        if subscription is None:
            raise _not_found(path)
        return subscription

    # --- forwarding ---

    def forward(self, source: str, target: str, content: Content, message: Message) -> None:
        """Send a message on; one that cannot go on is dead-lettered where it was.

        Source: "Chaining Service Bus entities with autoforwarding".
        """
        origin = self.entity_of(source)
        try:
            self._send_on(target, content, message.hops)
        except Refused as refused:
            if origin.dead_letters is None:
                raise
            origin.send_dead(content, refused.condition, refused.description)

    def _send_on(self, target: str, content: Content, hops: int) -> None:
        if hops >= MAX_HOPS:
            msg = f"The message exceeded the maximum number of {MAX_HOPS} hops between entities."
            raise Refused("com.microsoft:max-hop-count-exceeded", msg)
        found = self.entity(Address(target))
        (found.intake if isinstance(found, Topic) else found).send(content, hops=hops + 1)

    def entity_of(self, path: str) -> Queue:
        """Return the queue, subscription or dead-letter queue of a path."""
        sub_queue = DEAD_LETTERS if path.endswith(f"/{DEAD_LETTERS}") else ""
        found = self.entity(Address(path.removesuffix(f"/{DEAD_LETTERS}"), sub_queue))
        return found.intake if isinstance(found, Topic) else found


def _dead_letters(queues: list[Queue]) -> list[Queue]:
    return [queue.dead_letters for queue in queues if isinstance(queue.dead_letters, Queue)]


def _not_found(path: str) -> Refused:
    return Refused(NOT_FOUND, f"The messaging entity '{path}' could not be found.")


def _exists(path: str) -> Refused:
    return Refused(ENTITY_EXISTS, f"The messaging entity '{path}' already exists.")
