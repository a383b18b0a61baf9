"""What headers and properties add to the body."""

import json

import pytest

from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Undecoded
from tests.strategies.events import ZERO, message

CLAIMS = "http://schemas.microsoft.com/xrm/2011/Claims/"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CONTEXT = {
    "MessageName": "Update",
    "InputParameters": [],
    "PrimaryEntityName": "account",
    "PrimaryEntityId": "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001",
    "OrganizationId": "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10",
}
CONTRACT = {"BusinessEventId": "X", "EventId": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11"}


def one(body, **more):
    (item,) = decode(message(json.dumps(body).encode(), **more)).items
    return item


def test_claims_are_read_in_any_case():
    properties = {CLAIMS.lower() + "organization": "contoso.crm.dynamics.com", CLAIMS + "InitiatingUserAgent": "FINOPS"}
    origin = one(CONTEXT, properties=properties).origin
    assert origin.organization_host == "contoso.crm.dynamics.com"
    assert origin.user_agent == "FINOPS"
    assert origin.organization_id == CONTEXT["OrganizationId"]


def test_the_webhook_header_names_the_organization_and_the_correlation():
    headers = {"x-ms-dynamics-organization": "contoso.crm.dynamics.com", "x-ms-correlation-request-id": "{abc}"}
    event = one(CONTEXT, headers=headers)
    assert event.origin.organization_host == "contoso.crm.dynamics.com"
    assert event.extensions["correlationid"] == "abc"
    assert one(CONTRACT, headers=headers).extensions["correlationid"] == "abc"


@pytest.mark.parametrize(
    "transport",
    [
        {"headers": {"traceparent": TRACE}},
        {"properties": {"Diagnostic-Id": TRACE}},
        {"properties": {"cloudEvents:traceparent": TRACE}},
    ],
)
def test_the_trace_context_goes_on(transport):
    assert one(CONTRACT, **transport).extensions["traceparent"] == TRACE


@pytest.mark.parametrize("value", ["", "x", TRACE + "\r\n", "00-" + "0" * 32 + "-00f067aa0ba902b7-01"])
def test_what_is_no_trace_context_is_left_out(value):
    assert "traceparent" not in one(CONTRACT, headers={"traceparent": value}).extensions


@pytest.mark.parametrize(
    "transport",
    [
        {"properties": {"messagemaxsizeexceeded": "True"}},
        {"properties": {"MessageMaxSizeExceeded": True}},
        {"headers": {"x-ms-dynamics-msg-size-exceeded": "true"}},
    ],
)
def test_a_mark_of_stripping_is_passed_on_or_refused_without_an_id(transport):
    assert one(CONTEXT, **transport).extensions["contextstripped"] is True
    item = one(CONTEXT | {"PrimaryEntityId": ZERO}, **transport)
    assert isinstance(item, Undecoded)
    assert item.reason == "ContextStripped"


def test_a_mark_on_a_whole_context_means_nothing():
    whole = CONTEXT | {"InputParameters": [{"key": "Target", "value": {"LogicalName": "account", "Id": "1"}}]}
    assert "contextstripped" not in one(whole, properties={"MessageMaxSizeExceeded": "True"}).extensions


def test_a_business_event_in_a_binary_cloud_event_is_itself():
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-traceparent": TRACE}
    event = one(CONTRACT, headers=headers)
    assert isinstance(event, Event)
    assert event.id == CONTRACT["EventId"]
    assert not event.foreign
    assert event.extensions["traceparent"] == TRACE


def test_a_binary_cloud_event_that_lacks_attributes_says_which():
    item = one({"a": 1}, headers={"ce-specversion": "1.0", "ce-id": "1"})
    assert isinstance(item, Undecoded)
    assert "source, type" in item.message
