"""The TCP proxy, by real clients: httpx, and the Azure SDK against Azurite."""

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from azure.core.exceptions import AzureError
from azure.storage.blob import BlobClient
from azure.storage.queue import QueueClient

from emulation.azurite import Azurite
from emulation.receivers import Receivers
from emulation.tcp_proxy import Exchanges, TcpProxy


@pytest.fixture
def proxy(receivers: Receivers) -> Iterator[TcpProxy]:
    receivers.reset()
    with TcpProxy(int(receivers.url("").rsplit(":", 1)[1].rstrip("/"))) as running:
        yield running


@pytest.fixture
def client(proxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{proxy.port}", trust_env=False, timeout=10) as opened:
        yield opened


def test_everything_passes_unchanged(proxy, client, receivers: Receivers):
    body = bytes(range(256)) * 4_000
    assert [client.post("/orders", content=body).status_code for _ in range(3)] == [200] * 3
    assert {each.body for each in receivers.received("orders")} == {body.decode("utf-8", "replace")}
    assert proxy.connections == 1


def test_a_cut_ends_what_is_open_and_refuses_what_is_new_until_restored(proxy, client, receivers: Receivers):
    assert client.post("/orders").status_code == 200
    proxy.cut()
    assert proxy.connections == 0
    for _ in range(2):
        with pytest.raises(httpx.NetworkError):
            client.post("/orders")
    with pytest.raises(httpx.ConnectError, match="refused"):
        httpx.post(f"http://127.0.0.1:{proxy.port}/orders", trust_env=False)
    assert len(receivers.received("orders")) == 1
    proxy.restore()
    assert client.post("/orders").status_code == 200


def test_while_cut_its_port_is_nobody_elses(proxy):
    proxy.cut()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", proxy.port))


def test_a_delay_counts_each_way(proxy, client):
    proxy.delay(0.15)
    began = time.monotonic()
    assert client.post("/orders").status_code == 200
    assert time.monotonic() - began >= 0.3
    proxy.restore()
    assert client.post("/orders").status_code == 200


def test_what_is_held_goes_on_when_restored(proxy, client, receivers: Receivers):
    answers: list[int] = []
    proxy.hold()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"http://127.0.0.1:{proxy.port}/orders", timeout=0.3, trust_env=False)
    waiting = threading.Thread(target=lambda: answers.append(client.post("/orders").status_code))
    waiting.start()
    assert receivers.received("orders", at_least=1, within=0.3) == []
    proxy.restore()
    waiting.join()
    assert answers == [200]


def test_a_reset_strikes_once(proxy, client, receivers: Receivers):
    receivers.hang("orders", times=1)
    seen: list[BaseException] = []

    def post() -> None:
        try:
            client.post("/orders")
        except httpx.HTTPError as error:
            seen.append(error)

    waiting = threading.Thread(target=post)
    waiting.start()
    assert len(receivers.received("orders", at_least=1, within=10)) == 1
    assert proxy.reset() == 1
    waiting.join()
    assert [type(error) for error in seen] == [httpx.ReadError]
    assert "reset" in str(seen[0])
    assert client.post("/orders").status_code == 200


def test_an_answer_can_be_lost_after_the_service_has_done_its_work(proxy, client, receivers: Receivers):
    proxy.reset_after(1)
    with pytest.raises(httpx.NetworkError):
        client.post("/orders")
    assert [each.status for each in receivers.received("orders")] == [200]
    assert client.post("/orders").status_code == 200


def test_a_service_that_is_gone_ends_the_connection():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with TcpProxy(unused.getsockname()[1]) as proxy, pytest.raises(httpx.NetworkError):
            httpx.post(f"http://127.0.0.1:{proxy.port}/", trust_env=False)


def test_a_storage_account_stands_behind_it_and_comes_back(azurite: Azurite):
    connection = azurite.spare_account()
    real = azurite.ports
    with TcpProxy(real.blob, real.queue, real.table) as proxy:
        for port, seen in zip((real.blob, real.queue, real.table), proxy.ports, strict=True):
            connection = connection.replace(f":{port}/", f":{seen}/")
        with QueueClient.from_connection_string(connection, "proxied", retry_total=0) as queue:
            queue.create_queue()
            queue.send_message("first")
            proxy.cut()
            with pytest.raises(AzureError):
                queue.send_message("second")
            proxy.restore()
            queue.send_message("third")
            assert [message.content for message in queue.receive_messages()] == ["first", "third"]


def test_what_was_asked_and_answered_is_noted(azurite: Azurite):
    connection, exchanges = azurite.spare_account(), Exchanges()
    real = azurite.ports
    with TcpProxy(real.blob, real.queue, exchanges=exchanges) as proxy:
        for port, seen in zip((real.blob, real.queue), proxy.ports, strict=True):
            connection = connection.replace(f":{port}/", f":{seen}/")
        with (
            QueueClient.from_connection_string(connection, "noted") as queue,
            BlobClient.from_connection_string(connection, "noted", "a blob") as blob,
        ):
            queue.create_queue()
            queue.send_message("x" * 40_000)
            assert len(list(queue.receive_messages())) == 1
            assert list(queue.receive_messages()) == []
            blob._get_container_client().create_container()
            blob.upload_blob(b"y" * 200_000)
            assert blob.exists()
            assert blob.exists()
            assert blob.download_blob().readall() == b"y" * 200_000
    noted = exchanges.take()
    assert [(each.method, each.target.partition("?")[0].rpartition("/")[2], each.status) for each in noted] == [
        ("PUT", "noted", 201),
        ("POST", "messages", 201),
        *[("GET", "messages", 200)] * 3,
        ("PUT", "noted", 201),
        ("PUT", "a%20blob", 201),
        ("HEAD", "a%20blob", 200),
        ("HEAD", "a%20blob", 200),
        ("GET", "a%20blob", 206),
    ]
    assert [b"<QueueMessage>" in each.begins for each in noted[2:5]] == [True, False, False]
    assert {each.port for each in noted} == {real.blob, real.queue}
    assert exchanges.take() == []


BATCH = "/a/$batch"
REPLY = b"HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\n\r\ndone"


def test_the_answers_to_some_requests_are_lost_and_what_they_asked_for_is_done(proxy, client, receivers: Receivers):
    proxy.lose_answers(b"$batch ")
    assert client.post("/orders").status_code == 200
    for _ in range(2):
        with pytest.raises(httpx.HTTPError):
            client.post(BATCH, content=b"x" * 200_000)
    assert proxy.struck == 2
    proxy.restore()
    assert client.post(BATCH).status_code in (200, 404)
    assert client.post("/orders").status_code == 200
    assert proxy.struck == 2


def test_some_requests_are_answered_by_the_proxy_and_do_not_reach_the_service(proxy, client, receivers: Receivers):
    proxy.answer(b"$batch ", REPLY)
    for size in (0, 10, 200_000):
        answer = client.post(BATCH, content=b"x" * size)
        assert (answer.status_code, answer.text) == (202, "done")
        assert client.post("/orders", content=b"y").status_code == 200
    assert proxy.struck == 3
    assert len(receivers.received("orders")) == 3
    proxy.restore()
    assert client.post("/orders", content=b"z").status_code == 200


def test_a_request_that_is_held_when_the_faults_end_goes_on(proxy, receivers: Receivers):
    proxy.answer(b"orders ", REPLY)
    with socket.create_connection(("127.0.0.1", proxy.port)) as raw:
        raw.sendall(b"POST /orders HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
        raw.settimeout(0.3)
        with pytest.raises(TimeoutError):
            raw.recv(10)
        proxy.restore()
        raw.settimeout(120)
        raw.sendall(b"cd")
        assert raw.recv(12) == b"HTTP/1.1 200"
    assert [each.body for each in receivers.received("orders")] == ["abcd"]
    assert proxy.struck == 0
