"""What tells one event from another."""

import itertools
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.events.decode import decode
from integration.events.event import Event, event_key
from integration.events.identity import comparable
from integration.events.record import load, store
from tests.unit.events.test_decode import inbound

GUID = "4EF5A7C0-11D2-4C5B-9D77-3B1F0C2A9E10"
SPELLED = (GUID, GUID.lower(), f"{{{GUID}}}", f"{{{GUID.lower()}}}", f" {{{GUID}}} ", GUID.replace("-", ""))


def an_event(**changes) -> Event:
    return Event(**{"id": "1", "source": "s", "type": "T", "organization": "contoso", "group": "erp", **changes})


def test_the_sender_is_part_of_what_an_event_is():
    assert an_event().key != an_event(group="other").key
    assert an_event().key != an_event(organization="fabrikam").key
    assert an_event(ingress="http").key == an_event(ingress="bus").key


def test_the_source_attribute_counts_of_foreign_cloud_events_only():
    assert an_event(source="a").key == an_event(source="b").key
    assert an_event(source="a", foreign=True).key != an_event(source="b", foreign=True).key


@pytest.mark.parametrize("spelled", SPELLED)
def test_an_id_that_is_a_guid_is_compared_without_case_and_braces(spelled):
    assert comparable(spelled) == comparable(GUID)
    assert an_event(id=spelled).key == an_event(id=GUID).key


@pytest.mark.parametrize("other", [f"x{GUID}", GUID[:-1], GUID.replace("4", "g"), "A", "{A}", "contoso:X:1"])
def test_any_other_id_is_compared_as_it_is(other):
    assert comparable(other) == other
    assert an_event(id=other).key != an_event(id=GUID).key
    assert an_event(id=other).key != an_event(id=other.swapcase()).key


def test_the_id_of_a_foreign_cloud_event_is_its_own_systems():
    foreign = {"foreign": True, "shape": "cloud_event"}
    assert an_event(id=GUID, **foreign).key != an_event(id=GUID.lower(), **foreign).key


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), min_size=8, max_size=8))
def test_no_two_events_that_differ_in_a_part_have_one_key(texts):
    keys: dict[str, tuple[str, ...]] = {}
    for parts in itertools.product(texts[:2], texts[2:4], texts[4:6], texts[6:]):
        organization, group, source, id_ = parts
        assert keys.setdefault(event_key(organization, id_, group=group, source=source), parts) == parts


@pytest.mark.parametrize("joint", ["\x00", "|", '","', "\\", " "])
def test_parts_cannot_be_moved_across_the_joints(joint):
    one = event_key("o", f"b{joint}c", group="g", source="a")
    assert one != event_key("o", "c", group="g", source=f"a{joint}b")
    assert event_key("o", "c", group=f"g{joint}a", source="b") != event_key("o", "c", group="g", source=f"a{joint}b")


@pytest.mark.parametrize(
    "body",
    [
        {"BusinessEventId": "T", "EventId": GUID},
        {
            "MessageName": "Update",
            "PrimaryEntityName": "account",
            "OperationId": GUID,
            "Mode": 1,
            "InputParameters": [],
        },
        {"specversion": "1.0", "id": GUID, "source": "s", "type": "t"},
        {"id": GUID, "eventType": "t", "topic": "s", "data": {}},
    ],
)
def test_every_shape_is_its_senders(body):
    message = inbound(json.dumps(body).encode())
    (event,) = decode(message).events
    assert event.group == message.ingress
    (other,) = decode(msgspec.structs.replace(message, ingress="other")).events
    assert other.key != event.key
    together = [decode(msgspec.structs.replace(message, ingress=each, group="both")).events[0] for each in ("a", "b")]
    assert together[0].key == together[1].key


def test_what_is_stored_keeps_its_key():
    event = an_event(id=GUID)
    assert load(store(event)).key == event.key


def test_what_was_stored_before_there_were_groups_keeps_the_key_that_its_row_has():
    stored = b'{"v":1,"id":"1","source":"s","type":"T","organization":"contoso","shape":"business_event"}'
    assert load(stored).key == "023b2f7c5ca6577af73694cbde5a694b1fc9c2a7e40a56bb5f7a9cce5bce5918"
