"""One's own configuration in the local world, as a developer meets it: start, send, change, end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Self

import httpx
import msgspec
import pytest

from emulation.child import Child
from emulation.local.home import State
from emulation.local.shown import asking
from tests.e2e.stage import until

FNO_LINK = Path(sys.executable).with_name("fno-link")
# A start with its processes, or what becomes of an event, on a busy machine.
WITHIN = 120.0
TOML = """
[[organizations]]
name = "fabrikam"
url = "https://fabrikam.crm4.dynamics.com"
tenant = "fabrikam.onmicrosoft.com"

[entra]
tenant = "22222222-2222-3333-4444-555555555555"
audiences = ["api://fno-link"]

[[clients]]
name = "portal"
app_id = "0a1b2c3d-0000-4000-8000-0000000000f5"
organizations = ["fabrikam"]

[sources.erp]
kind = "http"
organization = "fabrikam"

[sources.queue]
kind = "storage_queue"
organization = "fabrikam"
queue = "inbox"

[sources.bus]
kind = "service_bus"
organization = "fabrikam"
queue = "bus-in"
sessions = true

[sources.grid]
kind = "event_grid"
organization = "fabrikam"

[sources.hub]
kind = "event_hub"
organization = "fabrikam"
event_hub = "hub"

[targets.hook]
kind = "webhook"
url = "%HOOK_URL%"
secret = "%HOOK_SECRET%"

[targets.customers]
kind = "webhook"
url = "https://customers.example.com/in"

[[routes]]
name = "orders"
event_types = ["SalesOrderConfirmedBusinessEvent"]
target = "hook"

[[routes]]
name = "accounts"
event_types = ["account.*"]
target = "customers"
"""
# Set, but it leads to Azure: nothing may reach it from here.
BUS = "Endpoint=sb://production.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=a2V5"

pytestmark = pytest.mark.timeout(600)
# Another route, and an organization that the emulated Dynamics did not have.
SECOND = """
[[routes]]
name = "second"
sources = ["queue"]
target = "customers"
[[organizations]]
name = "northwind"
url = "https://northwind.crm4.dynamics.com"
tenant = "northwind.onmicrosoft.com"
"""


class Local:
    """`fno-link local`, running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "fno-link.toml"
        env = {**os.environ, "NO_COLOR": "1"}
        self.child = Child("fno-link local", [FNO_LINK, "local", "--json"], log=folder / "log", env=env, cwd=folder)
        try:
            self.state = self.child.wait_until(self.ready(1), seconds=WITHIN)
        except BaseException:
            self.child.stop(seconds=60)
            raise

    def ready(self, times: int):
        def look(log: str):
            found = [
                line for line in log.splitlines(keepends=True) if line.startswith('{"ready"') and line.endswith("\n")
            ]
            return json.loads(found[times - 1])["ready"] if len(found) >= times else None

        return look

    def says(self, text: str) -> None:
        self.child.wait_until(lambda log: True if text in log else None, seconds=WITHIN)

    def command(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [FNO_LINK, *arguments], cwd=self.folder, input=stdin, capture_output=True, check=False, timeout=300
        )

    def send(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> dict:
        done = self.command("send", "--json", f"--wait={WITHIN}", *arguments, stdin=stdin)
        assert done.returncode == code, (done.stdout, done.stderr, self.child.log[-2000:])
        return json.loads(done.stdout)

    def received(self) -> set[str]:
        """Return the ids of the events that the first of the targets has got."""
        bodies = self.order("receivers_control", verb="received", receiver="hook")
        return {json.loads(each["body"])["id"] for each in bodies}

    def order(self, where: str, **command: object) -> object:
        return httpx.post(self.state[where], json=command, trust_env=False, timeout=30).raise_for_status().json()


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    (folder / "fno-link.toml").write_text(TOML)
    (folder / "local.settings.json").write_text(
        json.dumps({"IsEncrypted": False, "Values": {"ServiceBus": BUS, "HOOK_URL": "http://127.0.0.1:9/nobody"}})
    )
    running = Local(folder)
    yield running
    running.child.stop(seconds=60)


def test_the_app_knows_the_link_of_the_emulated_organization(local):
    link = f"{local.state['app']}/api/organizations/fabrikam/link"
    answer = httpx.get(link, headers={"x-functions-key": local.state["key"]}, trust_env=False, timeout=60)
    assert answer.json()["url"] == "https://fabrikam.operations.dynamics.com"


def test_a_client_asks_by_the_commands_that_are_printed_until_it_has_no_role(local):
    said = dict(asking(msgspec.convert(local.state, State)))

    def asked() -> str:
        command = f"{said['token of portal']}; {said['portal asks']}"
        return subprocess.run(["/bin/bash", "-c", command], capture_output=True, check=True, timeout=60).stdout.decode()

    assert "fabrikam.operations.dynamics.com" in asked()
    subprocess.run(["/bin/bash", "-c", said["no roles for portal"]], capture_output=True, check=True, timeout=60)
    assert "CallerRefused" in asked()


def test_a_setting_that_leads_to_azure_is_replaced_and_no_file_is_written(local):
    settings = json.loads(Path(local.state["settings"]).read_text())["Values"]
    assert "servicebus.windows.net" not in settings["ServiceBus"]
    assert local.state["brokers"][0]["string"] == settings["ServiceBus"]
    assert settings["HOOK_URL"].startswith(local.state["receivers"])
    assert BUS in (local.folder / "local.settings.json").read_text()


@pytest.mark.parametrize("source", ["erp", "queue", "hub"])
def test_a_business_event_is_delivered_by_every_kind_of_source(local, source):
    sent = local.send("--sample", "sales-order-confirmed", "--source", source)
    [event] = sent["events"]
    assert event["deliveries"][0]["state"] == "delivered"
    assert {each["route"]: each["matched"] for each in sent["routes"]} == {"orders": True, "accounts": False}
    bodies = local.order("receivers_control", verb="received", receiver="hook")
    assert any(event["id"] in each["body"] for each in bodies)


def test_an_event_of_event_grid_is_pushed_to_its_webhook(local):
    assert local.send("--sample", "event-grid-string", "--source", "grid")["delivered"] is True


def test_a_session_is_asked_for_where_the_queue_requires_one(local):
    done = local.command("send", "--sample", "plugin-update", "--source", "bus")
    assert done.returncode == 2
    assert b"requires sessions" in done.stderr
    assert local.send("--sample", "plugin-update", "--source", "bus", "--session", "a")["delivered"] is True


def test_an_address_outside_is_received_under_its_own_name(local):
    sent = local.send("--sample", "plugin-update", "--source", "erp")
    assert sent["delivered"] is True
    received = local.order("receivers_control", verb="received", receiver="customers.example.com")
    assert received[-1]["path"] == "/customers.example.com/in"


def test_a_file_is_sent_as_it_is_and_again_it_is_a_duplicate(local):
    body = (Path(__file__).parents[2] / "emulation/samples/sales-order-confirmed.json").read_bytes()
    first = local.send("-", "--source", "erp", "--fresh", stdin=body)
    assert first["events"][0]["duplicate"] is False
    (local.folder / "event.json").write_bytes(body.replace(b"2026-01-01", b"2026-11-01"))
    for _ in range(2):
        again = local.send("event.json", "--source", "erp")
    assert again["delivered"] is True


def test_what_cannot_be_read_is_a_dead_letter_and_what_says_nothing_is_acknowledged(local):
    unread = local.send("-", "--source", "erp", stdin=b'{"what": "is this"}', code=1)
    assert unread["delivered"] is False
    assert "Undecodable" in unread["events"][-1]["reason"]
    assert local.send("--sample", "test-message-null", "--source", "erp")["ignored"]


def test_follow_tells_every_step(local):
    done = local.command("send", "--sample", "sales-order-confirmed", "--source", "erp", "--follow", "--count", "2")
    said = done.stdout.decode()
    assert done.returncode == 0, said
    for part in ("status 202", "route orders: takes it", "link of fabrikam: linked to", "hook: delivered, status 200"):
        assert part in said
    assert said.count("hook: delivered") == 2


def test_a_second_run_with_the_same_file_is_told_what_is_in_its_way(local):
    done = local.command("local")
    assert done.returncode == 1
    assert f"process {local.state['pid']}".encode() in done.stderr


def test_a_failing_receiver_defers_and_the_command_says_that_it_does_not_know(local):
    local.order("receivers_control", verb="fail", receiver="hook", failure={"status": 503})
    done = local.command("send", "--sample", "sales-order-confirmed", "--source", "erp", "--wait", "5", "--follow")
    local.order("receivers_control", verb="heal", receiver="hook")
    assert done.returncode == 3, done.stdout
    assert b"deferred" in done.stdout


def test_a_wrong_change_is_told_and_what_ran_goes_on_and_a_right_one_is_followed(local):
    local.file.write_text(TOML.replace('target = "hook"', 'target = "hok"'))
    local.says("what ran before goes on")
    local.says("did you mean `hook`?")
    assert local.send("--sample", "sales-order-confirmed", "--source", "erp")["delivered"] is True
    with Sending(local) as sending:
        local.file.write_text(TOML + SECOND)
        after = local.child.wait_until(local.ready(2), seconds=WITHIN)
    assert (after["app"], after["key"]) == (local.state["app"], local.state["key"])
    assert set(sending.answers.values()) == {202}, "nobody is refused while the app starts anew"
    until(lambda: sending.answers.keys() <= local.received())
    sent = local.send("--sample", "sales-order-confirmed", "--source", "queue")
    assert {each["route"] for each in sent["events"][0]["deliveries"]} == {"orders", "second"}
    link = f"{local.state['app']}/api/organizations/northwind/link"
    answer = httpx.get(link, headers={"x-functions-key": local.state["key"]}, trust_env=False, timeout=60)
    assert answer.json()["url"] == "https://northwind.operations.dynamics.com"


def test_at_the_end_nothing_is_left(local):
    pids = children_of(local.child.pid)
    assert len(pids) > 5
    os.kill(local.child.pid, signal.SIGINT)
    assert local.child.wait(seconds=WITHIN) == 0, local.child.log[-2000:]
    deadline = time.monotonic() + WITHIN
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, pids
        time.sleep(0.1)
    assert not list((local.folder / ".fno-link").rglob("*.json"))
    assert local.command("send", "--sample", "plugin-update", "--source", "erp").returncode == 3


class Sending:
    """Sends an event after the other over connections of their own; what becomes of each is its status or its error."""

    def __init__(self, local: Local) -> None:
        self._url = f"{local.state['app']}/api/events/erp"
        self._headers = {"x-functions-key": local.state["key"]}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.answers: dict[str, int | str] = {}

    def _send(self) -> None:
        while not self._end.wait(0.02):
            name = str(uuid.uuid4())
            event = {"BusinessEventId": "SalesOrderConfirmedBusinessEvent", "EventId": name}
            try:
                answer = httpx.post(self._url, json=event, headers=self._headers, trust_env=False, timeout=WITHIN)
                self.answers[name] = answer.status_code
            except httpx.HTTPError as error:
                self.answers[name] = type(error).__name__

    def __enter__(self) -> Self:
        self._thread.start()
        until(lambda: self.answers)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue  # it has ended meanwhile
        if parent == pid:
            child = int(status.parent.name)
            found += [child, *children_of(child)]
    return found
