"""Steps of Service Bus, Event Grid and Event Hubs endpoints."""

import asyncio
import json
from xml.etree import ElementTree as ET

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusReceivedMessage
from starlette.requests import Request
from starlette.responses import Response

from emulation.dynamics import Pace
from emulation.dynamics.sending.as_xml import binary, text
from emulation.dynamics.sending.values import Amount, Choice, Entity, Guid
from emulation.event_grid.topic import Access, Topic
from emulation.loopback import LoopbackServer
from emulation.service_bus.config import Key, SubscriptionConfig
from tests.contract.dynamics.test_sending import ID, Sender
from tests.fixtures.binary_xml import BinaryXml
from tests.fixtures.web_api import QUEUE

CLAIMS = "http://schemas.microsoft.com/xrm/2011/Claims/"
NAMESPACE = "contoso.servicebus.windows.net"
CONTRACTS = "{http://schemas.microsoft.com/xrm/2011/Contracts}"
SEND = Key(name="dynamics-send", key="c2VuZGVyLW9mLWR5bmFtaWNzLTAxMjM0NTY3ODkwMTI=", rights=("send",))


@pytest.fixture(scope="module")
def send_key(service_bus) -> Key:
    service_bus.control.create_key(SEND)
    return SEND


@pytest.fixture
def sender(web, receivers, service_bus, send_key):
    made = Sender(web, receivers)
    made.control.set_site(NAMESPACE, f"amqp://127.0.0.1:{service_bus.port}")
    return made


def register(sender: Sender, queue: str, **changes: object) -> str:
    endpoint = {**QUEUE, "path": queue, "saskey": SEND.key, "saskeyname": SEND.name, **changes}
    created = sender.web.create("serviceendpoints", endpoint)
    return sender.web.create("sdkmessageprocessingsteps", sender.web.step(created))


def receive(connection: str, queue: str, topic: str = "") -> ServiceBusReceivedMessage:
    with ServiceBusClient.from_connection_string(connection) as client:
        receiver = client.get_subscription_receiver(topic, queue) if topic else client.get_queue_receiver(queue)
        with receiver:
            (message,) = receiver.receive_messages(1, max_wait_time=60)
            receiver.complete_message(message)
            return message


def test_a_queue_gets_the_context_with_its_claims(sender, service_bus, new_queue):
    queue = new_queue()
    register(sender, queue)
    sender.account()
    sender.web.patch(f"accounts({ID})", {"name": "Fabrikam"})
    message = receive(service_bus.connection_string, queue)
    context = json.loads(str(message))
    assert (context["MessageName"], context["PrimaryEntityId"]) == ("Update", ID)
    assert message.content_type == "application/json"
    properties = {str(name, "utf-8"): str(value, "utf-8") for name, value in message.application_properties.items()}
    assert properties == {
        f"{CLAIMS}Organization": f"{sender.web.name}.crm.dynamics.com",
        f"{CLAIMS}User": context["UserId"],
        f"{CLAIMS}InitiatingUser": context["InitiatingUserId"],
        f"{CLAIMS}InitiatingUserAgent": context["InitiatingUserAgent"],
        f"{CLAIMS}EntityLogicalName": "account",
        f"{CLAIMS}RequestName": "Update",
    }
    assert message.correlation_id == "{" + context["CorrelationId"] + "}"
    assert sender.job(30)["asyncoperationid"] == context["OperationId"]


def test_a_topic_gets_it_too(sender, service_bus, new_topic):
    topic = new_topic(SubscriptionConfig(name="all"))
    register(sender, topic, contract=5)
    sender.account()
    sender.web.patch(f"accounts({ID})", {"name": "Fabrikam"})
    assert "Fabrikam" in str(receive(service_bus.connection_string, "all", topic))


def test_what_is_too_large_for_a_queue_loses_its_parameters(sender, service_bus, new_queue):
    queue = new_queue()
    step = register(sender, queue)
    sender.web.create("sdkmessageprocessingstepimages", sender.web.image(step, attributes="description"))
    row = {"accountid": ID, "name": "x", "description": "y" * 195 * 1024}
    sender.control.add_rows(sender.web.name, "accounts", [row])
    sender.web.patch(f"accounts({ID})", {"name": "Fabrikam"})
    message = receive(service_bus.connection_string, queue)
    assert b"MessageMaxSizeExceeded" in message.application_properties
    assert "InputParameters" not in json.loads(str(message))


@pytest.mark.parametrize("message_format", [1, 3])
def test_a_queue_gets_the_format_that_its_endpoint_says(sender, service_bus, new_queue, message_format):
    queue = new_queue()
    register(sender, queue, messageformat=message_format)
    sender.account()
    sender.web.patch(f"accounts({ID})", {"name": "Fabrikam & Söhne"})
    message = receive(service_bus.connection_string, queue)
    body = b"".join(message.body)
    if message_format == 3:
        assert message.content_type == "application/xml"
        whole = ET.fromstring(body)
        assert whole.tag == f"{CONTRACTS}RemoteExecutionContext"
        assert whole.findtext(f"{CONTRACTS}MessageName") == "Update"
    else:
        assert message.content_type == "application/msbin1"
        assert "Fabrikam & Söhne".encode() in body


def test_a_bus_that_is_down_lets_the_job_wait_and_then_fail(sender, new_queue, service_bus):
    queue = new_queue()
    step = register(sender, queue)
    sender.account()
    sender.control.set_pace(sender.web.name, Pace(bus_pauses=(60.0,)))
    sender.control.set_site(NAMESPACE, "amqp://127.0.0.1:9")
    sender.web.patch(f"accounts({ID})", {"name": "Fabrikam"})
    job = sender.job(10)
    assert (job["statecode"], job["retrycount"], job["errorcode"] & 0xFFFFFFFF) == (1, 1, 0x80044175)
    assert job["postponeuntil"]
    sender.control.set_pace(sender.web.name, Pace(bus_pauses=(0.0, 0.0)))
    sender.web.patch(f"accounts({ID})", {"name": "Contoso"})
    job = sender.job(31)
    assert (job["retrycount"], job["_owningextensionid_value"]) == (2, step)


def test_a_bus_that_comes_back_gets_the_message(sender, service_bus, new_queue):
    queue = new_queue()
    register(sender, queue)
    sender.account()
    sender.control.set_pace(sender.web.name, Pace(bus_pauses=(0.1,) * 1000))
    sender.control.set_site(NAMESPACE, "amqp://127.0.0.1:9")
    sender.web.patch(f"accounts({ID})", {"name": "Fabrikam"})
    sender.job(10)
    sender.control.set_site(NAMESPACE, f"amqp://127.0.0.1:{service_bus.port}")
    assert "Fabrikam" in str(receive(service_bus.connection_string, queue))
    assert sender.job(30)["retrycount"] > 0


@pytest.mark.parametrize("changes", [{"saskey": "x" * 44}, {"saskeyname": "nobody"}, {"path": "not-there"}])
def test_a_rule_that_does_not_open_the_queue_fails_the_job(sender, new_queue, changes):
    register(sender, new_queue(), **changes)
    sender.account()
    sender.control.set_pace(sender.web.name, Pace(bus_pauses=()))
    sender.web.patch(f"accounts({ID})", {"name": "Fabrikam"})
    assert sender.job(31)["errorcode"] & 0xFFFFFFFF == 0x80044175


class Fed:
    """What feeds an event hub's function."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope, receive, send) -> None:
        self.bodies.append(await Request(scope, receive).body())
        await Response(status_code=200)(scope, receive, send)


async def played(application, act) -> None:
    server = LoopbackServer(application)
    await server.start()
    try:
        await asyncio.to_thread(act, server.port)
    finally:
        await server.stop()


async def test_a_topic_of_event_grid_gets_an_event(sender):
    topic = Topic(Access(keys=("key one",)))

    def act(port: int) -> None:
        sender.control.set_site("contoso.westeurope-1.eventgrid.azure.net", f"http://127.0.0.1:{port}")
        endpoint = {
            "name": "grid",
            "contract": 9,
            "authtype": 8,
            "authvalue": "key one",
            "schematype": 2,
            "url": "https://contoso.westeurope-1.eventgrid.azure.net/api/events",
        }
        created = sender.web.create("serviceendpoints", endpoint)
        sender.web.create("sdkmessageprocessingsteps", sender.web.step(created))
        sender.account()
        sender.web.patch(f"accounts({ID})", {"name": "Fabrikam"})
        sender.job(30)
        sender.web.patch(f"serviceendpoints({created})", {"authvalue": "another"})
        sender.control.set_pace(sender.web.name, Pace(bus_pauses=()))
        sender.web.patch(f"accounts({ID})", {"name": "Contoso"})
        assert "401" in sender.job(31)["message"]

    await played(topic, act)
    (event,) = topic.events
    assert (event["type"], event["subject"]) == ("Update", f"account/{ID}")
    assert event["data"]["PrimaryEntityId"] == ID


async def test_an_event_hub_is_fed(sender):
    fed = Fed()

    def act(port: int) -> None:
        sender.control.set_site("hubs.servicebus.windows.net", f"http://127.0.0.1:{port}/admin/event-hubs/hub?code=k")
        register(sender, "hub", contract=7, namespaceaddress="sb://hubs.servicebus.windows.net/")
        sender.account()
        sender.web.patch(f"accounts({ID})", {"name": "Fabrikam"})
        sender.job(30)

    await played(fed, act)
    (event,) = json.loads(fed.bodies[0])["events"]
    assert event["contentType"] == "application/json"


def test_the_binary_format_says_what_the_text_says():
    row = Entity("account", ID, {"name": "é" * 200, "creditlimit": Amount(1.5), "statecode": Choice(0), "fax": None})
    context = {"MessageName": "Update", "InputParameters": {"Target": row}, "PrimaryEntityId": Guid(ID), "Depth": 1}
    found = list(BinaryXml(binary(context)))
    parsed = [each.text for each in ET.fromstring(text(context)).iter() if each.text]
    assert [said for _, said in found if said] == parsed
    assert ("RemoteExecutionContext/MessageName", "Update") in found
    assert any(said == "é" * 200 for _, said in found)
