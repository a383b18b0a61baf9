"""What we encode, the cloudevents library reads back unchanged; what it encodes, we decode."""

import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings import amqp as their_amqp
from cloudevents.core.bindings import http as their_http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from msgspec import Raw

from integration.events import cloudevents
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Inbound
from integration.events.record import load, store
from tests.strategies.events import events

RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)


def inbound(body, **more):
    return Inbound(
        body=body,
        ingress="erp",
        organization="contoso",
        organization_url="https://contoso.crm.dynamics.com",
        received_at=RECEIVED,
        **more,
    )


def expected(event, *, typed=True):
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "organization": event.organization,
        **event.extensions,
    }
    if not typed:
        attributes = {
            name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in attributes.items()
        }
    optional = {"subject": event.subject, "time": event.time, "dataschema": event.dataschema}
    attributes |= {name: value for name, value in optional.items() if value is not None}
    if event.data:
        attributes["datacontenttype"] = event.datacontenttype
    return attributes


def without_time(attributes, event):
    """The library invents a time where an event has none."""
    return {name: value for name, value in attributes.items() if name != "time" or event.time is not None}


def data_of(event):
    if not event.data:
        return None
    return json.loads(bytes(event.data)) if event.is_json else bytes(event.data)


@given(events())
def test_the_library_reads_the_json_format_unchanged(event):
    read = JSONFormat().read(CloudEvent, cloudevents.structured(event))
    assert without_time(read.get_attributes(), event) == expected(event)
    data = read.get_data()
    assert (data.encode() if isinstance(data, str) and not event.is_json else data) == data_of(event)


@given(events())
def test_the_library_reads_http_binary_mode_unchanged(event):
    headers, body = cloudevents.binary(event)
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    read = their_http.from_binary_event(their_http.HTTPMessage(headers, body))
    assert without_time(read.get_attributes(), event) == expected(event, typed=False)
    assert body == bytes(event.data)
    if event.is_json and event.data:
        assert read.get_data() == data_of(event)


@given(events())
def test_the_library_reads_amqp_unchanged(event):
    properties, content_type, body = cloudevents.amqp(event)
    message = their_amqp.AMQPMessage({"content-type": content_type} if content_type else {}, properties, body)
    read = their_amqp.from_binary_event(message)
    assert without_time(read.get_attributes(), event) == expected(event)
    assert body == bytes(event.data)


@given(events())
def test_json_data_is_embedded_byte_for_byte(event):
    if event.data and event.is_json:
        assert bytes(event.data) in cloudevents.structured(event)


def test_a_batch_is_an_array_of_structured_events():
    event = Event(id="1", source="/s", type="t", organization="contoso", data=Raw(b"{}"))
    batch = cloudevents.batch([event, event])
    assert batch == b"[" + cloudevents.structured(event) + b"," + cloudevents.structured(event) + b"]"
    assert cloudevents.batch([]) == b"[]"


def test_text_that_would_end_a_header_is_encoded():
    event = Event(id='a\r\nx: 1%"é', source="/s", type="t", organization="contoso")
    headers, _ = cloudevents.binary(event)
    assert headers["ce-id"] == "a%0D%0Ax:%201%25%22%C3%A9"


THEIRS = CloudEvent(
    {
        "id": 'A-1 "é"',
        "source": "/warehouse/7",
        "type": "com.example.moved",
        "subject": "pallet 17",
        "time": datetime(2026, 1, 1, 12, 0, 0, 500, UTC),
        "datacontenttype": "application/json",
        "comexample": "value",
    },
    {"pallet": 17},
)


def messages():
    structured = their_http.to_structured_event(THEIRS)
    yield "http structured", inbound(bytes(structured.body), content_type="application/cloudevents+json")
    binary = their_http.to_binary_event(THEIRS)
    headers = {name.lower(): value for name, value in binary.headers.items()}
    yield "http binary", inbound(bytes(binary.body), content_type=headers.pop("content-type"), headers=headers)
    amqp = their_amqp.to_binary_event(THEIRS)
    for prefix in ("cloudEvents_", "cloudEvents:"):
        properties = {
            name.replace("cloudEvents_", prefix): value for name, value in amqp.application_properties.items()
        }
        yield prefix, inbound(bytes(amqp.application_data), content_type="application/json", properties=properties)


@pytest.mark.parametrize("message", [pytest.param(message, id=name) for name, message in messages()])
def test_what_the_library_encodes_is_decoded(message):
    (event,) = decode(message).items
    assert isinstance(event, Event)
    assert (event.id, event.source, event.type) == ('A-1 "é"', "/warehouse/7", "com.example.moved")
    assert event.subject == "pallet 17"
    assert event.extensions == {"comexample": "value"}
    assert event.payload == {"pallet": 17}
    assert event.foreign
    assert event.time is not None
    assert event.time.replace(microsecond=0) == datetime(2026, 1, 1, 12, tzinfo=UTC)


XML = '<?xml version="1.0"?>\r\n<a wow="ü">\u2028</a>'
CONTENTS = [
    ("text/plain", 'é \x00 "quoted"\n'),
    ("text/csv; charset=utf-8", "a;b\r\n1;2"),
    ("application/xml", XML),
    ("application/soap+xml; charset=UTF-8", XML),
    ("application/octet-stream", b"\x00\xff<"),
    ("text/plain; charset=iso-8859-1", "é".encode("latin-1")),
    ("text/plain; charset=utf-16", b"h\x00i\x00"),
    ("application/pdf", b"%PDF-1.7"),
]


@pytest.mark.parametrize(("content_type", "data"), CONTENTS)
@pytest.mark.parametrize("way", ["structured", "http", "amqp"])
def test_data_of_any_type_goes_through_and_is_read_by_the_library_as_it_was_written_by_it(content_type, data, way):
    theirs = CloudEvent({**THEIRS.get_attributes(), "datacontenttype": content_type}, data)
    if way == "structured":
        came = inbound(JSONFormat().write(theirs), content_type="application/cloudevents+json")
    elif way == "http":
        sent = their_http.to_binary_event(theirs)
        headers = {name.lower(): value for name, value in sent.headers.items()}
        came = inbound(bytes(sent.body), content_type=headers.pop("content-type"), headers=headers)
    else:
        sent = their_amqp.to_binary_event(theirs)
        came = inbound(
            bytes(sent.application_data), content_type=content_type, properties=dict(sent.application_properties)
        )
    (event,) = decode(came).items
    event = load(store(event))
    assert bytes(event.data) == (data.encode() if isinstance(data, str) else data)
    read = JSONFormat().read(CloudEvent, cloudevents.structured(event))
    assert (read.get_data(), read.get_datacontenttype()) == (data, content_type)
    headers, body = cloudevents.binary(event)
    by_http = their_http.from_binary_event(their_http.HTTPMessage(headers, body))
    properties, kind, content = cloudevents.amqp(event)
    message = their_amqp.AMQPMessage({"content-type": kind}, properties, content)
    by_amqp = their_amqp.from_binary_event(message)
    for each in (by_http, by_amqp):
        found = each.get_data()
        assert (found.encode() if isinstance(found, str) else found) == bytes(event.data)
        assert each.get_datacontenttype() == content_type


def test_a_batch_is_decoded():
    one = JSONFormat().write(THEIRS)
    decoded = decode(inbound(b"[" + one + b"," + one + b"]", content_type="application/cloudevents-batch+json"))
    assert [event.id for event in decoded.events] == ['A-1 "é"'] * 2


def test_binary_mode_keeps_data_that_is_no_json():
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}
    (event,) = decode(inbound(b"\x00\xff<", content_type="application/octet-stream", headers=headers)).items
    assert isinstance(event, Event)
    assert bytes(event.data) == b"\x00\xff<"
    assert event.datacontenttype == "application/octet-stream"


def test_a_structured_event_of_text_keeps_its_text():
    body = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "datacontenttype": "text/plain", "data": "é"}
    (event,) = decode(inbound(json.dumps(body).encode())).items
    assert isinstance(event, Event)
    assert bytes(event.data) == "é".encode()
    assert event.payload == "é"


def test_extensions_have_legal_names_and_types():
    body = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
    body |= {"Bad_Name": 1, "n": 2**40, "flag": True, "none": None, "object": {"a": 1}}
    (event,) = decode(inbound(json.dumps(body).encode())).items
    assert isinstance(event, Event)
    assert event.organization == "contoso"
    assert event.extensions == {"badname": 1, "n": str(2**40), "flag": True, "object": '{"a":1}'}


@pytest.mark.parametrize("hostile", ["a\r\nb", "a\x00b", "x" * 5000, "\x7f", "﷐"])
def test_hostile_attributes_become_legal_ones_and_stay_distinct(hostile):
    def event_of(text):
        body = {"specversion": "1.0", "id": text, "source": "/s", "type": "t", "subject": text}
        (event,) = decode(inbound(json.dumps(body).encode())).items
        assert isinstance(event, Event)
        return event

    event = event_of(hostile)
    assert event.id
    assert len(event.id) <= 512
    assert event.id.isprintable()
    assert len(event.subject or "") <= 2048
    assert (event.subject or "").isprintable()
    assert event_of(hostile).id == event.id
    assert event_of(hostile + "1").id != event.id


def test_a_hostile_content_type_never_reaches_a_header():
    body = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {}, "datacontenttype": "a/b\r\nx: y"}
    (event,) = decode(inbound(json.dumps(body).encode())).items
    assert isinstance(event, Event)
    headers, _ = cloudevents.binary(event)
    assert headers["content-type"] == "application/octet-stream"
