"""The storage account is gone while Service Bus delivers: nothing lost, nothing burnt, nobody busy.

Half a minute by default. The real thing, for each way of being gone:

    FNO_LINK_TEST_OUTAGE=180 uv run pytest -n0 -s tests/e2e/test_storage_outage.py
"""

import json
import math
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSubQueue

from emulation import demo
from emulation.azurite import Azurite
from emulation.child import ChildFailed
from emulation.functions_host import FunctionsHost
from emulation.service_bus import ServiceBus, load
from integration.storage.names import DEAD_LETTERS
from tests.e2e.stage import Stage, business_event, until
from tests.e2e.test_service_bus import CONFIGURATION

OUTAGE = float(os.environ.get("FNO_LINK_TEST_OUTAGE", "25"))
MESSAGES = 40  # more than host.json lets run at once
# What a function waits before it gives a message back (integration.storage.patience), without the attempts themselves.
HELD = 60
RECOVERY = 240
ATTEMPTS = 20
# A failed execution is logged with its traceback.
TRACEBACK = 250
_POLL = re.compile(r"WARNING host: Queue '[a-z-]+' cannot be read")

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.timeout(OUTAGE + RECOVERY + 90),
]


@pytest.fixture
def own_azurite(tmp_path) -> Iterator[Azurite]:
    folder = tmp_path / "azurite"
    folder.mkdir()
    with Azurite(folder) as running:
        yield running


@pytest.fixture
def bus() -> Iterator[ServiceBus]:
    with ServiceBus(load(Path(demo.__file__).parent / "service-bus.toml")) as running:
        yield running


@pytest.fixture
def bus_stage(bus, own_azurite, tmp_path) -> Iterator[Stage]:
    more = {"ServiceBus": bus.connection_string}
    with Stage(tmp_path, own_azurite.connection_string, text=CONFIGURATION, more=more) as stage:
        yield stage


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spent(host: FunctionsHost) -> tuple[int, int, float]:
    """Return executions begun, lines logged, and processor time so far.

    The host's own polling of Storage queues is left out: a stage lets it poll five times a second.
    """
    log = host.log
    lines = sum(not _POLL.search(line) for line in log.splitlines())
    return log.count("Executing 'Functions.source_"), lines, cpu_seconds(host.pid)


def take_away(azurite: Azurite, how: str) -> None:
    if how == "killed":
        azurite.kill()  # every connection is refused
    else:
        azurite.pause()  # every connection hangs


def bring_back(azurite: Azurite, how: str) -> None:
    if how != "killed":
        azurite.resume()
        return
    for attempt in range(ATTEMPTS):
        try:
            azurite.start()
        except ChildFailed as failed:
            # Its port was free: for a moment it may be some client's own.
            if "EADDRINUSE" not in str(failed) or attempt == ATTEMPTS - 1:
                raise
            time.sleep(1)
        else:
            return


@pytest.mark.parametrize("how", ["killed", "hanging"])
def test_messages_wait_for_the_storage_account(bus, bus_stage, own_azurite, how):
    host = bus_stage.host
    bodies = [business_event("ArchiveBusinessEvent") for _ in range(MESSAGES)]
    with ServiceBusClient.from_connection_string(bus.connection_string) as client:
        take_away(own_azurite, how)
        before = spent(host)
        with client.get_queue_sender("erp-events") as sender:
            sender.send_messages([ServiceBusMessage(json.dumps(body)) for body in bodies])
        until_over = time.monotonic() + OUTAGE
        while time.monotonic() < until_over:
            time.sleep(1)
            assert bus.control.counts("erp-events")["active"] == MESSAGES
        executions, lines, cpu = (now - then for now, then in zip(spent(host), before, strict=True))
        figures = f"{executions} executions, {lines} log lines, {cpu:.1f} s of processor time"
        sys.stdout.write(f"\nstorage {how} for {OUTAGE:g} s, {MESSAGES} messages: {figures}\n")
        bring_back(own_azurite, how)
        wanted = {body["EventId"] for body in bodies}
        arrived: list[str] = []

        def all_arrived() -> bool:
            arrived.extend(each["id"] for each in bus_stage.take("archive"))
            return wanted <= set(arrived)

        until(all_arrived, within=RECOVERY)
        until(lambda: bus.control.counts("erp-events")["active"] == 0, within=RECOVERY)
        with client.get_queue_receiver("erp-events", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
            assert receiver.peek_messages(MESSAGES) == []
    assert set(arrived) == wanted
    assert bus_stage.records(DEAD_LETTERS) == []
    # A message is held for a minute each time: it is neither given back and taken again nor counted to its end.
    assert executions <= MESSAGES * math.ceil((OUTAGE + 5) / HELD)
    assert lines <= executions * TRACEBACK
    assert cpu <= OUTAGE / 2
