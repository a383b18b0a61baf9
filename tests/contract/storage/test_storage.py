"""Accounts as Storage finds and keeps them: connections, credentials, what does not answer."""

import asyncio
import base64
from urllib.parse import urlsplit

import pytest

from integration.errors import ConfigurationError, StorageUnavailable
from integration.storage import Storage


@pytest.fixture
async def own(azurite):
    opened = Storage({"AzureWebJobsStorage": azurite.connection_string, "Other": azurite.connection_string})
    yield opened
    await opened.close()


async def test_clients_are_kept_for_the_life_of_the_storage(own):
    assert own.queue("same") is own.queue("same")
    assert own.queue("same") is not own.queue("same", hasty=True)
    assert own.queue("same") is not own.queue("same", connection="Other")
    assert own.blobs("same") is own.blobs("same")
    assert await own.table("same") is await own.table("same")
    assert await own.table("same") is not await own.table("same", hasty=True)


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


@pytest.fixture
async def proxy():
    """A proxy that lets nothing through, and notes where requests were to go."""
    asked = set()

    async def refuse(reader, writer):
        line, _, _ = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        asked.add(line.split()[1].decode())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    server.close()
    await server.wait_closed()


async def ask_each(storage):
    await storage.queue("queue", hasty=True).put(b"x")
    await storage.blobs("container", hasty=True).put("p", b"x")
    await (await storage.table("table", hasty=True)).get("p", "r")


async def test_a_proxy_of_the_environment_is_used_for_each_service(proxy, monkeypatch, azurite):
    url, asked = proxy
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", url)
    storage = Storage({"AzureWebJobsStorage": azurite.connection_string})
    try:
        with pytest.raises(StorageUnavailable):
            await storage.queue("queue", hasty=True).put(b"x")
        with pytest.raises(StorageUnavailable):
            await storage.blobs("container", hasty=True).put("p", b"x")
        with pytest.raises(StorageUnavailable):
            await (await storage.table("table", hasty=True)).get("p", "r")
    finally:
        await storage.close()
    ports = azurite.ports
    assert {urlsplit(each).port for each in asked} == {ports.queue, ports.blob, ports.table}


async def test_a_host_that_is_excepted_is_asked_without_the_proxy(proxy, monkeypatch, azurite):
    url, asked = proxy
    monkeypatch.setenv("http_proxy", url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    storage = Storage({"AzureWebJobsStorage": azurite.connection_string})
    try:
        await ask_each(storage)
    finally:
        await storage.close()
    assert not asked


async def test_without_a_proxy_no_request_looks_for_one(monkeypatch, azurite):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    looked = []
    monkeypatch.setattr("aiohttp.client.get_env_proxy_for_url", looked.append)
    storage = Storage({"AzureWebJobsStorage": azurite.connection_string})
    try:
        await ask_each(storage)
    finally:
        await storage.close()
    assert not looked


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
