"""The dead-letter commands as processes, on a storage account; one of them is killed in the middle."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from azure.storage.blob import BlobLeaseClient, BlobServiceClient
from azure.storage.queue import BinaryBase64DecodePolicy, QueueClient

from integration.config.keys.model import Delivery
from integration.dead_letters import DeadLetters, Record
from integration.events.event import Event
from integration.storage import Storage

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONFIGURATION = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"

[[routes]]
name = "orders"
target = "out"
requires_link = false

[targets.out]
kind = "storage_queue"
queue = "out"
"""


class Account:
    command = "dead-letters"

    def __init__(self, connection: str, folder: Path) -> None:
        self.connection = connection
        (folder / "fno-link.toml").write_text(CONFIGURATION)
        self.folder = folder
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FNO_LINK")},
            "AzureWebJobsStorage": connection,
            "FNO_LINK_CONFIG": str(folder / "fno-link.toml"),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        code = "from integration.cli import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", code, self.command, *arguments],
            cwd=self.folder,
            env=self.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, error = process.communicate(timeout=90)
        return process.returncode, out, error

    async def bury(self, count: int, reason: str = "TargetRejected") -> None:
        storage = Storage({"AzureWebJobsStorage": self.connection})
        letters = DeadLetters(storage)
        for number in range(count):
            event = Event(
                id=f"{reason}-{number}", source="s", type="T", organization="contoso", data=msgspec.Raw(b"{}")
            )
            record = Record(
                organization="contoso",
                reason=reason,
                message="m",
                accepted_at=AT + timedelta(seconds=number),
                recorded_at=AT,
                event=event,
                route="orders",
            )
            await letters.bury(record)
        await storage.close()

    def queue(self, name: str = "out") -> QueueClient:
        policy = BinaryBase64DecodePolicy()
        return QueueClient.from_connection_string(self.connection, name, message_decode_policy=policy)

    def delivered(self) -> list[str]:
        with self.queue() as queue:
            return [json.loads(each.content)["id"] for each in queue.receive_messages(messages_per_page=32)]

    def retries(self, count: int) -> list[str]:
        """Wait until so many retry messages are due; returns their events, and leaves the messages."""
        deadline = time.monotonic() + 60
        with self.queue("fno-link-retries") as queue:
            while len(due := queue.peek_messages(max_messages=32) if count else []) < count:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        return [json.loads(each.content)["event"]["id"] for each in due]

    def depth(self, name: str = "out") -> int:
        with self.queue(name) as queue:
            return queue.get_queue_properties().approximate_message_count or 0


@pytest.fixture
def account(azurite, tmp_path) -> Account:
    return Account(azurite.spare_account(), tmp_path)


def test_three_hundred_killed_in_the_middle_and_resumed_are_delivered_once_but_for_those_under_way(account):
    asyncio.run(account.bury(300))
    for name in ("out", "fno-link-retries"):
        with account.queue(name) as queue:
            queue.create_queue()
    killed = account.start("replay", "--all", "--per-second", "60")
    deadline = time.monotonic() + 60
    while account.depth() < 60:
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    killed.kill()
    _, error = killed.communicate()
    job = re.findall(r"--job ([0-9a-f]{32})", error)[0]
    assert account.depth() < 300
    # What the lease's minute would do: it is not waited for.
    with BlobServiceClient.from_connection_string(account.connection) as blobs:
        BlobLeaseClient(blobs.get_blob_client("fno-link-jobs", "leases/dead-letters")).break_lease(0)
    code, out, error = account.run("replay", "--job", job, "--json")
    assert (code, json.loads(out)["state"]) == (0, "done"), error
    delivered = account.delivered()
    wanted = [f"TargetRejected-{number}" for number in range(300)]
    # Killed after their claims, those under way are still the dead run's, delivered or not: their messages wait for the
    # function app. Only where the dead run's lease was over by then (a slow machine) one was made again, maybe twice.
    held = json.loads(out)["counts"].get("parked", 0)
    in_flight = account.retries(held)
    twice = [each for each in set(delivered) if delivered.count(each) > 1]
    assert account.depth("fno-link-retries") == held == len(in_flight)
    assert len(in_flight) + len(twice) <= Delivery().replays_at_once
    assert set(wanted) - set(delivered) <= set(in_flight)
    assert set(delivered) <= set(wanted)
    assert len(delivered) == len(set(delivered)) + len(twice)
    code, out, _ = account.run("list", "--json")
    assert json.loads(out) == {"deadLetters": [], "next": None}


def test_dead_letters_are_listed_shown_counted_and_purged(account):
    asyncio.run(account.bury(3))
    asyncio.run(account.bury(2, "Poison"))
    code, out, error = account.run("list", "--json", "--reason", "Poison", "--limit", "1")
    assert code == 0, error
    page = json.loads(out)
    assert [each["eventId"] for each in page["deadLetters"]] == ["Poison-0"]
    code, out, _ = account.run("list", "--reason", "Poison", "--after", page["next"])
    assert (code, out.count("Poison-1"), out.count("Poison-0")) == (0, 1, 0)
    code, out, _ = account.run("show", "--json", page["deadLetters"][0]["id"])
    assert (code, json.loads(out)["event"]["id"]) == (0, "Poison-0")
    code, out, _ = account.run("purge", "--dry-run", "--reason", "Poison", "--json")
    assert (code, json.loads(out)["byReason"]) == (0, {"Poison": 2})
    code, out, error = account.run("purge", "--reason", "Poison", "--json")
    assert code == 2
    assert "--yes" in error
    code, out, error = account.run("purge", "--reason", "Poison", "--yes", "--json")
    assert (code, json.loads(out)["counts"]) == (0, {"purged": 2}), error
    code, out, _ = account.run("list", "--json")
    assert [each["reason"] for each in json.loads(out)["deadLetters"]] == ["TargetRejected"] * 3
