"""A Service Bus broker on loopback, for unmodified Azure SDKs.

`python -m emulation.service_bus --help`; `sample.toml` describes the configuration, `server/control.py` the control
API.

Its rooms, each of which imports only those before it: `codec` (AMQP's types as bytes), `amqp` (connections, sessions,
links), `entities` (queues, topics, sessions), `broker` (journal, rights, faults), `nodes` (what links lead to),
`server` (ports). `config` is what a broker is configured with, `process` runs one as a child.
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
