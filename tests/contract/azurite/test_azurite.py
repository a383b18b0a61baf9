"""Azurite as our command runs it: etags and visibility hold, what was acknowledged outlives a stop, nothing is left."""

import os
import signal
import sys
from uuid import uuid4

import msgspec
import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient

from emulation.azurite import Azurite
from emulation.child import Child
from tests.processes import children, wait_until_ended


def unique(prefix: str) -> str:
    return f"{prefix}{uuid4().hex}"


async def test_a_table_row_written_under_a_stale_etag_is_refused(azurite):
    async with TableServiceClient.from_connection_string(azurite.connection_string) as service:
        table = await service.create_table(unique("t"))
        row = {"PartitionKey": "p", "RowKey": "r", "n": 1}
        first = await table.create_entity(row)
        await table.update_entity(row | {"n": 2}, mode=UpdateMode.REPLACE)
        with pytest.raises(ResourceModifiedError):
            await table.update_entity(
                row | {"n": 3},
                mode=UpdateMode.REPLACE,
                etag=first["etag"],
                match_condition=MatchConditions.IfNotModified,
            )
        assert (await table.get_entity("p", "r"))["n"] == 2


async def test_inserting_a_table_row_twice_is_refused(azurite):
    async with TableServiceClient.from_connection_string(azurite.connection_string) as service:
        table = await service.create_table(unique("t"))
        await table.create_entity({"PartitionKey": "p", "RowKey": "r"})
        with pytest.raises(ResourceExistsError):
            await table.create_entity({"PartitionKey": "p", "RowKey": "r"})


async def test_a_blob_is_not_overwritten_unasked(azurite):
    async with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        container = await service.create_container(unique("c"))
        await container.upload_blob("b", b"first")
        with pytest.raises(ResourceExistsError):
            await container.upload_blob("b", b"second")
        assert await (await container.download_blob("b")).readall() == b"first"


async def test_a_received_queue_message_is_hidden_until_its_visibility_ends(azurite):
    async with QueueClient.from_connection_string(azurite.connection_string, unique("q")) as queue:
        await queue.create_queue()
        await queue.send_message("one")
        first = await queue.receive_message(visibility_timeout=30)
        assert first is not None
        assert first.dequeue_count == 1
        assert await queue.receive_message() is None
        await queue.update_message(first, visibility_timeout=0)
        again = await queue.receive_message()
        assert again is not None
        assert (again.content, again.dequeue_count) == ("one", 2)


async def test_what_was_acknowledged_survives_a_stop_on_the_same_ports(tmp_path):
    with Azurite(tmp_path) as azurite:
        ports, name = azurite.ports, unique("q")
        async with QueueClient.from_connection_string(azurite.connection_string, name) as queue:
            await queue.create_queue()
            await queue.send_message("kept")
        azurite.stop()
        azurite.restart()
        assert azurite.ports == ports
        async with QueueClient.from_connection_string(azurite.connection_string, name) as queue:
            message = await queue.receive_message()
            assert message is not None
            assert message.content == "kept"


def test_a_crash_is_seen_and_the_same_ports_come_back(tmp_path):
    with Azurite(tmp_path) as azurite:
        ports, pid = azurite.ports, azurite.pid
        azurite.kill()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        azurite.restart()
        assert azurite.ports == ports


@pytest.fixture
def command(tmp_path):
    with Child("Azurite's command", [sys.executable, "-m", "emulation.azurite"], log=tmp_path / "log") as started:
        yield started


def ready(output):
    return msgspec.json.decode(output) if output.endswith("\n") else None


def test_nothing_is_left_behind_when_the_parent_is_killed(command):
    assert command.wait_until(ready, seconds=120)["connectionString"].startswith("DefaultEndpointsProtocol=http;")
    started = children(command.pid)
    assert started
    assert command.kill() == -signal.SIGKILL
    wait_until_ended(*started)


def test_the_command_ends_with_0_when_told_to(command):
    command.wait_until(ready, seconds=120)
    assert command.stop(seconds=120) == 0
