"""Decoding: each known shape gives its events and their identity; what cannot be read says why and is kept."""

import json
from datetime import UTC, datetime

import pytest

from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Ignored, Inbound, Limits, Undecoded

CONTRACT = {
    "BusinessEventId": "SalesInvoicePostedBusinessEvent",
    "BusinessEventLegalEntity": "USMF",
    "ContextRecordSubject": "",
    "ControlNumber": 5637611099,
    "EventId": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11",
    "EventTime": "/Date(1767268800000)/",
    "EventTimeIso8601": "2026-01-01T12:00:00.1234567Z",
    "InitiatingUserAADObjectId": "{0A1B2C3D-1111-2222-3333-444455556666}",
    "InvoiceId": "CIV-000123",
}
BODY = json.dumps(CONTRACT).encode()
ZERO = "00000000-0000-0000-0000-000000000000"
URL = "https://contoso.crm.dynamics.com"


def inbound(body, **more):
    return Inbound(
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        ingress="erp",
        organization="contoso",
        organization_url=URL,
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        **more,
    )


def one(body, **more):
    (item,) = decode(inbound(body, **more)).items
    return item


def test_a_business_event_keeps_its_contract_byte_for_byte():
    body = b'{"BusinessEventId" :\t"X","n":1.50, "EventId":"7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11"}'
    event = one(body)
    assert bytes(event.data) == body
    assert event.payload == {"BusinessEventId": "X", "n": 1.5, "EventId": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11"}


def test_a_business_event_has_the_attributes_of_the_design():
    event = one(BODY)
    assert event.id == "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11"
    assert event.source == URL + "/finance-operations"
    assert event.type == "SalesInvoicePostedBusinessEvent"
    assert event.subject is None
    assert event.time == datetime(2026, 1, 1, 12, 0, 0, 123456, UTC)
    assert event.extensions == {"legalentity": "USMF", "controlnumber": "5637611099"}
    assert event.origin.initiating_user_aad_id == "0A1B2C3D-1111-2222-3333-444455556666"
    assert not event.foreign


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"EventId": "{7e1f0b52-3c1b-4b58-8e0f-0c6b1a6c2d11}"}, "7e1f0b52-3c1b-4b58-8e0f-0c6b1a6c2d11"),
        ({"EventId": ZERO}, "contoso:SalesInvoicePostedBusinessEvent:5637611099"),
        ({"EventId": "{" + ZERO + "}"}, "contoso:SalesInvoicePostedBusinessEvent:5637611099"),
        ({"EventId": None}, "contoso:SalesInvoicePostedBusinessEvent:5637611099"),
        ({"EventId": "", "ControlNumber": "5637611099"}, "contoso:SalesInvoicePostedBusinessEvent:5637611099"),
    ],
)
def test_the_id_is_the_event_id_or_else_the_control_number(changes, expected):
    assert one(CONTRACT | changes).id == expected


def test_without_ids_the_payload_decides_and_a_redelivery_has_the_same_id():
    bare = CONTRACT | {"EventId": ZERO, "ControlNumber": 0}
    assert one(bare).id == one(bare).id
    assert one(bare).id != one(bare | {"InvoiceId": "CIV-000124"}).id


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BODY, id="plain"),
        pytest.param(b"\xef\xbb\xbf" + BODY, id="utf-8 mark"),
        pytest.param(BODY.decode().encode("utf-16"), id="utf-16 with mark"),
        pytest.param(BODY.decode().encode("utf-16-le"), id="utf-16-le"),
        pytest.param(BODY.decode().encode("utf-16-be"), id="utf-16-be"),
        pytest.param(b" \r\n" + BODY + b"\n\x00", id="blanks"),
        pytest.param(b"[" + BODY + b"]", id="array of one"),
        pytest.param(json.dumps(BODY.decode()).encode(), id="string"),
        pytest.param(json.dumps([json.dumps(BODY.decode())]).encode(), id="string in string in array"),
        pytest.param(
            b"@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\x9b"
            + len(BODY).to_bytes(2, "little")
            + BODY,
            id="BrokeredMessage of a string",
        ),
        pytest.param(
            b"@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\x9a\x0a\x00"
            + BODY[:10]
            + b"\x9b"
            + (len(BODY) - 10).to_bytes(2, "little")
            + BODY[10:],
            id="BrokeredMessage in two chunks",
        ),
        pytest.param(
            b"@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\xffgarbage" + BODY + b"\x01",
            id="BrokeredMessage of another form",
        ),
        pytest.param(
            json.dumps([{"id": "1", "eventType": "x", "topic": "/t", "data": BODY.decode()}]).encode(),
            id="Event Grid with a string",
        ),
        pytest.param(
            b'{"id": "1", "eventType": "x", "data":  ' + BODY + b" }",
            id="Event Grid with an object",
        ),
        pytest.param(
            b'{"id": "1", "source": "/s", "type": "t", "specversion": "1.0", "data":[' + BODY + b"]}",
            id="CloudEvent with an array",
        ),
    ],
)
def test_wrapped_business_events_decode_alike(body):
    event = one(body)
    assert isinstance(event, Event), event
    assert bytes(event.data) == BODY
    assert event.id == CONTRACT["EventId"]
    assert event.source == URL + "/finance-operations"


@pytest.mark.parametrize("body", [b"", b"  ", b"null", b"{}", b"[]", b'""', b'" "', b"\x00", b"\xef\xbb\xbf"])
def test_an_empty_message_is_ignored(body):
    assert isinstance(item := one(body), Ignored)
    assert item.reason == "empty"


@pytest.mark.parametrize(
    "body",
    [
        {"BusinessEventId": ""},
        {"BusinessEventId": None, "ControlNumber": 0},
        {"BusinessEventId": "BusinessEventsTestEndpointContract"},
        {"a": None, "b": 0, "c": []},
        b"Test",
        b"This is a test message.",
        '"Test message"',
    ],
)
def test_a_test_message_is_ignored(body):
    assert isinstance(item := one(body.encode() if isinstance(body, str) else body), Ignored)
    assert item.reason == "test_message"


def test_an_event_grid_handshake_is_ignored():
    item = one([{"id": "1", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {}}])
    assert isinstance(item, Ignored)
    assert item.reason == "handshake"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<xml/>", "UnsupportedEncoding"),
        (b"@\x15RemoteExecutionContext\x08", "UnsupportedEncoding"),
        (b"{", "Undecodable"),
        (b"true", "Undecodable"),
        (b'{"foo": 1}', "Undecodable"),
        (b'{"a": 1e999}', "Undecodable"),
        (b'{"a": NaN}', "Undecodable"),
        (b"\xff\xfd", "Undecodable"),
        (b'{"BusinessEventId": "\xff"}', "Undecodable"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "TooDeep"),
        (b'{"a":' * 100_000, "TooDeep"),
        (b"[" * 100_000, "TooDeep"),
        (b'{"specversion": "0.3", "id": "1"}', "Undecodable"),
        (b'{"specversion": "1.0", "id": "", "source": "/s", "type": "t"}', "Undecodable"),
        (b'{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data_base64": "?"}', "Undecodable"),
    ],
)
def test_what_cannot_be_read_says_why_and_keeps_its_bytes(body, reason):
    item = one(body)
    assert isinstance(item, Undecoded)
    assert item.reason == reason
    assert item.message
    assert item.hint
    assert item.raw in body


def test_msbin1_is_named_by_its_content_type():
    item = one(b"\x01\x02\x03", content_type="application/msbin1")
    assert item.reason == "UnsupportedEncoding"
    assert "JSON" in item.hint


def test_a_large_body_is_not_read():
    assert one(BODY, limits=Limits(max_bytes=len(BODY))).id == CONTRACT["EventId"]
    assert one(BODY, limits=Limits(max_bytes=len(BODY) - 1)).reason == "TooLarge"


def test_too_many_events_in_one_message_are_refused():
    body = b"[" + b",".join([BODY] * 4) + b"]"
    assert len(decode(inbound(body, limits=Limits(max_events=4))).items) == 4
    assert one(body, limits=Limits(max_events=3)).reason == "TooLarge"
    assert one(b"[" + b",".join([b"[" + BODY + b"]"] * 2) + b"," + body + b"]", limits=Limits(max_events=5)).raw


@pytest.mark.parametrize("bad", [b'{"a": 1e999}', b'{"b": "\xff"}', b'{"c": NaN}', b"{]}", b'{"d":' * 99, b"7"])
def test_a_bad_element_does_not_lose_the_others(bad):
    items = decode(inbound(b"[" + BODY + b", " + bad + b"]")).items
    assert isinstance(items[0], Event)
    assert any(isinstance(item, Undecoded) for item in items[1:])


def test_a_truncated_array_keeps_what_is_whole():
    items = decode(inbound(b"[" + BODY + b"," + BODY[:40])).items
    assert isinstance(items[0], Event)
    assert isinstance(items[1], Undecoded)


def test_half_a_character_is_replaced_and_the_body_kept():
    body = b'{"BusinessEventId": "X", "Note": "cut \\ud83d", "Whole": "\\ud83d\\ude00", "Slash": "\\\\ud83d"}'
    event = one(body)
    assert event.payload == {"BusinessEventId": "X", "Note": "cut �", "Whole": "😀", "Slash": "\\ud83d"}
    assert event.raw == body


def nested(depth):
    value = 1
    for _ in range(depth - 6):
        value = [value]
    return {"MessageName": "X", "InputParameters": [{"key": "A", "value": {"a": {"b": {"c": value}}}}]}


def test_no_configured_depth_can_exhaust_the_stack():
    limits = Limits(max_depth=100_000)
    event = one(nested(128), limits=limits)
    assert isinstance(event, Event)
    assert event.payload["inputParameters"]["A"]["a"]
    assert one(nested(129), limits=limits).reason == "TooDeep"


@pytest.mark.parametrize("number", [0, True, "", "0", "x", "1" * 20, 10**30, 1.5, 1e300, None, [], {"a": 1}])
def test_what_is_no_control_number_is_no_identity(number):
    event = one({"BusinessEventId": "X", "ControlNumber": number})
    assert len(event.id) == 36
    assert "controlnumber" not in event.extensions


@pytest.mark.parametrize(
    "envelope", [{"ControlNumber": 5, "EventId": ZERO}, {"BusinessEventId": {"a": 1}, "ControlNumber": 5}]
)
def test_an_envelope_without_a_name_gives_no_identity(envelope):
    event = one({"MessageName": "X", "InputParameters": [], "PrimaryEntityName": "none", **envelope})
    assert len(event.id) == 36


def test_numbers_beyond_int64_survive_in_a_rebuilt_contract():
    parameters = [{"key": "BusinessEventId", "value": "X"}, {"key": "Big", "value": 10**30}]
    event = one({"MessageName": "X", "InputParameters": parameters})
    assert isinstance(event, Event)
    assert event.shape == "business_event"
    assert event.payload["Big"] == 10**30


def test_latin_1_is_read_by_its_charset():
    body = '{"BusinessEventId": "X", "Name": "Müller"}'.encode("latin-1")
    assert one(body, content_type="application/json; charset=ISO-8859-1").payload["Name"] == "Müller"
    assert one(body, content_type="application/json; charset=punycode").reason == "Undecodable"
    assert one(body).reason == "Undecodable"


def test_a_message_that_cannot_be_read_is_kept_as_it_came_not_as_it_was_transcoded():
    body = b"\xff\xfe\x00\xd8" + "ä€".encode("utf-16-le")
    (item,) = decode(inbound(body)).items
    assert isinstance(item, Undecoded)
    assert item.raw == body
