"""The broker as a child process, and its control API over real HTTP."""

import json
import socket
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from emulation.child import Child
from emulation.service_bus import (
    BrokerConfig,
    Key,
    QueueConfig,
    RuleConfig,
    ServiceBus,
    ServiceBusFailed,
    SubscriptionConfig,
    TopicConfig,
)
from tests.processes import alive, wait_until_ended


def send(bus: ServiceBus, *texts: str) -> None:
    with (
        ServiceBusClient.from_connection_string(bus.connection_string) as client,
        client.get_queue_sender("q") as sender,
    ):
        sender.send_messages([ServiceBusMessage(text) for text in texts])


def bodies(bus: ServiceBus) -> list[str]:
    return [message["body"] for message in bus.control.messages("q")]


def test_a_restart_keeps_ports_and_with_a_journal_messages(tmp_path):
    config = BrokerConfig(keys=(Key(name="own", key="own-secret"),), queues=(QueueConfig(name="q"),))
    with ServiceBus(config, journal=tmp_path / "journal") as bus:
        assert "SharedAccessKeyName=own;" in bus.connection_string
        send(bus, "kept")
        ports = (bus.port, bus.control_port)
        bus.kill()
        assert bus.pid == 0
        bus.start()
        assert (bus.port, bus.control_port) == ports
        assert bodies(bus) == ["kept"]
        bus.restart()
        assert bodies(bus) == ["kept"]
        bus.control.create("queue", QueueConfig(name="new"))
        bus.kill()
        bus.start()
        assert "new" in bus.control.state()["entities"]


def test_without_a_journal_a_restart_forgets():
    with ServiceBus(BrokerConfig(queues=(QueueConfig(name="q"),))) as bus:
        send(bus, "gone")
        bus.restart()
        assert bodies(bus) == []


def test_what_cannot_start_says_why(tmp_path):
    wrong = RuleConfig(name="r", sql="colour =")
    topic = TopicConfig(name="t", subscriptions=(SubscriptionConfig(name="s", rules=(wrong,)),))
    with pytest.raises(ServiceBusFailed, match="Rule 'r'"):
        ServiceBus(BrokerConfig(topics=(topic,))).start()
    (tmp_path / "journal").write_text("not a journal at all, but long enough to be one")
    with pytest.raises(ServiceBusFailed, match="not a journal"):
        ServiceBus(journal=tmp_path / "journal").start()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ServiceBusFailed, match="address"):
        ServiceBus(port=taken.getsockname()[1]).start()


def test_a_broker_that_says_more_than_a_pipe_holds_starts_and_goes_on(monkeypatch):
    monkeypatch.setenv("PYTHONVERBOSE", "1")  # each import, on standard error: more than a megabyte
    with ServiceBus(BrokerConfig(queues=(QueueConfig(name="q"),))) as bus:
        send(bus, "heard")
        assert bodies(bus) == ["heard"]


def test_it_ends_with_its_parent(tmp_path):
    code = (
        "import sys; from emulation.service_bus import ServiceBus\n"
        "bus = ServiceBus(); bus.start(); print(bus.pid, flush=True); sys.stdin.read()"
    )
    with Child("its parent", [sys.executable, "-c", code], log=tmp_path / "log") as parent:
        pid = parent.wait_until(lambda output: int(output) if output.endswith("\n") else None, seconds=120)
        assert alive(pid)
        parent.kill()
        wait_until_ended(pid)


def test_the_command_line_refuses_a_wrong_file_with_its_place(tmp_path):
    (tmp_path / "wrong.toml").write_text('[[queues]]\nname = "q"\nlocks = 1\n')
    command = [sys.executable, "-m", "emulation.service_bus", "--config", str(tmp_path / "wrong.toml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "wrong.toml" in done.stderr
    assert "locks" in done.stderr


def call(bus: ServiceBus, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, object]]:
    try:
        request = Request(bus.control.url + path, body, method=method)  # noqa: S310 - loopback
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def test_the_control_api_explains_what_it_refuses(service_bus, new_queue):
    queue = new_queue()
    status, answer = call(service_bus, "GET", "/nothing")
    assert status == 404
    assert "POST /drop" in str(answer)
    assert call(service_bus, "POST", "/purge", b"{}")[0] == 400
    assert call(service_bus, "POST", "/purge", b"[1]")[0] == 400
    assert call(service_bus, "POST", "/purge", b"not json")[0] == 400
    assert call(service_bus, "POST", "/purge", b'{"entity": "nowhere"}')[0] == 404
    twice = json.dumps({"kind": "queue", "settings": {"name": queue}}).encode()
    assert call(service_bus, "POST", "/create", twice)[0] == 409
    wrong = json.dumps({"kind": "queue", "settings": {"name": "x", "locks": 1}}).encode()
    status, answer = call(service_bus, "POST", "/create", wrong)
    assert (status, "locks" in str(answer)) == (400, True)


def test_topics_and_subscriptions_are_made_and_removed_at_run_time(service_bus, new_topic):
    topic = new_topic(SubscriptionConfig(name="first"))
    service_bus.control.create("subscription", SubscriptionConfig(name="second"), topic=topic)
    entities = service_bus.control.state()["entities"]
    assert f"{topic}/Subscriptions/second/$DeadLetterQueue" in entities
    service_bus.control.delete(f"{topic}/Subscriptions/first")
    assert f"{topic}/Subscriptions/first" not in service_bus.control.state()["entities"]
    with pytest.raises(ServiceBusFailed, match="could not be found"):
        service_bus.control.delete(f"{topic}/Subscriptions/first")
