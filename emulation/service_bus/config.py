"""What a broker is configured with: a TOML file, described in `sample.toml`."""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

type Right = Literal["listen", "send", "manage"]
ALL_RIGHTS: tuple[Right, ...] = ("listen", "send", "manage")
DEFAULT_KEY_NAME = "RootManageSharedAccessKey"
DEFAULT_KEY = "SAS_KEY_VALUE"
KILOBYTE = 1024
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Milliseconds(int):
    """A duration, written `"30s"`, `"1h30m"`, `"14d"`, `"250ms"`, or as a number of seconds."""


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shared access policy.

    Args:
        name: SharedAccessKeyName.
        key: SharedAccessKey.
        rights: What its tokens allow; `manage` includes the others.
    """

    name: str
    key: str
    rights: tuple[Right, ...] = ALL_RIGHTS


class QueueConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a queue, and a subscription, is configured with; names and defaults are Azure's."""

    name: str
    lock_duration: Milliseconds = Milliseconds(60_000)
    max_delivery_count: int = 10
    default_ttl: Milliseconds | None = None
    dead_letter_on_expiration: bool = False
    requires_session: bool = False
    duplicate_detection: Milliseconds | None = None
    partitioned: bool = False
    max_message_kilobytes: int = 256
    forward_to: str | None = None
    forward_dead_letters_to: str | None = None
    keys: tuple[Key, ...] = ()


class CorrelationFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Conditions that must all hold; string comparison is exact."""

    correlation_id: str | None = None
    message_id: str | None = None
    to: str | None = None
    reply_to: str | None = None
    label: str | None = None
    session_id: str | None = None
    reply_to_session_id: str | None = None
    content_type: str | None = None
    properties: dict[str, Any] = {}


class RuleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A subscription's rule: one of `sql` and `correlation`, and what `action` does to a matching message."""

    name: str
    sql: str | None = None
    correlation: CorrelationFilter | None = None
    action: str | None = None


class SubscriptionConfig(QueueConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A topic's subscription; without `rules` it has the rule `$Default`, which takes every message."""

    rules: tuple[RuleConfig, ...] | None = None
    dead_letter_on_filter_error: bool = True


class TopicConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a topic is configured with."""

    name: str
    default_ttl: Milliseconds | None = None
    duplicate_detection: Milliseconds | None = None
    partitioned: bool = False
    max_message_kilobytes: int = 256
    subscriptions: tuple[SubscriptionConfig, ...] = ()
    keys: tuple[Key, ...] = ()


class RoleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role assignment: Data Receiver is `listen`, Data Sender is `send`, Data Owner is all three.

    Args:
        principal: Client id of the application or managed identity, or its object id.
        rights: What its tokens allow; `manage` includes the others.
        entity: The queue or topic it is assigned on; empty: the namespace.
    """

    principal: str
    rights: tuple[Right, ...]
    entity: str = ""


class EntraConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose Microsoft Entra tokens are accepted.

    Args:
        issuer: The tenant's issuer, `https://sts.windows.net/{tenant id}/`.
        keys: The issuer's public keys as its JSON Web Key Set lists them (`discovery/v2.0/keys`).
        roles: Who may do what.
        audiences: Resources that a token may be for.
    """

    issuer: str
    keys: tuple[dict[str, Any], ...]
    roles: tuple[RoleConfig, ...] = ()
    audiences: tuple[str, ...] = ("https://servicebus.azure.net", "https://servicebus.azure.net/")


class BrokerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A namespace: its keys and entities, and whose Microsoft Entra tokens it accepts: by default nobody's."""

    keys: tuple[Key, ...] = (Key(name=DEFAULT_KEY_NAME, key=DEFAULT_KEY),)
    queues: tuple[QueueConfig, ...] = ()
    topics: tuple[TopicConfig, ...] = ()
    entra: EntraConfig | None = None


def parse_duration(value: object) -> Milliseconds:
    """Read a duration.

    Raises:
        ValueError: It is neither a number of seconds nor text such as `1h30m`.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Milliseconds(value * 1000)
    text = str(value)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        msg = f"not a duration: {text!r}; write 30s, 1h30m, 14d or a number of seconds"
        raise ValueError(msg)
    return Milliseconds(sum(float(number) * _UNITS[unit] for number, unit in parts))


def _decode(kind: type, value: object) -> object:
    if kind is Milliseconds:
        return parse_duration(value)
    msg = f"no decoder for {kind}"
    raise NotImplementedError(msg)


def convert[T](document: object, kind: type[T]) -> T:
    """Check decoded JSON or TOML against a configuration type.

    Raises:
        ValueError: Something is missing, unknown or of another type; the message names the place.
    """
    return msgspec.convert(document, kind, dec_hook=_decode)


def load(path: Path) -> BrokerConfig:
    """Read a configuration file.

    Raises:
        ValueError: The file is not TOML, or something in it is missing, unknown or of another type.
    """
    try:
        return convert(tomllib.loads(path.read_text(encoding="utf-8")), BrokerConfig)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, ValueError) as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error


def to_builtins(config: msgspec.Struct) -> Any:
    """Return a configuration as plain data that `convert` reads back (durations as text)."""
    return msgspec.to_builtins(config, enc_hook=_encode)


def _encode(value: object) -> object:
    if isinstance(value, Milliseconds):
        return f"{int(value)}ms"
    msg = f"no encoder for {type(value)}"
    raise NotImplementedError(msg)
