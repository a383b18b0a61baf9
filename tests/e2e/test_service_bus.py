"""Service Bus, Event Grid and Event Hubs in, Service Bus out, through the functions host.

On the local broker, or on the emulator or namespace whose connection string FNO_LINK_TEST_SERVICE_BUS holds: it needs
the entities of emulation/demo/service-bus.toml, empty.
"""

import base64
import json
import os
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusSubQueue,
)

from emulation import demo
from emulation.azurite import Azurite
from emulation.service_bus import ServiceBus, load
from tests.e2e.stage import Stage, business_event, until

REAL = os.environ.get("FNO_LINK_TEST_SERVICE_BUS", "")
ENTITIES = Path(demo.__file__).parent / "service-bus.toml"
CONFIGURATION = """
[journal]
lease = "20s"

[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
[sources.erp-bus]
kind = "service_bus"
organization = "contoso"
queue = "erp-events"
[sources.crm-bus]
kind = "service_bus"
organization = "contoso"
topic = "crm-events"
subscription = "fno-link"
[sources.grid]
kind = "event_grid"
organization = "contoso"
[sources.hub]
kind = "event_hub"
organization = "contoso"
event_hub = "hub"
connection = "ServiceBus"
[targets.orders]
kind = "service_bus"
queue = "orders"
session = "{data.SalesOrderId}"
[targets.invoices]
kind = "service_bus"
topic = "invoices"
[targets.archive]
kind = "storage_queue"
queue = "archive"
[targets.kept]
kind = "storage_queue"
queue = "kept"
body = "raw"
[delivery]
retry_after = ["1s", "1s"]
[health]
schedule = "0 0 0 1 1 *"
[[routes]]
name = "orders"
event_types = ["SalesOrder*"]
target = "orders"
[[routes]]
name = "invoices"
event_types = ["*Invoice*"]
target = "invoices"
[[routes]]
name = "kept"
event_types = ["CustomerAddressChanged*"]
target = "kept"
[[routes]]
name = "rest"
event_types = ["Archive*", "account.*"]
target = "archive"
"""

pytestmark = pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning")


@pytest.fixture(scope="module")
def bus() -> Iterator[ServiceBus | None]:
    """Give the local broker; None where the tests run on another one."""
    if REAL:
        yield None
    else:
        with ServiceBus(load(ENTITIES)) as running:
            yield running


@pytest.fixture(scope="module")
def connection(bus) -> str:
    return REAL if bus is None else bus.connection_string


@pytest.fixture(scope="module")
def own_azurite(tmp_path_factory) -> Iterator[Azurite]:
    with Azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture(scope="module")
def bus_stage(connection, own_azurite, tmp_path_factory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("bus")
    more = {"ServiceBus": connection}
    with Stage(folder, own_azurite.connection_string, text=CONFIGURATION, more=more) as stage:
        yield stage


@pytest.fixture(scope="module")
def client(connection) -> Iterator[ServiceBusClient]:
    with ServiceBusClient.from_connection_string(connection) as client:
        yield client


def send(client: ServiceBusClient, *messages: ServiceBusMessage, topic: str = "") -> None:
    with client.get_topic_sender(topic) if topic else client.get_queue_sender("erp-events") as sender:
        sender.send_messages(list(messages))


def take(receiver, count: int = 1) -> list[ServiceBusReceivedMessage]:
    found: list[ServiceBusReceivedMessage] = []
    with receiver:
        while len(found) < count:
            messages = receiver.receive_messages(max_message_count=count, max_wait_time=30)
            assert messages, "nothing came"
            for message in messages:
                receiver.complete_message(message)
            found += messages
    return found


def invoice(legal_entity: str) -> dict:
    return business_event("SalesInvoicePostedBusinessEvent", LegalEntity=legal_entity)


def test_a_business_event_goes_from_a_queue_to_a_session(bus_stage, client):
    body = business_event("SalesOrderConfirmedBusinessEvent", SalesOrderId="SO-1")
    send(client, ServiceBusMessage(json.dumps(body), content_type="application/json", correlation_id=str(uuid.uuid4())))
    [message] = take(client.get_queue_receiver("orders", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=30))
    assert message.session_id == "SO-1"
    assert re.fullmatch("[0-9a-f]{32}:orders", message.message_id)
    assert json.loads(str(message)) == body
    properties = {key.decode(): value for key, value in message.application_properties.items()}
    assert properties["cloudEvents_fnourl"] == b"https://contoso.operations.dynamics.com"
    assert "cloudEvents_correlationid" in properties


def test_subscriptions_filter_on_the_attributes(bus_stage, client):
    events = [invoice("USMF"), invoice("DEMF"), invoice("USMF")]
    send(client, *(ServiceBusMessage(json.dumps(body)) for body in events), topic="crm-events")
    home = take(client.get_subscription_receiver("invoices", "usmf"), 2)
    others = take(client.get_subscription_receiver("invoices", "others"), 1)
    assert {json.loads(str(each))["EventId"] for each in home} == {events[0]["EventId"], events[2]["EventId"]}
    assert json.loads(str(others[0]))["EventId"] == events[1]["EventId"]


def test_a_message_whose_settling_failed_comes_again_and_is_a_duplicate(bus_stage, client, bus):
    if bus is None:
        pytest.skip("only the local broker can be told to fail")
    body = business_event("ArchiveBusinessEvent")
    bus.control.fail_settling("erp-events", "drop")
    send(client, ServiceBusMessage(json.dumps(body)))
    bus_stage.arrived("archive", lambda found: found["id"] == body["EventId"])

    def row() -> dict[str, Any]:
        return bus_stage.ask("GET", f"events/{body['EventId']}").json()

    until(lambda: row().get("duplicates") == 1 and not any(bus.control.counts("erp-events").values()))
    assert [each["state"] for each in row()["deliveries"]] == ["delivered"]
    assert body["EventId"] not in [each["id"] for each in bus_stage.take("archive")], "delivered twice"
    assert not any(bus.control.counts("erp-events/$DeadLetterQueue").values())


@pytest.mark.parametrize("content_type", ["application/msbin1", "application/xml"])
def test_what_is_not_json_is_a_dead_letter_that_names_the_setting(bus_stage, client, content_type):
    body = f"@\x06string <RemoteExecutionContext {uuid.uuid4()}/>".encode()
    send(client, ServiceBusMessage(body, content_type=content_type))
    record = bus_stage.dead(lambda found: found["body"] == body)
    assert record["reason"] == "UnsupportedEncoding"
    assert "json" in record["hint"].lower()


def test_a_dead_letter_keeps_what_its_sender_said_beside_the_body(bus_stage, client):
    body = f"no event {uuid.uuid4()}".encode()
    said = {"http://schemas.microsoft.com/xrm/2011/Claims/RequestName": "Update"}
    unknown = {"number": 7, "aeg-sas-key": "a-secret-of-the-sender"}  # who knows what a name that is not ours holds
    message = ServiceBusMessage(
        body,
        content_type="text/plain",
        message_id=f"m-{uuid.uuid4()}",
        session_id="a-session",
        correlation_id="c-1",
        subject="about it",
        application_properties=said | unknown,
    )
    send(client, message)
    record = bus_stage.dead(lambda found: found["body"] == body)
    assert (record["reason"], record["content_type"], record["source"]) == ("Undecodable", "text/plain", "erp-bus")
    assert record["properties"] == {
        **said,
        "message-id": message.message_id,
        "session-id": "a-session",
        "correlation-id": "c-1",
        "subject": "about it",
    }


def test_event_grid_is_answered_at_once_and_its_event_delivered(bus_stage):
    body = business_event("ArchiveBusinessEvent")
    event = {"id": "1", "topic": "/t", "subject": "s", "eventType": "ArchiveBusinessEvent", "dataVersion": "1"}
    event |= {"eventTime": "2026-01-01T00:00:00Z", "data": json.dumps(body)}
    host = bus_stage.host
    url = f"{host.url}/runtime/webhooks/EventGrid?functionName=event_grid_grid&code={host.event_grid_key}"
    answer = bus_stage.http.post(url, json=[event], headers={"aeg-event-type": "Notification"})
    assert answer.status_code == 202
    bus_stage.arrived("archive", lambda found: found["id"] == body["EventId"])


def test_a_foreign_cloud_event_through_event_grid_keeps_its_identity(bus_stage):
    body = business_event("ArchiveBusinessEvent")
    event = {"specversion": "1.0", "id": "c", "source": "/s", "type": "x", "data": body, "odd": "kept"}
    host = bus_stage.host
    url = f"{host.url}/runtime/webhooks/EventGrid?functionName=event_grid_grid&code={host.event_grid_key}"
    headers = {"content-type": "application/cloudevents+json", "aeg-event-type": "Notification"}
    assert bus_stage.http.post(url, content=json.dumps(event), headers=headers).status_code == 202
    bus_stage.arrived("archive", lambda found: found["id"] == body["EventId"])


def test_an_event_of_a_hub_is_delivered(bus_stage):
    body = business_event("ArchiveBusinessEvent")
    host = bus_stage.host
    url = f"{host.url}/admin/event-hubs/source_hub"
    fed = {"events": [{"body": json.dumps(body), "properties": {"n": 1}}]}
    answer = bus_stage.http.post(url, json=fed, headers={"x-functions-key": host.master_key})
    assert answer.status_code == 200, answer.text
    bus_stage.arrived("archive", lambda found: found["id"] == body["EventId"])


def fed(stage: Stage, body: bytes, **system: str) -> None:
    """Feed one event to the hub, as a broker hands it to the host."""
    event = {"bodyBase64": base64.b64encode(body).decode(), **system}
    url, headers = f"{stage.host.url}/admin/event-hubs/source_hub", {"x-functions-key": stage.host.master_key}
    answer = stage.http.post(url, json={"events": [event]}, headers=headers)
    assert answer.json() == {"outcomes": [None]}, answer.text


@pytest.mark.parametrize("way", ["bus", "hub"])
def test_a_body_with_names_of_metadata_is_accepted_and_delivered_byte_for_byte(bus_stage, client, way):
    address = business_event("CustomerAddressChangedBusinessEvent", State="NY", SequenceNumber="ADDR-000012")
    address |= {"ExpiresAtUtc": "never", "deliverycount": "three", "TimeToLive": "P1D", "EnqueuedTimeUtc": {"a": 1}}
    address |= {"Offset": -1.50, "PartitionKey": "a", "UserProperties": "none", "SystemProperties": "none"}
    body = json.dumps(address, indent=1).encode()
    if way == "bus":
        send(client, ServiceBusMessage(body, content_type="application/json"))
    else:
        fed(bus_stage, body)
    until(lambda: body in bus_stage.bodies("kept"))


@pytest.mark.parametrize("way", ["bus", "hub"])
@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [("cp1252", "application/json; charset=windows-1252"), ("utf-16", "application/json"), ("utf-16-be", "")],
)
def test_a_body_in_another_character_set_is_read_as_over_http(bus_stage, client, encoding, content_type, way):
    def give(body: bytes) -> None:
        if way == "bus":
            send(client, ServiceBusMessage(body, content_type=content_type))
        else:
            fed(bus_stage, body, contentType=content_type)

    sent = business_event("ArchiveBusinessEvent", Note="grün")
    give(json.dumps(sent, ensure_ascii=False).encode(encoding))
    assert bus_stage.arrived("archive", lambda found: found["id"] == sent["EventId"])["data"] == sent
    # What cannot be read is kept as it came.
    unread = f"grün {uuid.uuid4()}".encode(encoding)
    give(unread)
    bus_stage.dead(lambda found: found["body"] == unread)


@pytest.mark.parametrize("way", ["bus", "hub"])
def test_a_batch_of_cloudevents_is_taken_apart_as_over_http(bus_stage, client, way):
    def element(**changes: object) -> dict[str, object]:
        event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/batch", "type": "ArchiveBatched"}
        return event | {"data": {"n": 1}} | changes

    events = [element(), element(datacontenttype="text/plain", data="grün"), element()]
    broken = element(id="", note=str(uuid.uuid4()))
    body = json.dumps([events[0], broken, *events[1:]], ensure_ascii=False).encode()
    for _ in range(2):  # what comes again is no new event
        if way == "bus":
            send(client, ServiceBusMessage(body, content_type="application/cloudevents-batch+json"))
        else:
            fed(bus_stage, body, contentType="application/cloudevents-batch+json; charset=utf-8")
    seen: dict[str, dict[str, Any]] = {}

    def all_there() -> bool:
        for each in bus_stage.take("archive"):
            assert each["id"] not in seen, "delivered twice"
            seen[each["id"]] = each
        return {str(each["id"]) for each in events} <= set(seen)

    until(all_there)
    for each in events:
        found = seen[str(each["id"])]
        assert (found["source"], found["type"], found["data"]) == ("/batch", "ArchiveBatched", each["data"])
        assert found.get("datacontenttype", "application/json") == each.get("datacontenttype", "application/json")
    letter = bus_stage.dead(lambda record: str(broken["note"]).encode() in record["body"])
    assert (letter["reason"], json.loads(letter["body"])) == ("Undecodable", broken)
    rows = until(lambda: counted if all((counted := duplicates(bus_stage, events)).values()) else None)
    assert set(rows.values()) == {1}


def duplicates(stage: Stage, events: list[dict[str, object]]) -> dict[object, int]:
    return {each["id"]: stage.get(f"events/{each['id']}").json().get("duplicates", 0) for each in events}


def test_storage_that_is_gone_burns_no_message(bus_stage, own_azurite, client):
    """An event that cannot be delivered, nor parked, waits under its lock; its delivery count stays low."""
    body = business_event("ArchiveBusinessEvent")
    own_azurite.pause()
    begun = bus_stage.host.log.count("Executing 'Functions.source_")
    try:
        send(client, ServiceBusMessage(json.dumps(body)))
        time.sleep(20)
        with client.get_queue_receiver("erp-events", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
            assert receiver.peek_messages(10) == []
        # Waiting is done inside the call: the message is not given back and taken again all the time.
        assert bus_stage.host.log.count("Executing 'Functions.source_") - begun in {1, 2}
    finally:
        own_azurite.resume()
    until(lambda: any(each["id"] == body["EventId"] for each in bus_stage.take("archive")), within=120)
