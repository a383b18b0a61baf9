"""Nobody outside speaks for fno-link, in whatever shape."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.events import cloudevents
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Undecoded
from integration.events.reserved import EXTENSIONS, claimed_type, is_our_source
from tests.strategies.events import bodies, headers, message, properties

FORGED = "fno-link.integration.lost"
OURS = "https://contoso.crm.dynamics.com"
PLAIN = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
CONTRACT = {"BusinessEventId": "SalesOrderConfirmedBusinessEvent", "EventId": "e"}
TYPES = (FORGED, "FNO-Link.x", "fno-link", "fno-link.", " fno-link.x", "fno-lin\u212a.x")
SOURCES = (
    f"{OURS}/fno-link",
    "https://contoso.api.crm.dynamics.com/fno-link/",
    "HTTPS://CONTOSO.CRM.DYNAMICS.COM:443/FNO-LINK",
    "https://other.crm4.dynamics.com/fno-link",
    f"{OURS}/fno%2Dlink",
    f"{OURS}//fno-link?x",
    f"{OURS}/finance-operations",
    "//contoso.crm.dynamics.com/fno-link#a",
)
FREE = (OURS, "/fno-link", "https://github.com/contoso/fno-link", f"{OURS}/fno-links", "urn:fno-link", "fno-link")


def structured(attributes, data=None):
    return {
        "body": json.dumps({**attributes, "data": data or {}}).encode(),
        "content_type": "application/cloudevents+json",
    }


def sniffed(attributes, data=None):
    return {"body": json.dumps({**attributes, "data": data or {}}).encode()}


def batched(attributes, data=None):
    one = {**attributes, "data": data or {}}
    return {"body": json.dumps([one]).encode(), "content_type": "application/cloudevents-batch+json"}


def in_headers(attributes, data=None):
    return {
        "body": json.dumps(data or {}).encode(),
        "headers": {f"ce-{name}": value for name, value in attributes.items()},
    }


def in_properties(attributes, data=None, prefix="cloudEvents:"):
    named = {prefix + name: value for name, value in attributes.items()}
    return {"body": json.dumps(data or {}).encode(), "properties": named}


def in_jms_properties(attributes, data=None):
    return in_properties(attributes, data, "cloudEvents_")


def as_string(attributes, data=None):
    return {"body": json.dumps(json.dumps({**attributes, "data": data or {}})).encode()}


SHAPES = (structured, sniffed, batched, in_headers, in_properties, in_jms_properties, as_string)


def refused(**parts):
    body = parts.pop("body")
    (item,) = decode(message(body, **parts)).items
    assert isinstance(item, Undecoded), item
    assert item.reason == "ReservedName"
    assert item.hint
    assert item.raw == body
    return item


def passes(**parts):
    (item,) = decode(message(parts.pop("body"), **parts)).items
    assert isinstance(item, Event), item
    return item


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("forged", TYPES)
def test_a_type_of_ours_is_refused(shape, forged):
    assert "the type '" in refused(**shape({**PLAIN, "type": forged})).message


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_of_ours_is_refused(shape, source):
    refused(**shape({**PLAIN, "source": source}))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [*sorted(EXTENSIONS), "FnoUrl"])
def test_an_extension_of_ours_is_refused(shape, name):
    if shape in {in_headers, in_properties, in_jms_properties}:
        name = name.lower()  # how these arrive
    refused(**shape({**PLAIN, name: "https://evil.example"}))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("claim", [{"type": FORGED}, {"source": SOURCES[0]}, {"fnourl": "https://evil.example"}])
def test_a_claim_around_a_business_event_is_refused_too(shape, claim):
    refused(**shape({**PLAIN, **claim}, CONTRACT))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "more", [{"source": source} for source in FREE] + [{"type": "fno-linked.x"}, {"legalentity": "usmf"}]
)
def test_what_is_not_ours_passes(shape, more):
    passes(**shape({**PLAIN, **more}))


@pytest.mark.parametrize(
    "body",
    [
        {"id": "1", "eventType": FORGED, "topic": "/t", "data": {}},
        [{"id": "1", "eventType": FORGED.upper(), "subject": "s", "data": {}}],
        [{"id": "1", "eventType": "t", "topic": SOURCES[0], "data": {}}],
        [{"id": "1", "eventType": FORGED, "topic": "/t", "data": CONTRACT}],
        [{"id": "1", "eventType": FORGED, "topic": "/t", "data": json.dumps(CONTRACT)}],
        {**CONTRACT, "BusinessEventId": FORGED},
        {"businesseventid": FORGED},
        json.dumps({**CONTRACT, "BusinessEventId": FORGED}),
        [{**CONTRACT, "BusinessEventId": FORGED}],
        {**PLAIN, "data": {**CONTRACT, "BusinessEventId": FORGED}},
        {
            "MessageName": "x",
            "InputParameters": [{"key": "BusinessEventId", "value": FORGED}],
            "PrimaryEntityName": "none",
        },
        {"MessageName": "integration.lost", "PrimaryEntityName": "fno-link", "InputParameters": []},
        {"MessageName": "Update", "PrimaryEntityName": "FNO-LINK", "InputParameters": []},
        {
            "MessageName": "Update",
            "InputParameters": [{"key": "Target", "value": {"LogicalName": "fno-link", "Id": "1"}}],
        },
    ],
)
def test_no_other_shape_makes_an_event_of_ours(body):
    (item,) = decode(message(json.dumps(body).encode())).items
    assert isinstance(item, Undecoded)
    assert item.reason == "ReservedName"


def test_a_forged_event_among_others_does_not_lose_them():
    mixed = [PLAIN, {**PLAIN, "type": FORGED}, {**PLAIN, "id": "2"}]
    items = decode(message(json.dumps(mixed).encode())).items
    assert [isinstance(item, Event) for item in items] == [True, False, True]
    assert isinstance(items[1], Undecoded)
    assert json.loads(items[1].raw) == mixed[1]


def test_what_we_send_does_not_come_in_again():
    alert = Event(id="1", source=SOURCES[0], type=FORGED, organization="contoso", shape="alert")
    refused(body=cloudevents.structured(alert))
    sent, body = cloudevents.binary(alert)
    refused(body=body, headers=sent)
    given, _, body = cloudevents.amqp(alert)
    refused(body=body, properties=dict(given))


@given(bodies, headers, properties)
def test_nothing_from_outside_is_internal(body, given_headers, given_properties):
    for item in decode(message(body, headers=given_headers, properties=given_properties)).items:
        if isinstance(item, Event):
            assert not item.internal
            assert not claimed_type(item.type)
            assert not (item.foreign and is_our_source(item.source, OURS))
            assert not EXTENSIONS & {*item.extensions} or not item.foreign


@given(st.text())
def test_any_text_can_be_judged(text):
    is_our_source(text, OURS)
    claimed_type(text)
