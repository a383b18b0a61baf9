"""Who asks for the body as it came gets its bytes, with their character set, although it was read in UTF-8."""

import json
from datetime import UTC, datetime

import pytest

from integration.delivery.shipment import content
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Inbound
from integration.events.record import load, store

TEXT = json.dumps(
    {
        "BusinessEventId": "CustomerChangedBusinessEvent",
        "EventId": "55A81094-A14E-46A6-A12C-07ED5C599AAA",
        "LegalEntity": "usmf",
        "Name": "Müller",
    },
    ensure_ascii=False,
)
CONTEXT = json.dumps(
    {
        "MessageName": "Update",
        "PrimaryEntityName": "account",
        "PrimaryEntityId": "6d81597f-0f9f-e711-8122-000d3aa2331c",
        "OrganizationName": "Müller",
        "InputParameters": [{"key": "Target", "value": {"LogicalName": "account", "Attributes": []}}],
    },
    ensure_ascii=False,
)


def only(body, content_type=""):
    inbound = Inbound(
        body=body,
        ingress="erp",
        organization="contoso",
        organization_url="https://contoso.crm.dynamics.com",
        received_at=datetime(2026, 1, 2, tzinfo=UTC),
        content_type=content_type,
    )
    (event,) = decode(inbound).items
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize("text", [TEXT, CONTEXT])
@pytest.mark.parametrize(
    ("encoding", "content_type", "sent_on"),
    [
        ("windows-1252", "application/json; charset=Windows-1252", "application/json; charset=windows-1252"),
        ("utf-16", "application/json", "application/json"),
        ("utf-16-be", 'application/json; charset="utf-16be"', "application/json; charset=utf-16be"),
        ("utf-8-sig", "application/json; charset=utf-8", "application/json; charset=utf-8"),
    ],
)
def test_the_bytes_that_came_are_the_bytes_that_go(text, encoding, content_type, sent_on):
    body = text.encode(encoding)
    event = load(store(only(body, content_type)))
    assert content(event, "raw") == (body, sent_on)
    assert "Müller" in content(event, "cloudevent")[0].decode()


def test_what_came_as_utf_8_is_kept_once():
    event = only(f"  {TEXT}\n".encode(), "application/json")
    assert event.raw is None
    assert content(event, "raw") == (TEXT.encode(), "application/json")


def test_a_content_type_is_not_sent_on_as_it_came():
    event = only(TEXT.encode("windows-1252"), "application/json; charset=windows-1252; x=\r\ninjected: 1")
    assert content(event, "raw")[1] == "application/json; charset=windows-1252"
