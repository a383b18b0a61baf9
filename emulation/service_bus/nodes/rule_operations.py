"""Rules over $management: add, remove, enumerate."""

from typing import Any

import msgspec

from emulation.service_bus.amqp.errors import ARGUMENT_ERROR, Refused
from emulation.service_bus.codec.types import Described, ULong
from emulation.service_bus.config import RuleConfig
from emulation.service_bus.entities.rules import Rule, compile_rule
from emulation.service_bus.entities.topic import Subscription

RULE, EMPTY_ACTION, SQL_ACTION = 0x0000013700000004, 0x0000013700000005, 0x0000013700000006
SQL_FILTER, TRUE_FILTER, CORRELATION_FILTER = 0x000001370000006, 0x000001370000007, 0x000001370000009
CORRELATION_KEYS = {
    "correlation-id": "correlation_id",
    "message-id": "message_id",
    "to": "to",
    "reply-to": "reply_to",
    "label": "label",
    "session-id": "session_id",
    "reply-to-session-id": "reply_to_session_id",
    "content-type": "content_type",
    "properties": "properties",
}
type Body = dict[str, Any]
type Answer = tuple[int, Body | None]


def add_rule(subscription: Subscription, body: Body) -> Answer:
    """Add a rule."""
    description: Body = body["rule-description"]
    fields: dict[str, Any] = {"name": str(body["rule-name"])}
    if sql := description.get("sql-filter"):
        fields["sql"] = sql["expression"]
    if correlation := description.get("correlation-filter"):
        fields["correlation"] = {
            field: correlation[key] for key, field in CORRELATION_KEYS.items() if correlation.get(key) is not None
        }
    if action := description.get("sql-rule-action"):
        fields["action"] = action.get("expression")
    try:
        config = msgspec.convert(fields, RuleConfig)
    except msgspec.ValidationError as error:
        raise Refused(ARGUMENT_ERROR, f"The rule's description is malformed: {error}") from error
    subscription.add_rule(compile_rule(config))
    return 200, None


def remove_rule(subscription: Subscription, body: Body) -> Answer:
    """Remove a rule."""
    subscription.remove_rule(str(body["rule-name"]))
    return 200, None


def enumerate_rules(subscription: Subscription, body: Body) -> Answer:
    """Return a page of the rules."""
    skip, top = int(body["skip"]), int(body["top"])
    page = list(subscription.rules.values())[skip : skip + top]
    return (200, {"rules": [{"rule-description": _description(rule)} for rule in page]}) if page else (204, None)


def _description(rule: Rule) -> Described:
    config = rule.config
    if config.correlation is not None:
        wanted = config.correlation
        values = [getattr(wanted, field) for field in CORRELATION_KEYS.values()]
        chosen = Described(ULong(CORRELATION_FILTER), values)
    elif config.sql is None or config.sql == "1=1":
        chosen = Described(ULong(TRUE_FILTER), [])
    else:
        chosen = Described(ULong(SQL_FILTER), [config.sql, None])
    empty = Described(ULong(EMPTY_ACTION), [])
    action = Described(ULong(SQL_ACTION), [config.action, None]) if config.action else empty
    return Described(ULong(RULE), [chosen, action, config.name])
