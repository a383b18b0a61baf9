"""A second real client, @azure/service-bus from npm, against the broker."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from emulation.service_bus import BrokerConfig, QueueConfig, ServiceBus, SubscriptionConfig, TopicConfig
from tests.npm import installed

CLIENT = Path(__file__).parent / "node_client"
CONFIG = BrokerConfig(
    queues=(QueueConfig(name="orders"), QueueConfig(name="conversations", requires_session=True)),
    topics=(
        TopicConfig(name="events", subscriptions=(SubscriptionConfig(name="all"), SubscriptionConfig(name="blue"))),
    ),
)


@pytest.fixture(scope="module")
def findings():
    with ServiceBus(CONFIG) as bus:
        done = subprocess.run(
            [shutil.which("node") or "node", "client.mjs"],
            cwd=installed(CLIENT, "client.mjs"),
            env=os.environ | {"CONNECTION_STRING": bus.connection_string},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        left = [
            path for path, counts in bus.control.state()["entities"].items() if counts["active"] or counts["locked"]
        ]
    assert left == []
    return json.loads(done.stdout)


class TestNodeClient:
    def test_it_peeks_completes_abandons_defers_and_dead_letters(self, findings):
        assert findings["settles"] == {
            "peeked": ["complete", "abandon", "defer", "dead-letter"],
            "again": ["abandon", 1, {"name": "abandon", "tried": "once"}],
            "deferred": "defer",
            "dead": ["dead-letter", "Bad", "Very bad", "orders"],
        }

    def test_it_schedules_and_cancels(self, findings):
        assert findings["schedules"] == {"received": ["kept"], "renumbered": True, "inTime": True}

    def test_it_holds_sessions_with_their_state(self, findings):
        assert findings["sessions"] == {
            "received": ["a1", "a2"],
            "state": "half done",
            "busy": "SessionCannotBeLocked",
            "next": "b",
            "renewed": True,
        }

    def test_it_manages_rules_and_reads_filtered_subscriptions(self, findings):
        assert findings["subscriptions"] == {
            "listed": [["colour", {"sqlExpression": "colour = 'blue'"}]],
            "all": ["red", "blue"],
            "blue": ["blue"],
        }

    def test_it_subscribes(self, findings):
        assert findings["subscribes"] == {"seen": [1, 2, 3]}

    def test_it_understands_errors(self, findings):
        assert findings["errors"] == {
            "key": "UnauthorizedAccess",
            "entity": "MessagingEntityNotFound",
            "size": "MessageSizeExceeded",
        }
