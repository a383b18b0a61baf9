"""What holds for every message, drawn by hypothesis."""

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.events import cloudevents
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Ignored, Undecoded
from integration.events.record import load, store
from tests.strategies import events as draw


def only(body, **more):
    (item,) = decode(draw.message(body, **more)).items
    assert isinstance(item, Event), item
    return item


@settings(max_examples=200)
@given(draw.bodies, st.sampled_from(["", "application/json", "application/msbin1", "text/plain; charset=latin-1", "x"]))
def test_decoding_never_raises_and_always_says_something(body, content_type):
    items = decode(draw.message(body, content_type=content_type)).items
    assert items
    for item in items:
        usable(item)


@settings(max_examples=100)
@given(draw.bodies, draw.headers, draw.properties)
def test_headers_and_properties_never_make_it_raise(body, headers, properties):
    for item in decode(draw.message(body, headers=headers, properties=properties)).items:
        usable(item)


def usable(item):
    """Whatever was decoded can be filtered, stored, loaded and sent."""
    if isinstance(item, Event):
        assert item.id
        assert item.source
        assert item.type
        assert item.key
        if item.data and item.is_json:
            assert item.payload == msgspec.json.decode(item.data)
        assert load(store(item)) == item
        json.loads(cloudevents.structured(item))
        headers, _ = cloudevents.binary(item)
        assert all(value.isascii() and value.isprintable() for value in headers.values())
        cloudevents.amqp(item)
    else:
        assert isinstance(item, Ignored | Undecoded)
        assert item.reason


@given(draw.business_events, st.integers(0, 3))
def test_a_business_event_is_its_contract_byte_for_byte(contract, indent):
    body = json.dumps(contract, indent=indent or None, ensure_ascii=False).encode()
    event = only(body)
    assert bytes(event.data) == body
    assert event.payload == json.loads(body)
    assert event.id == contract["EventId"]


@given(draw.business_events.flatmap(lambda contract: st.tuples(st.just(contract), draw._envelope(contract))))
def test_a_wrapped_business_event_is_the_same_event(pair):
    contract, envelope = pair
    event = only(draw.dumps(envelope))
    assert event.payload == contract
    assert event.id == contract["EventId"]
    assert not event.foreign


@given(draw.payloads)
def test_a_redelivery_has_the_same_id_and_bytes(payload):
    body = draw.dumps(payload)
    first, second = only(body), only(body)
    assert first == second
    assert cloudevents.structured(first) == cloudevents.structured(second)


@given(draw.contexts, draw.contexts)
def test_different_contexts_have_different_ids(one, other):
    one.pop("OperationId", None)
    other.pop("OperationId", None)
    assert (only(draw.dumps(one)).id == only(draw.dumps(other)).id) == (draw.dumps(one) == draw.dumps(other))


@given(draw.contexts)
def test_the_case_of_property_names_does_not_matter(context):
    def lowered(node):
        if isinstance(node, dict):
            known = {"key", "value", "__type"}
            return {
                name if name in known else name[:1].lower() + name[1:]: lowered(item) for name, item in node.items()
            }
        return [lowered(item) for item in node] if isinstance(node, list) else node

    same, other = only(draw.dumps(context)), only(draw.dumps(lowered(context)))
    assert (same.type, same.subject, same.shape) == (other.type, other.subject, other.shape)
    assert same.payload == other.payload
    assert same.origin == other.origin


@given(draw.contexts)
def test_escaped_slashes_change_nothing_but_the_body(context):
    body = draw.dumps(context)
    assert only(body).payload == only(body.replace(b"/", b"\\/")).payload


@given(draw.contexts)
def test_a_context_keeps_its_body_and_the_names_of_its_attributes(context):
    body = draw.dumps(context)
    event = only(body)
    assert event.raw == body
    target = next((pair["value"] for pair in context["InputParameters"] if pair["key"] == "Target"), None)
    if target and "Attributes" in target:
        assert {pair["key"] for pair in target["Attributes"]} <= event.payload["target"].keys()


@given(st.lists(draw.payloads, min_size=1, max_size=4))
def test_an_array_gives_its_events_in_order(payloads):
    items = decode(draw.message(draw.dumps(payloads))).items
    assert [item.id for item in items if isinstance(item, Event)] == [only(draw.dumps(p)).id for p in payloads]


@given(draw.events())
def test_a_stored_event_comes_back_unchanged(event):
    again = load(store(event))
    assert again == event
    assert bytes(again.data) == bytes(event.data)
    assert json.loads(store(event))["v"] == 1
    assert cloudevents.structured(again) == cloudevents.structured(event)


@given(draw.events())
def test_stamping_adds_attributes_and_keeps_the_rest(event):
    _ = event.payload
    stamped = event.stamp({"fnourl": "https://x"})
    assert stamped.extensions == {**event.extensions, "fnourl": "https://x"}
    assert msgspec.structs.replace(stamped, extensions=event.extensions) == event
    assert stamped.key == event.key
