"""Messages that public reports showed to be read wrongly, and their relatives."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings import amqp as their_amqp
from cloudevents.core.bindings import http as their_http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from integration.events import cloudevents
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.record import load, store
from integration.routing.keys import Key
from integration.routing.readers import reader
from tests.strategies.events import message

BYTES = b"\xfb\xef\xbf"
GUID = "ec4e2f7d-9d60-e811-a95a-000d3af24950"
BINARY = {
    "specversion": "1.0",
    "id": "a-0071",
    "source": "urn:example:7777",
    "type": "updated.v1",
    "datacontenttype": "application/octet-stream",
    "data_base64": "+++/",
}
CONTEXT = {
    "MessageName": "Update",
    "PrimaryEntityName": "account",
    "PrimaryEntityId": "6d81597f-0f9f-e711-8122-000d3aa2331c",
    "OrganizationId": "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10",
}
ENVELOPE = {
    "BusinessEventId": "CustCustomerV3Entity_DataEvent_Create",
    "ControlNumber": 5637144576,
    "EventId": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "EventTime": "/Date(1720000000000)/",
    "MessageName": "Create",
    "PrimaryEntityId": "9b2c1de0-1234-4c9a-8f00-aaaaaaaaaaaa",
    "PrimaryEntityName": "CustCustomerV3Entity",
}


def one(body, **more):
    (event,) = decode(message(body if isinstance(body, bytes) else json.dumps(body).encode(), **more)).items
    assert isinstance(event, Event)
    return event


def with_target(target, **more):
    return {**CONTEXT, "InputParameters": [{"key": "Target", "value": target}], **more}


def row(*pairs, **more):
    attributes = [{"key": key, "value": value} for key, value in pairs]
    return {"LogicalName": "account", "Id": CONTEXT["PrimaryEntityId"], "Attributes": attributes, **more}


@pytest.mark.parametrize("written", ["+++/", "++\r\n+/", " +++/ "])
def test_bytes_in_base64_are_data_and_nothing_else(written):
    event = one(BINARY | {"data_base64": written})
    assert event.extensions == {}
    assert bytes(event.data) == BYTES
    assert bytes(load(store(event)).data) == BYTES


def test_bytes_go_out_as_they_came_in_by_every_binding():
    event = one(BINARY)
    assert JSONFormat().read(CloudEvent, cloudevents.structured(event)).get_data() == BYTES
    assert json.loads(cloudevents.batch([event]))[0]["data_base64"] == "+++/"
    headers, body = cloudevents.binary(event)
    assert body == BYTES
    assert their_http.from_binary_event(their_http.HTTPMessage(headers, body)).get_data() == BYTES
    properties, content_type, body = cloudevents.amqp(event)
    read = their_amqp.from_binary_event(their_amqp.AMQPMessage({"content-type": content_type}, properties, body))
    assert read.get_data() == BYTES
    for sent in (headers, properties, json.loads(cloudevents.structured(event))):
        assert "base64" not in "".join(sent).replace("data_base64", "")


@pytest.mark.parametrize("name", ["data", "data_base64", "Data_Base64"])
def test_a_member_for_data_is_no_extension_in_headers_either(name):
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t", f"ce-{name}": "+++/"}
    assert one(BYTES, headers=headers, content_type="application/octet-stream").extensions == {}


def test_a_legal_name_is_not_replaced_by_one_that_was_made_legal():
    event = one({**BINARY, "my_name": "second", "myname": "first", "my-name": "third"})
    assert event.extensions == {"myname": "first"}


def test_json_in_base64_stays_the_json_that_it_is():
    event = one(BINARY | {"datacontenttype": "application/json", "data_base64": base64.b64encode(b'{"a": 1}').decode()})
    assert event.payload == {"a": 1}
    assert bytes(event.data) == b'{"a": 1}'


@pytest.mark.parametrize(
    ("written", "time", "sent"),
    [
        ("2024-05-01t10:20:30.123456789z", (10, 20, 30, 123456), "2024-05-01T10:20:30.123456789Z"),
        ("2024-05-01T10:20:30.123456789Z", (10, 20, 30, 123456), "2024-05-01T10:20:30.123456789Z"),
        ("2024-05-01t10:20:30z", (10, 20, 30, 0), "2024-05-01T10:20:30Z"),
        ("2024-05-01T12:20:30.000000001+02:00", (10, 20, 30, 0), "2024-05-01T10:20:30.000000001Z"),
        ("2024-05-01T10:20:30.1234560000Z", (10, 20, 30, 123456), "2024-05-01T10:20:30.123456Z"),
        ("2024-05-01T10:20:60Z", (10, 21, 0, 0), "2024-05-01T10:21:00Z"),
    ],
)
def test_a_time_of_rfc_3339_is_kept_to_its_last_digit(written, time, sent):
    event = one({"specversion": "1.0", "id": "t-1", "source": "/orders", "type": "t", "time": written, "data": {}})
    assert event.time == datetime(2024, 5, 1, *time, tzinfo=UTC)
    assert json.loads(cloudevents.structured(event))["time"] == sent
    assert cloudevents.binary(event)[0]["ce-time"] == sent.replace("%3A", ":")
    assert cloudevents.amqp(event)[0]["cloudEvents_time"] == sent
    assert load(store(event)) == event
    assert reader(Key("time", "time"), "exact")(event) == sent
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-time": written}
    assert one({}, headers=headers).time == event.time


def test_an_event_grid_time_keeps_its_tenth_of_a_microsecond():
    event = one([{"id": "1", "eventType": "E", "topic": "/t", "data": {}, "eventTime": "2024-05-01T10:20:30.1234567Z"}])
    assert event.written_time == "2024-05-01T10:20:30.1234567Z"


@pytest.mark.parametrize("written", ["9999-12-31T23:59:60Z", "10:20:60", "1:11:60" * 50_000, "z", "t" * 70 + "z"])
def test_what_is_no_time_is_none(written):
    assert one({"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": written}).time is None


def test_a_data_event_in_the_envelope_of_a_business_event_has_its_time_and_company():
    target = {
        "__type": "Entity:http://schemas.microsoft.com/xrm/2011/Contracts",
        "Attributes": [{"key": "CustomerAccount", "value": "CUST-001"}, {"key": "dataAreaId", "value": "usmf"}],
        "Id": ENVELOPE["PrimaryEntityId"],
        "LogicalName": ENVELOPE["PrimaryEntityName"],
    }
    event = one({**ENVELOPE, "InputParameters": [{"key": "Target", "value": target}]})
    assert event.time == datetime(2024, 7, 3, 9, 46, 40, tzinfo=UTC)
    assert event.extensions["legalentity"] == "usmf"
    assert event.extensions["businesseventid"] == ENVELOPE["BusinessEventId"]
    assert event.id == ENVELOPE["EventId"]
    assert event.shape == "data_event"
    assert event.source == "https://contoso.crm.dynamics.com/finance-operations"
    assert event.type == "CustCustomerV3Entity.Create"
    untyped = {name: value for name, value in target.items() if name != "__type"}
    for form in (
        untyped,
        {"Attributes": target["Attributes"]},
        {"LogicalName": "x", "Attributes": {"dataAreaId": "usmf"}},
    ):
        read = one({**ENVELOPE, "InputParameters": [{"key": "Target", "value": form}]})
        assert read.payload["target"]["dataAreaId"] == "usmf"
        assert read.extensions["legalentity"] == "usmf"


def test_the_finer_of_two_times_in_an_envelope_counts_and_the_context_s_own_first():
    envelope = {**ENVELOPE, "InputParameters": [], "EventTimeIso8601": "2024-07-03T09:46:40.25Z"}
    assert one(envelope).time == datetime(2024, 7, 3, 9, 46, 40, 250_000, tzinfo=UTC)
    assert one({**envelope, "OperationCreatedOn": "/Date(0)/"}).time == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("keys", [{"KeyAttributes": [{"key": "dataAreaId", "value": "usmf"}]}, {"KeyAttributes": []}])
def test_the_company_of_a_deleted_row_stands_in_its_keys(keys):
    target = {"LogicalName": "x", "Id": CONTEXT["PrimaryEntityId"], **keys}
    event = one({**ENVELOPE, "MessageName": "Delete", "InputParameters": [{"key": "Target", "value": target}]})
    assert event.extensions.get("legalentity") == ("usmf" if keys["KeyAttributes"] else None)


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"__type": "Guid:#System", "__value": GUID}, GUID),
        ({"__type": "DateTime:#System", "__value": "/Date(0)/"}, "1970-01-01T00:00:00Z"),
        ({"__type": "Decimal:#System", "__value": 12.5}, 12.5),
        ({"__type": "Boolean:#System", "__value": False}, False),
        ({"__type": "String:#System", "__value": None}, None),
        ({"Value": 2, "ExtensionData": None}, 2),
        ({"Value": 2.5, "ExtensionData": None}, 2.5),
        ({"Value": 2, "__type": "OptionSetValue:x", "ExtensionData": None}, 2),
        ([{"Value": 1, "ExtensionData": None}, {"Value": 2, "ExtensionData": None}], [1, 2]),
        ({"a": 1, "b": 2, "ExtensionData": None}, {"a": 1, "b": 2}),
    ],
)
def test_a_scalar_in_a_wrapping_is_a_scalar(node, value):
    event = one(with_target(row(("field", node))))
    assert json.loads(bytes(event.data))["target"]["field"] == value


def test_a_key_that_is_repeated_keeps_all_its_values():
    changes = [
        {"__type": "KeyValuePairOfstringstring:#System.Collections.Generic", "key": "contact", "value": value}
        for value in ("Create", "Update")
    ]
    shared = [{"key": "ChangedEntityTypes", "value": [*changes, {"key": "account", "value": "Delete"}]}]
    event = one(
        {**with_target(row()), "SharedVariables": [*shared, {"key": "n", "value": 1}, {"key": "n", "value": 2}]}
    )
    variables = event.payload["sharedVariables"]
    assert variables["ChangedEntityTypes"] == {"contact": ["Create", "Update"], "account": "Delete"}
    assert variables["n"] == [1, 2]
