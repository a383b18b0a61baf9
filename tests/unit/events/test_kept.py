"""What is kept with a message: what decoding reads, and no key that stands beside it."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.config.keys.model import Configuration, HttpSource, Organization
from integration.delivery.queued.arrivals import Arrivals, Message
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Undecoded
from integration.events.kept import LONGEST_ATTRIBUTE, MOST_EXTENSIONS, excess, kept_headers, kept_properties
from tests.fake_clock import PassingClock
from tests.strategies.events import headers, message, properties

CLAIMS = "http://schemas.microsoft.com/xrm/2011/Claims/"
READ = {
    "ce-id": "1",
    "ce-comexample1": "1",
    "aeg-event-type": "Notification",
    "aeg-subscription-name": "S",
    "x-ms-dynamics-organization": "contoso.crm.dynamics.com",
    "x-ms-dynamics-msg-size-exceeded": "1",
    "x-ms-correlation-request-id": "c",
    "traceparent": "00-0-0-00",
}
SECRET = (
    "authorization",
    "x-functions-key",
    "cookie",
    "aeg-sas-key",
    "aeg-sas-token",
    "aeg-channel-name",
    "x-ms-dynamics-key",
    "x-ms-client-principal",
    "ce-",
    "ce-my_key",
    "ce-Key",
    "ce-" + "k" * 65,
    "ce-key ",
    "ce-é",
    "xce-id",
)
READ_PROPERTIES = {
    CLAIMS + "Organization": "contoso.crm.dynamics.com",
    CLAIMS.lower() + "initiatinguseragent": "FINOPS",
    "MessageMaxSizeExceeded": True,
    "Diagnostic-Id": "d",
    "cloudEvents:id": "1",
    "cloudEvents_Comexample": 7,
    "message-id": "m",
}
SECRET_PROPERTIES = (
    "Authorization",
    "SharedAccessKey",
    "x-opt-token",
    CLAIMS + "Key",
    CLAIMS,
    "cloudEvents_",
    "cloudEvents_my_key",
    "cloudEventsid",
    "aeg-sas-key",
)
MANY = {f"ce-x{number}": "1" for number in range(MOST_EXTENSIONS)}
REQUIRED = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t"}


CONFIGURATION = Configuration(
    organizations={
        "contoso": Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
    },
    sources={"erp": HttpSource(name="erp", organization="contoso")},
    routes=(),
    targets={},
)
ARRIVALS = Arrivals(CONFIGURATION, lambda: pytest.fail("there is no claim-check"), PassingClock())


def test_headers_are_kept_by_their_names():
    assert kept_headers(READ | dict.fromkeys(SECRET, "secret")) == READ


def test_properties_are_kept_by_their_names_in_any_case():
    assert kept_properties(READ_PROPERTIES | dict.fromkeys(SECRET_PROPERTIES, "secret")) == READ_PROPERTIES


def test_whichever_way_a_message_comes_it_keeps_no_more():
    inbound = ARRIVALS.inbound(
        Message(
            source="erp",
            body=b"{}",
            headers=READ | dict.fromkeys(SECRET, "secret"),
            properties=READ_PROPERTIES | dict.fromkeys(SECRET_PROPERTIES, "secret"),
        )
    )
    assert inbound.headers == READ
    assert inbound.properties == READ_PROPERTIES
    assert b"secret" not in json.dumps([inbound.headers, inbound.properties]).encode()


def test_what_no_store_takes_is_kept_in_another_form():
    properties = {"cloudEvents:a": "\ud800", "cloudEvents:b": 10**30, "cloudEvents:c": 10**5000, "cloudEvents:d": True}
    kept = kept_properties(properties)
    assert kept == {"cloudEvents:a": "?", "cloudEvents:b": str(10**30), "cloudEvents:c": None, "cloudEvents:d": True}
    assert kept_headers({"ce-a": "a\udcffb"}) == {"ce-a": "a?b"}
    inbound = ARRIVALS.inbound(Message(source="erp", body=b"", content_type="\ud800", properties=properties))
    assert msgspec.json.encode(inbound)


def test_many_or_long_attributes_are_too_much():
    assert excess(READ) == ""
    assert excess(REQUIRED | MANY) == ""
    assert "65 extension attributes; the limit is 64" in excess(REQUIRED | MANY | {"ce-one": "1"})
    assert excess({"ce-id": "x" * LONGEST_ATTRIBUTE}) == ""
    assert "ce-id is longer" in excess({"ce-id": "x" * (LONGEST_ATTRIBUTE + 1)})


@pytest.mark.parametrize("more", [0, 1])
def test_no_event_has_more_extensions_than_the_limit(more):
    names = [f"x{number}" for number in range(MOST_EXTENSIONS + more)]
    attributes = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", **dict.fromkeys(names, "v")}
    structured = message(json.dumps(attributes | {"data": {}}).encode())
    amqp = message(b"{}", properties={f"cloudEvents:{name}": value for name, value in attributes.items()})
    for inbound in (structured, amqp):
        (item,) = decode(inbound).items
        assert isinstance(item, Undecoded if more else Event)
        if isinstance(item, Undecoded):
            assert f"{MOST_EXTENSIONS + 1} extension attributes" in item.message


@given(headers, properties)
def test_decoding_reads_nothing_that_is_not_kept(given_headers, given_properties):
    body = b'{"BusinessEventId": "X", "EventId": "e"}'
    whole = message(body, headers=given_headers, properties=given_properties)
    kept = message(body, headers=kept_headers(given_headers), properties=kept_properties(given_properties))
    legal = [name for name in (*given_headers, *given_properties) if "a_b" not in name]
    if len(legal) == len(given_headers) + len(given_properties):
        assert decode(kept) == decode(whole)


@given(st.dictionaries(st.text(), st.text()))
def test_any_names_can_be_judged(given_names):
    assert set(kept_headers(given_names)) <= set(given_names)
    assert set(kept_properties(dict(given_names))) <= set(given_names)
