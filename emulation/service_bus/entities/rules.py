"""A subscription's rules: which messages it takes, and what is changed on them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from emulation.service_bus.amqp import content as sections
from emulation.service_bus.amqp.content import Content
from emulation.service_bus.amqp.errors import ARGUMENT_ERROR, Refused
from emulation.service_bus.config import CorrelationFilter, RuleConfig
from emulation.service_bus.entities.sql.lexer import SqlError
from emulation.service_bus.entities.sql.parser import Change, Scope, parse_action, parse_filter

DEFAULT_RULE = "$Default"
# System properties by their name in a filter, in lower case, and their position in the properties section.
SYSTEM = {
    "messageid": sections.MESSAGE_ID,
    "to": sections.TO,
    "label": sections.SUBJECT,
    "subject": sections.SUBJECT,
    "replyto": sections.REPLY_TO,
    "correlationid": sections.CORRELATION_ID,
    "contenttype": sections.CONTENT_TYPE,
    "sessionid": sections.GROUP_ID,
    "replytosessionid": sections.REPLY_TO_GROUP_ID,
}
READ_ONLY = frozenset({"timetolive", "scheduledenqueuetimeutc", "partitionkey"})


class FilterError(Exception):
    """A filter or an action could not be evaluated on a message."""


class Facts:
    """What rules see of a message; read once, when first asked for.

    Args:
        content: The message.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._system: list[Any] | None = None
        self._user: dict[str, Any] | None = None

    @property
    def system(self) -> list[Any]:
        """The thirteen AMQP properties."""
        if self._system is None:
            self._system = [_plain(value) for value in sections.properties(self._content.bare)]
        return self._system

    @property
    def user(self) -> dict[str, Any]:
        """The application properties, names in lower case."""
        if self._user is None:
            found = sections.application_properties(self._content.bare)
            self._user = {name.lower(): _plain(value) for name, value in found.items()}
        return self._user

    def get(self, scope: Scope, name: str) -> Any:
        """Return a property's value.

        Raises:
            FilterError: There is no such system property.
        """
        key = name.lower()
        if scope == "user":
            return self.user.get(key)
        if key in SYSTEM:
            return self.system[SYSTEM[key]]
        if key in READ_ONLY:
            return {
                "timetolive": self._content.ttl,
                "scheduledenqueuetimeutc": self._content.scheduled_at,
                "partitionkey": self._content.partition_key,
            }[key]
        msg = f"There is no system property 'sys.{name}'."
        raise FilterError(msg)

    def exists(self, scope: Scope, name: str) -> bool:
        """Return whether there is such a property."""
        return name.lower() in self.user if scope == "user" else self.get(scope, name) is not None


class Rule(msgspec.Struct, frozen=True):
    """A rule, ready to be applied.

    Args:
        config: What it was made from.
        matches: Whether it lets a message through.
        action: What it changes.
    """

    config: RuleConfig
    matches: Callable[[Facts], bool]
    action: list[Change] | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name


def compile_rule(config: RuleConfig) -> Rule:
    """Make a rule of its configuration.

    Raises:
        Refused: Its filter or its action cannot be read.
    """
    try:
        action = parse_action(config.action) if config.action else None
        if config.correlation is not None:
            return Rule(config, _correlation(config.correlation), action)
        predicate = parse_filter(config.sql if config.sql is not None else "1=1")
    except SqlError as error:
        raise Refused(ARGUMENT_ERROR, f"Rule '{config.name}': {error}") from error
    return Rule(config, lambda facts: predicate(facts) is True, action)


def _correlation(wanted: CorrelationFilter) -> Callable[[Facts], bool]:
    positions = {name: SYSTEM[name.replace("_", "")] for name in wanted.__struct_fields__ if name != "properties"}
    fixed = [(at, getattr(wanted, name)) for name, at in positions.items() if getattr(wanted, name) is not None]
    custom = [(name.lower(), value) for name, value in wanted.properties.items()]

    def matches(facts: Facts) -> bool:
        if any(_text(facts.system[at]) != value for at, value in fixed):
            return False
        return all(name in facts.user and facts.user[name] == value for name, value in custom)

    return matches


def apply_action(rule: Rule, content: Content, facts: Facts) -> Content:
    """Return a message as a rule's action changes it; each statement sees what the ones before it did.

    Raises:
        FilterError: It names a system property that there is not, or that cannot be set.
    """
    for change in rule.action or ():
        value = change.value(facts) if change.value is not None else None
        bare = content.bare
        if change.scope == "user":
            names = {name for name in sections.application_properties(bare) if name.lower() == change.name.lower()}
            added = {} if change.value is None else {next(iter(names), change.name): value}
            bare = sections.with_application_properties(bare, added, frozenset(names - added.keys()))
        else:
            position = SYSTEM.get(change.name.lower())
            if position is None:
                msg = f"The action cannot change 'sys.{change.name}'."
                raise FilterError(msg)
            bare = sections.with_properties(bare, {position: None if value is None else str(value)})
        content = msgspec.structs.replace(content, bare=bare)
        facts = Facts(content)
    return content


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.decode(errors="replace") if isinstance(value, bytes) else value
