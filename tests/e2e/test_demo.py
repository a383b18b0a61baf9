"""The newcomer's first command."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from emulation.demo.world import ENTITIES
from emulation.service_bus import BrokerConfig, QueueConfig, ServiceBus, load
from tests.e2e.stage import ROOT

KEYS = {
    "accepted",
    "delivered_events",
    "delivered_after_parking",
    "parked_now",
    "received",
    "dead_lettered",
    "duplicates",
    "lost",
    "dataverse_link_calls",
    "alerts",
    "cards",
    "acknowledged",
    "silenced",
    "registered",
    "seconds",
}

# A day on a busy machine, with what the demo itself waits for: the lease of a run that was cut off.
LIMIT = 360


def demo(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("fno-link"), "demo", "--once", "--json", *options]
    env = {**os.environ, **environ}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False, env=env)


LONG = pytest.mark.skipif(not os.environ.get("FNO_LINK_TEST_LONG"), reason="a second whole day; set FNO_LINK_TEST_LONG")


@pytest.mark.timeout(LIMIT + 30)
@pytest.mark.parametrize("bus", ["its own", pytest.param("given as an option", marks=LONG)])
def test_the_demo_plays_a_day_and_loses_nothing(bus):
    with ExitStack() as stack:
        options = []
        if bus != "its own":
            running = stack.enter_context(ServiceBus(load(ENTITIES)))
            options = ["--service-bus", running.connection_string]
        done = demo(*options, FNO_LINK_TEST_SERVICE_BUS="")
        if options:
            left = running.control.state()["entities"].values()
            assert sum(counts["active"] for counts in left) == 0
            assert running.control.messages("erp-events") == []
    assert done.returncode == 0, done.stderr[-4000:]
    assert "SharedAccessKey" not in done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert set(result) == KEYS
    assert result["lost"] == 0
    assert result["duplicates"] == 0
    assert {"bus:orders", "bus:invoices/usmf", "bus:invoices/others"} <= set(result["received"])
    assert result["accepted"] >= 200
    assert result["parked_now"] == 0
    assert result["delivered_after_parking"] > 0
    # What grows is told besides, at whatever moment the counts are written.
    assert [each for each in result["alerts"] if not each.endswith((".growing", ".settled"))] == [
        *(f"fno-link.finance_operations.{what}" for what in ("unreachable", "restored")),
        *(f"fno-link.integration.{what}" for what in ("lost", "restored", "relinked")),
    ]
    assert len(result["cards"]) >= len(result["alerts"])
    assert result["acknowledged"]
    assert result["silenced"] == 4
    # Two endpoints, eight steps and an image, made by the command; a foreign bus has none.
    assert result["registered"] == (7 if options else 11)
    assert {"Undecodable", "Unrouted"} <= set(result["dead_lettered"])


@pytest.mark.parametrize(
    "connection",
    [
        "nonsense",
        "Endpoint=sb://localhost:1;SharedAccessKeyName=a;SharedAccessKey=b3BlbiE=;UseDevelopmentEmulator=true",
    ],
)
def test_a_namespace_that_cannot_be_reached_is_told_before_anything_is_started(connection):
    done = demo(FNO_LINK_TEST_SERVICE_BUS=connection)
    assert done.returncode == 2
    answer = json.loads(done.stdout or done.stderr)
    assert answer["code"] == "Usage"
    assert "--service-bus" in answer["message"]
    assert "service-bus.toml" in answer["message"]
    assert "b3BlbiE=" not in done.stdout + done.stderr


def test_a_namespace_without_the_entities_or_with_messages_is_told():
    config = BrokerConfig(queues=(QueueConfig(name="erp-events"), QueueConfig(name="orders", requires_session=True)))
    with ServiceBus(config) as bus:
        with ServiceBusClient.from_connection_string(bus.connection_string) as client:
            for queue in ("erp-events", "orders"):
                with client.get_queue_sender(queue) as sender:
                    sender.send_messages(ServiceBusMessage("left over", session_id="s"))
        done = demo(FNO_LINK_TEST_SERVICE_BUS=bus.connection_string)
    assert done.returncode == 2
    message = json.loads(done.stdout or done.stderr)["message"]
    for what in ("queue erp-events: it holds messages", "queue orders, with sessions: it holds messages"):
        assert what in message
    for what in ("crm-events/fno-link", "invoices/usmf", "invoices/others"):
        assert f"subscription {what}: " in message
