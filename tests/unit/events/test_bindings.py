"""CloudEvents beside the body: which mode a message is in, and how headers and properties are read."""

import json
import uuid
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings import http as their_http
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given

from integration.events import cloudevents
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Undecoded
from integration.functions.convert import properties_of
from tests.strategies.events import legal, message

BESIDE = {"ce-specversion": "1.0", "ce-id": "beside", "ce-source": "/beside", "ce-type": "beside"}
PROPERTIES = {f"cloudEvents_{name[3:]}": value for name, value in BESIDE.items()}
ENVELOPE = {"specversion": "1.0", "id": "inside", "source": "/inside", "type": "inside", "data": {"a": 1}}
STRUCTURED = (
    "application/cloudevents+json",
    "application/cloudevents+json; charset=utf-8",
    "Application/CloudEvents+JSON",
    " application/cloudevents",
)
BATCH = "application/cloudevents-batch+json; charset=utf-8"


def all_of(body, **more):
    return decode(message(body if isinstance(body, bytes) else json.dumps(body).encode(), **more)).items


def one(body, **more):
    (event,) = all_of(body, **more)
    assert isinstance(event, Event)
    return event


def refused(body, **more):
    (item,) = all_of(body, **more)
    assert isinstance(item, Undecoded)
    return item


def binary(body=b"{}", **headers):
    return one(body, headers={**BESIDE, **headers}, content_type="application/json")


@pytest.mark.parametrize("beside", [{"headers": BESIDE}, {"properties": PROPERTIES}])
@pytest.mark.parametrize("content_type", STRUCTURED)
def test_a_structured_event_wins_over_attributes_beside_it(beside, content_type):
    event = one(ENVELOPE, content_type=content_type, **beside)
    assert (event.id, event.source, event.type) == ("inside", "/inside", "inside")
    assert bytes(event.data) == b'{"a": 1}'


@pytest.mark.parametrize("beside", [{"headers": BESIDE}, {"properties": PROPERTIES}])
def test_a_batch_wins_over_attributes_beside_it(beside):
    found = all_of([ENVELOPE, ENVELOPE | {"id": "2"}], content_type=BATCH, **beside)
    assert [event.id for event in found if isinstance(event, Event)] == ["inside", "2"]


@pytest.mark.parametrize("beside", [{"headers": BESIDE}, {"properties": PROPERTIES}])
def test_any_other_content_type_leaves_binary_mode_and_the_body_is_data(beside):
    event = one(ENVELOPE, content_type="application/json", **beside)
    assert event.id == "beside"
    assert event.payload == ENVELOPE


@pytest.mark.parametrize("kind", ["avro", "protobuf"])
@pytest.mark.parametrize("beside", [{}, {"headers": BESIDE}, {"properties": PROPERTIES}])
def test_a_format_that_cannot_be_read_is_no_data_of_what_stands_beside_it(kind, beside):
    item = refused(b"\x02\x03abc", content_type=f"application/cloudevents+{kind}", **beside)
    assert item.reason == "UnsupportedEncoding"
    assert kind in item.message
    assert item.raw == b"\x02\x03abc"


def test_an_empty_structured_message_is_still_empty():
    (item,) = all_of(b"", content_type="application/cloudevents+avro")
    assert not isinstance(item, Event | Undecoded)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e2%82%ac", "€"),
        ("%41%2D%7e", "A-~"),
        ("%2525", "%25"),
        ("100%", "100%"),
        ("%zz", "%zz"),
        ('"in quotes"', "in quotes"),
        (r'"a \"quoted\" word"', 'a "quoted" word'),
        (r'"back\\slash"', r"back\slash"),
        (r'"%22\%41"', '"A'),
        (r"C:\dir\"x", r"C:\dir\"x"),
        ('a "b" c', "a b c"),
        ("a+b", "a+b"),
    ],
)
def test_a_header_is_unquoted_and_then_decoded_once(written, read):
    assert binary(**{"ce-subject": written}).subject == read
    assert binary(**{"ce-myname": written}).extensions == {"myname": read}
    assert binary(**{"ce-id": written}).id == read


@pytest.mark.parametrize("written", ["%C0%A0", "%ff", "%E2%82", "%ED%A0%80", '"%80"', "a%F5%80%80%80"])
@pytest.mark.parametrize("name", ["ce-id", "ce-subject", "ce-myname"])
def test_ill_formed_utf_8_in_a_header_is_refused(written, name):
    item = refused({}, headers={**BESIDE, name: written}, content_type="application/json")
    assert item.reason == "Undecodable"
    assert name in item.message
    assert item.raw == b"{}"


def test_ill_formed_headers_beside_a_structured_event_are_not_read():
    assert one(ENVELOPE, headers={**BESIDE, "ce-subject": "%ff"}, content_type=STRUCTURED[0]).id == "inside"


@given(legal)
def test_what_the_library_writes_into_headers_is_read(text):
    theirs = CloudEvent({"id": text, "source": "/s", "type": "t", "subject": text, "other": text}, b"x")
    sent = their_http.to_binary_event(theirs)
    headers = {name.lower(): value for name, value in sent.headers.items()}
    event = one(b"x", headers=headers, content_type="text/plain")
    assert (event.id, event.subject, event.extensions["other"]) == (text, text, text)


@given(legal)
def test_headers_that_we_write_are_read_and_hold_nothing_that_must_be_encoded(text):
    sent = Event(id=text, source="/s", type="t", organization="contoso", subject=text, extensions={"other": text})
    headers, body = cloudevents.binary(sent)
    for name, value in headers.items():
        assert not set(value) & set(' "') or name == "content-type"
        assert all("\x21" <= character <= "\x7e" for character in value)
    del headers["ce-organization"]
    event = one(body, headers=headers)
    assert (event.id, event.subject, event.extensions) == (text, text, {"other": text})


@pytest.mark.parametrize("prefix", ["cloudEvents:", "cloudEvents_", "CloudEvents_", "cloudevents:"])
@pytest.mark.parametrize("separate", [True, False])
def test_properties_have_both_prefixes_and_native_types(prefix, separate):
    values = {"specversion": "1.0", "id": 42, "source": "/s", "type": "t", "time": 1714558830123}
    values |= {"flag": True, "off": False, "count": 7, "whole": 5.0, "half": 0.5, "large": 2**40, "none": None}
    properties = {prefix + name: value for name, value in values.items()}
    event = one(b"\xfb\xef\xbf", properties=properties, content_type="application/octet-stream")
    assert event.id == "42"
    assert event.time == datetime(2024, 5, 1, 10, 20, 30, 123000, tzinfo=UTC)
    assert bytes(event.data) == b"\xfb\xef\xbf"
    expected = {"flag": True, "off": False, "count": 7, "whole": 5, "half": "0.5", "large": str(2**40)}
    assert event.extensions == expected


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC), "2024-05-01T10:20:30+00:00"),
        (datetime(2024, 5, 1, 10, 20, 30), "2024-05-01T10:20:30+00:00"),  # noqa: DTZ001 - the host's are in UTC
        (b"\xfb\xef\xbf", "+++/"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (2**63 - 1, 2**63 - 1),
        (True, True),
        ("2024-05-01T10:20:30Z", "2024-05-01T10:20:30Z"),
    ],
)
def test_a_property_of_any_amqp_type_is_read_as_cloud_events_writes_it(value, read):
    assert properties_of({"cloudEvents:a": value}) == {"cloudEvents:a": read}


def test_properties_in_their_text_form_are_the_same_event():
    native = PROPERTIES | {"cloudEvents_time": 1714558830000}
    written = PROPERTIES | {"cloudEvents_time": "2024-05-01T10:20:30Z"}
    assert one({}, properties=native).time == one({}, properties=written).time


def test_a_message_without_the_version_is_in_no_mode():
    headers = {name: value for name, value in BESIDE.items() if name != "ce-specversion"}
    assert refused({"a": 1}, headers=headers).message.startswith("no known shape")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-8-sig", "latin-1"])
def test_json_that_was_transcoded_does_not_keep_the_name_of_its_encoding(encoding):
    body = '{"name": "Grüße"}'.encode(encoding)
    content_type = f"application/json; charset={encoding.removesuffix('-sig').removesuffix('-le')}"
    event = one(body, headers=BESIDE, content_type=content_type)
    assert event.payload == {"name": "Grüße"}
    assert bytes(event.data) == '{"name": "Grüße"}'.encode()
    assert event.datacontenttype == "application/json; charset=utf-8"


@pytest.mark.parametrize("body", [b"\xfb\xef\xbf", b" not json ", "é".encode("utf-16")])
def test_what_only_claims_to_be_json_stays_as_it_came(body):
    event = one(body, headers=BESIDE, content_type="application/json")
    assert bytes(event.data) == body
    assert event.datacontenttype == "application/octet-stream"


def test_text_of_a_structured_event_is_labelled_with_the_encoding_that_it_has():
    body = ENVELOPE | {"datacontenttype": "text/plain; charset=iso-8859-1", "data": "Grüße"}
    event = one(body, content_type=STRUCTURED[0])
    assert bytes(event.data) == "Grüße".encode()
    assert event.datacontenttype == "text/plain; charset=utf-8"
