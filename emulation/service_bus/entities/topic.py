"""A topic: what is sent to it goes, by their rules, to its subscriptions."""

from collections.abc import Iterable

from emulation.service_bus.amqp.content import Content
from emulation.service_bus.amqp.errors import ENTITY_EXISTS, NOT_FOUND, Refused
from emulation.service_bus.config import QueueConfig, RuleConfig, SubscriptionConfig, TopicConfig
from emulation.service_bus.entities.alarm import Clock
from emulation.service_bus.entities.message import Message
from emulation.service_bus.entities.ports import Recorder
from emulation.service_bus.entities.queue import Queue
from emulation.service_bus.entities.rules import DEFAULT_RULE, Facts, FilterError, Rule, apply_action, compile_rule

FILTER_ERROR = "FilterEvaluationException"


class Subscription:
    """A queue that takes what its rules let through.

    Args:
        queue: Its messages.
        config: Its settings.
    """

    def __init__(self, queue: Queue, config: SubscriptionConfig) -> None:
        self.queue = queue
        self.name = config.name
        self.dead_letter_on_filter_error = config.dead_letter_on_filter_error
        self.rules: dict[str, Rule] = {}
        self.set_rules(config.rules if config.rules is not None else (RuleConfig(name=DEFAULT_RULE, sql="1=1"),))
        self.rules_changed = False

    def set_rules(self, rules: Iterable[RuleConfig]) -> None:
        """Put other rules in the place of all there are."""
        self.rules = {}
        for rule in rules:
            self.add_rule(compile_rule(rule))

    def add_rule(self, rule: Rule) -> None:
        """Add a rule.

        Raises:
            Refused: There is one of this name.
        """
        if rule.name.lower() in self.rules:
            raise Refused(ENTITY_EXISTS, f"Entity '{rule.name}' already exists.")
        self.rules[rule.name.lower()] = rule

    def remove_rule(self, name: str) -> None:
        """Remove a rule.

        Raises:
            Refused: There is none of this name.
        """
        if self.rules.pop(name.lower(), None) is None:
            raise Refused(NOT_FOUND, f"Entity '{name}' was not found.")

    def offer(self, content: Content, facts: Facts, *, hops: int = 0) -> None:
        """Take a message once if rules without an action match, and once more for each matching rule with one."""
        plain = False
        for rule in self.rules.values():
            try:
                if not rule.matches(facts):
                    continue
                if rule.action is None:
                    plain = True
                else:
                    self.queue.send(apply_action(rule, content, facts), hops=hops)
            except FilterError as error:
                if self.dead_letter_on_filter_error:
                    self.queue.send_dead(content, FILTER_ERROR, str(error))
        if plain:
            self.queue.send(content, hops=hops)


class Topic:
    """An entity to send to, with subscriptions to receive from.

    Its intake is a queue without receivers, which detects duplicates and holds scheduled messages.

    Args:
        config: Its settings.
        clock: Its time.
        recorder: Told what must survive.
    """

    def __init__(self, config: TopicConfig, clock: Clock, recorder: Recorder) -> None:
        self.config = config
        self.path = config.name
        self.intake = Queue(config.name, _intake(config), clock, recorder, router=self)
        self.subscriptions: dict[str, Subscription] = {}

    def forward(self, source: str, target: str, content: Content, message: Message) -> None:  # noqa: ARG002 - a Router
        """Offer a message from the intake to every subscription."""
        facts = Facts(content)
        for subscription in list(self.subscriptions.values()):
            subscription.offer(content, facts, hops=message.hops)


def _intake(config: TopicConfig) -> QueueConfig:
    return QueueConfig(
        name=config.name,
        default_ttl=config.default_ttl,
        duplicate_detection=config.duplicate_detection,
        partitioned=config.partitioned,
        max_message_kilobytes=config.max_message_kilobytes,
        forward_to=config.name,
    )
