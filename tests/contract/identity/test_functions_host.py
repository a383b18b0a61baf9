"""The functions host reads a queue with the managed identity: `X__fullyQualifiedNamespace`, no key anywhere."""

import json
import time

import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from emulation.dynamics import App
from emulation.functions_host import FunctionsHost
from integration.identity import AppIdentity
from tests.contract.identity.conftest import NAMESPACE
from tests.fixtures.dynamics import USER_IDENTITY

STRANGER = "0a1b2c3d-0000-4000-8000-0000000000cc"

APP = """
import azure.functions as func

app = func.FunctionApp()

@app.service_bus_queue_trigger(arg_name="message", connection="Bus", queue_name="orders")
def show(message: func.ServiceBusMessage) -> None:
    print("got " + message.get_body().decode(), flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / "host.json").write_text(json.dumps({"version": "2.0"}))
    return tmp_path


def until(look, seconds=30):
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("client_id", ["", USER_IDENTITY])
async def test_messages_are_received_and_completed(guarded, folder, azurite, dynamics, client_id):
    async with (
        AppIdentity(USER_IDENTITY) as sender_identity,
        ServiceBusClient(NAMESPACE, sender_identity, **guarded.options) as client,
        client.get_queue_sender("orders") as sender,
    ):
        await sender.send_messages([ServiceBusMessage(f"message {number}") for number in range(3)])
    settings = guarded.settings("Bus", client_id) | {"AzureWebJobsStorage": azurite.connection_string}
    with FunctionsHost(folder, env={**dynamics.identity_environ, **settings}) as host:
        until(lambda: all(f"got message {number}" in host.log for number in range(3)))
        until(lambda: guarded.bus.control.counts("orders")["active"] == 0)
        assert [host.log.count(f"got message {number}") for number in range(3)] == [1, 1, 1]


def test_an_identity_without_a_role_is_told_so_and_the_queue_is_left_alone(guarded, folder, azurite, dynamics):
    dynamics.control.add_app(App(STRANGER, managed_identity="user"))
    settings = guarded.settings("Bus", STRANGER) | {"AzureWebJobsStorage": azurite.connection_string}
    with FunctionsHost(folder, env={**dynamics.identity_environ, **settings}) as host:
        until(lambda: "'Listen' claim" in host.log)
        time.sleep(5)
        assert host.log.count("cannot be read") <= 8
