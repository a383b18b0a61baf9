"""A Service Bus broker on loopback, for unmodified Azure SDKs.

`python -m emulation.service_bus --help`; `sample.toml` describes the configuration, `control.py` the control API.
"""

from emulation.service_bus.config import (
    BrokerConfig,
    CorrelationFilter,
    EntraConfig,
    Key,
    Milliseconds,
    QueueConfig,
    RoleConfig,
    RuleConfig,
    SubscriptionConfig,
    TopicConfig,
    load,
)
from emulation.service_bus.process import Control, ServiceBus, ServiceBusFailed

__all__ = [
    "BrokerConfig",
    "Control",
    "CorrelationFilter",
    "EntraConfig",
    "Key",
    "Milliseconds",
    "QueueConfig",
    "RoleConfig",
    "RuleConfig",
    "ServiceBus",
    "ServiceBusFailed",
    "SubscriptionConfig",
    "TopicConfig",
    "load",
]
