import asyncio
import base64
import uuid
from datetime import timedelta

import pytest
from azure.storage.queue.aio import QueueClient

from integration.errors import ConfigurationError, StorageUnavailable
from integration.storage import Storage


@pytest.fixture
async def storage(azurite):
    opened = Storage({"AzureWebJobsStorage": azurite.connection_string, "Other": azurite.connection_string})
    yield opened
    await opened.close()


def a_name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex}"


async def test_a_queue_is_made_when_first_needed_and_its_messages_are_base64(storage, azurite):
    name = a_name("q")
    await storage.queue(name).put(b"\x00 caf\xc3\xa9")
    async with QueueClient.from_connection_string(azurite.connection_string, name) as reader:
        message = await reader.receive_message()
    assert message is not None
    assert base64.b64decode(message.content) == b"\x00 caf\xc3\xa9"
    assert message.expires_on is not None
    assert message.expires_on.year == 9999


async def test_a_delayed_message_is_not_seen_yet(storage, azurite):
    name = a_name("q")
    await storage.queue(name).put(b"later", delay=timedelta(hours=1))
    async with QueueClient.from_connection_string(azurite.connection_string, name) as reader:
        assert await reader.receive_message() is None
    assert await storage.queue(name).depth() == 1


async def test_a_queue_that_is_not_there_is_empty(storage):
    assert await storage.queue(a_name("q")).depth() == 0


async def test_clients_are_kept_for_the_life_of_the_storage(storage):
    assert storage.queue("same") is storage.queue("same")
    assert storage.queue("same") is not storage.queue("same", hasty=True)
    assert storage.queue("same") is not storage.queue("same", connection="Other")
    assert storage.blobs("same") is storage.blobs("same")


async def test_blobs_are_written_read_listed_and_deleted(storage):
    blobs = storage.blobs(a_name("c"))
    assert await blobs.get("a/1") is None
    assert not await blobs.any("a/")
    assert [found async for found in blobs.list("")] == []
    await blobs.put("a/2", b"two", metadata={"mark": "2"})
    await blobs.put("a/1", b"one")
    await blobs.put("a/1", b"one again")
    await blobs.put("b/1", b"other")
    assert await blobs.get("a/1") == b"one again"
    assert [found.path async for found in blobs.list("a/")] == ["a/1", "a/2"]
    assert [found.metadata async for found in blobs.list("a/2")] == [{"mark": "2"}]
    assert await blobs.any("b/")
    assert await blobs.delete("b/1")
    assert not await blobs.delete("b/1")
    assert not await blobs.any("b/")


async def test_a_lease_has_one_holder_at_a_time(storage, azurite):
    container = a_name("c")
    other = Storage({"AzureWebJobsStorage": azurite.connection_string})
    try:
        async with storage.blobs(container).lease("leases/contoso") as first:
            assert first is not None
            assert await first.renew()
            async with other.blobs(container).lease("leases/contoso") as second:
                assert second is None
        async with other.blobs(container).lease("leases/contoso") as third:
            assert third is not None
    finally:
        await other.close()


async def test_a_lost_lease_is_not_renewed(storage):
    blobs = storage.blobs(a_name("c"))
    async with blobs.lease("leases/contoso", seconds=15) as lease:
        assert lease is not None
        await blobs._client.get_blob_client("leases/contoso").delete_blob(lease=lease._lease)
        assert not await lease.renew()


async def test_a_table_is_made_when_first_needed(storage):
    table = await storage.table(f"t{uuid.uuid4().hex}")
    await table.create_entity({"PartitionKey": "p", "RowKey": "r", "value": 1})
    assert (await table.get_entity("p", "r"))["value"] == 1


def test_a_connection_that_is_not_set_is_named():
    with pytest.raises(ConfigurationError, match="Missing__queueServiceUri"):
        Storage({}).queue("q", connection="Missing")


@pytest.fixture
async def silent_server():
    """A server that takes connections and never says a word."""
    connections = set()

    async def silence(reader, writer):
        connections.add(writer)
        await reader.read()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for writer in connections:
        writer.close()
    await server.wait_closed()


@pytest.mark.parametrize("what", ["hangs", "refuses"])
async def test_an_account_that_is_out_of_reach_is_unavailable(what, silent_server, unused_tcp_port):
    port = silent_server if what == "hangs" else unused_tcp_port
    key = base64.b64encode(b"key").decode()
    endpoints = "".join(f"{kind}Endpoint=http://127.0.0.1:{port}/a;" for kind in ("Blob", "Queue", "Table"))
    storage = Storage({"AzureWebJobsStorage": f"AccountName=a;AccountKey={key};{endpoints}"})
    try:
        async with asyncio.timeout(60):
            with pytest.raises(StorageUnavailable):
                await storage.queue("queue", hasty=True).put(b"x")
            with pytest.raises(StorageUnavailable):
                await storage.blobs("c", hasty=True).put("p", b"x")
    finally:
        await storage.close()


async def test_a_wrong_key_is_unavailable_not_a_crash(azurite):
    wrong = base64.b64encode(b"wrong key").decode()
    parts = dict(part.split("=", 1) for part in azurite.connection_string.rstrip(";").split(";"))
    parts["AccountKey"] = wrong
    storage = Storage({"AzureWebJobsStorage": ";".join(f"{key}={value}" for key, value in parts.items())})
    try:
        with pytest.raises(StorageUnavailable, match="refused the credentials"):
            await storage.queue("queue", hasty=True).put(b"x")
    finally:
        await storage.close()


async def test_an_empty_blob_is_read_as_such(storage):
    # What is left of a claim-check that was dealt with; it has no first byte, which the service says with 416.
    blobs = storage.blobs(a_name("c"))
    await blobs.put("done", b"")
    assert await blobs.get("done") == b""
    body, etag = await blobs.get_version("done") or (None, "")
    assert body == b""
    assert etag
