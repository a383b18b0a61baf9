"""One process for each scaling group: who runs what, one lifetime, what becomes of the others when one is killed."""

import json
import os
import signal
import time
from collections.abc import Iterator

import httpx
import pytest
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from emulation.child import ChildFailed
from emulation.functions_host import FunctionsHost
from tests.e2e.stage import until

APP = """
import json, logging, os

seen = []

def tell(what: str) -> None:
    seen.append(what)
    logging.warning("%s in process %d of %s", what, os.getpid(), os.environ["FUNCTIONS_TARGET_GROUP"])

@app.route("who")
def who(req: func.HttpRequest) -> str:
    return json.dumps({"pid": os.getpid(), "group": os.environ["FUNCTIONS_TARGET_GROUP"], "seen": seen})

@app.function_name("taking")
@app.queue_trigger("msg", "%QUEUE%", "")
def taking(msg: func.QueueMessage) -> None:
    tell(f"message {msg.get_body().decode()}")

@app.function_name("ticking")
@app.timer_trigger("timer", "0 0 0 1 1 *")
def ticking(timer: func.TimerRequest) -> None:
    tell("timer")

@app.function_name("hub")
@app.event_hub_message_trigger("event", event_hub_name="h", connection="AzureWebJobsStorage")
def hub(event: func.EventHubEvent) -> None:
    tell(f"event {event.get_body().decode()}")

@app.function_name("grid")
@app.event_grid_trigger("event")
def grid(event: func.EventGridEvent) -> None:
    tell(f"grid {event.id}")
"""
GROUPS = {"http", "function:taking", "function:ticking", "function:hub"}


@pytest.fixture
def host(run, name, azurite) -> Iterator[FunctionsHost]:
    env = {"AzureWebJobsStorage": azurite.connection_string, "QUEUE": name}
    polling = {"extensions": {"queues": {"maxPollingInterval": "00:00:00.100"}}}
    return run(APP, polling, env=env, scaling_groups=True, drain=2.0, queue_lease=1)


def put(azurite, name: str, text: str) -> None:
    policy = TextBase64EncodePolicy()
    with QueueClient.from_connection_string(azurite.connection_string, name, message_encode_policy=policy) as queue:
        if text == "first":
            queue.create_queue()
        queue.send_message(text)


def gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - no file
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def who(host: FunctionsHost, http: httpx.Client) -> dict[str, object]:
    return http.get(f"{host.url}/api/who", params={"code": host.key}).json()


def test_each_group_has_its_process_and_sees_nothing_of_the_memory_of_others(host, http, azurite, name):
    processes = host.processes
    assert set(processes) == GROUPS
    assert len({each.pid for each in processes.values()} | {host.pid}) == len(GROUPS) + 1
    put(azurite, name, "first")
    host.wait_for_log(f"message first in process {processes['function:taking'].pid} of function:taking")
    feed = {"events": [{"body": "fed"}]}
    key = {"x-functions-key": host.master_key}
    answer = http.post(f"{host.url}/admin/event-hubs/hub", json=feed, headers=key)
    assert answer.json() == {"outcomes": [None]}
    host.wait_for_log(f"event fed in process {processes['function:hub'].pid} of function:hub")
    url = f"{host.url}/runtime/webhooks/EventGrid?functionName=grid&code={host.event_grid_key}"
    event = {"id": "g1", "eventType": "t", "subject": "s", "data": {}, "dataVersion": "1", "topic": "x"}
    stamped = [{**event, "eventTime": "2026-01-01T00:00:00Z", "metadataVersion": "1"}]
    assert http.post(url, json=stamped, headers={"aeg-event-type": "Notification"}).status_code == 202
    # A run by hand is the business of who is asked, on Azure too: the process that answers HTTP.
    assert http.post(f"{host.url}/admin/functions/ticking", json={}, headers=key).status_code == 202
    host.wait_for_log(f"timer in process {processes['http'].pid} of http")
    found = who(host, http)
    assert found == {"pid": processes["http"].pid, "group": "http", "seen": ["grid g1", "timer"]}


def test_a_process_that_is_killed_is_replaced_and_the_others_go_on(host, http, azurite, name):
    before = host.processes
    host.kill_group("function:taking")
    after = host.processes
    assert after["function:taking"].pid != before["function:taking"].pid
    assert {group: after[group].pid for group in GROUPS - {"function:taking"}} == {
        group: before[group].pid for group in GROUPS - {"function:taking"}
    }
    put(azurite, name, "first")
    host.wait_for_log(f"message first in process {after['function:taking'].pid}")
    host.kill_group("http")
    assert who(host, http)["pid"] == host.processes["http"].pid != before["http"].pid
    host.kill_group("function:hub")
    feed = {"events": [{"body": "again"}]}
    http.post(f"{host.url}/admin/event-hubs/hub", json=feed, headers={"x-functions-key": host.master_key})
    host.wait_for_log(f"event again in process {host.processes['function:hub'].pid}")


@pytest.mark.parametrize("how", ["stop", "kill", "parent"])
def test_all_end_together(host, how):
    pids = [host.pid, *(each.pid for each in host.processes.values())]
    if how == "stop":
        assert host.stop() == 0
    elif how == "kill":
        assert host.kill() == -signal.SIGKILL
    else:
        os.kill(host.pid, signal.SIGKILL)  # not its group: what is left must see it by itself
    until(lambda: all(map(gone, pids)))


def test_a_pause_freezes_all_and_a_restart_keeps_port_and_keys(host, http):
    before = (host.url, host.key, host.master_key, host.event_grid_key)
    host.pause()
    began = time.monotonic()
    for each in host.processes.values():
        with pytest.raises(httpx.ReadTimeout):
            http.get(f"{each.url}/", timeout=0.2)
    assert time.monotonic() - began >= 0.2 * len(GROUPS)
    host.resume()
    assert who(host, http)["group"] == "http"
    host.restart()
    assert (host.url, host.key, host.master_key, host.event_grid_key) == before
    assert who(host, http)["group"] == "http"


def test_an_app_that_only_the_worker_of_a_group_refuses_ends_the_host_and_is_shown(run, azurite):
    source = APP + '\nif os.environ["FUNCTIONS_TARGET_GROUP"] != "http":\n    raise RuntimeError("not in " + "here")\n'
    env = {"AzureWebJobsStorage": azurite.connection_string, "QUEUE": "q"}
    with pytest.raises(ChildFailed, match=r"exit code 1[\s\S]*not in here"):
        run(source, env=env, scaling_groups=True)


def test_an_instance_that_is_told_its_group_listens_for_nothing_else(run, azurite, name, http):
    env = {"AzureWebJobsStorage": azurite.connection_string, "QUEUE": name}
    host = run(APP, env={**env, "FUNCTIONS_TARGET_GROUP": "Function:ticking"})
    put(azurite, name, "first")
    key = {"x-functions-key": host.master_key}
    # The app is loaded whole: what is not listened for is there all the same.
    listed = http.get(f"{host.url}/admin/functions", headers=key).json()
    assert {each["name"] for each in listed} == {"who", "taking", "ticking", "hub", "grid"}
    assert who(host, http) == {"pid": host.pid, "group": "Function:ticking", "seen": []}
    url = f"{host.url}/runtime/webhooks/EventGrid?functionName=grid&code={host.event_grid_key}"
    assert http.post(url, json=[]).status_code == 404
    time.sleep(1.0)
    assert who(host, http)["seen"] == []
    assert json.loads(json.dumps(host.functions))
