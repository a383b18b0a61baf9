"""No key that came beside a message lies in what is stored of it: queue, claim-check, dead letter."""

import pytest
from azure.storage.queue import BinaryBase64DecodePolicy
from azure.storage.queue.aio import QueueClient

from integration.clock import SystemClock
from integration.config.keys.model import Configuration, HttpSource, Organization, ServiceBusSource
from integration.routing.table import RouteTable
from integration.storage.names import DEAD_LETTERS, EVENTS
from integration.web.intake import Intake
from integration.web.message import Request
from integration.worker import Worker
from tests.fixtures.bench import AT

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ="
KEYS = ("aeg-sas-key", "aeg-sas-token", "authorization", "x-functions-key", "x-ms-dynamics-key", "ce-my_key")
HEADERS = dict.fromkeys(KEYS, SECRET) | {"x-ms-dynamics-organization": "contoso.crm.dynamics.com"}
HTTP = HttpSource(name="erp", organization="contoso")
BUS = ServiceBusSource(name="bus", organization="contoso", connection="Bus", queue="q")


@pytest.fixture
def connection(azurite) -> str:
    return azurite.spare_account()


@pytest.fixture
async def worker(connection):
    organization = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
    configuration = Configuration(
        organizations={"contoso": organization}, sources={"erp": HTTP, "bus": BUS}, routes=(), targets={}
    )
    worker = Worker(configuration, RouteTable.compile(()), {"AzureWebJobsStorage": connection})
    yield worker
    await worker.close()


async def letters(worker) -> list[bytes]:
    blobs = worker.storage.blobs(DEAD_LETTERS)
    return [await blobs.get(path) async for path in blobs.names("")]


async def test_of_a_request(worker, connection):
    request = Request(method="POST", headers=HEADERS, body=b"no event")
    assert (await Intake(worker.storage, SystemClock()).accept(HTTP, request)).status == 202
    policy = BinaryBase64DecodePolicy()
    async with QueueClient.from_connection_string(connection, EVENTS, message_decode_policy=policy) as queue:
        message = await queue.receive_message()
    assert message is not None
    assert SECRET.encode() not in message.content
    await worker.take_envelope(message.content)
    (letter,) = await letters(worker)
    assert SECRET.encode() not in letter
    assert b"x-ms-dynamics-organization" in letter


async def test_of_a_broker_s_message(worker):
    properties = dict.fromkeys(KEYS, SECRET) | {"message-id": "m-1"}
    await worker.take("bus", b"no event", received_at=AT, properties=properties)
    (letter,) = await letters(worker)
    assert SECRET.encode() not in letter
    assert b"m-1" in letter
