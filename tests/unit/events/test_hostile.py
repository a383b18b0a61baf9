"""Whatever a sender writes, decoding raises nothing and every event that it makes can be stored and sent."""

import itertools
import json
import time

import pytest

from integration.events import cloudevents
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.record import load, store
from tests.strategies.events import message

VALUES = {
    "5,000 digits": b"9" * 5000,
    "400,000 digits": b"-" + b"9" * 400_000,
    "exponent": b"1e999999",
    "fraction": b"0." + b"9" * 5000,
    "no number": b"NaN",
    "half a character": b'"\\ud800"',
    "halves": b'"\\udc00x\\ud83d"',
    "encoded half": b'"\xed\xa0\x80"',
    "zero": b'"\\u0000"',
    "no utf-8": b'"\xff"',
    "the same key": b'{"a": 1, "a": 2}',
    "the same type": b'{"__type": "Entity", "__type": "Money", "Value": 1, "Value": {}}',
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "at the limit": b"[" * 55 + b"]" * 55,
    "wrapped at the limit": b'{"__value":' * 50 + b"1" + b"}" * 50,
    "never closed": b"[" * 300_000,
    "odd keys": b'[{"key":{"SchemaName":{}},"value":1},{"key":null,"value":[]},{"key":[1],"value":{}}]',
    "huge choice": b'{"__type":"OptionSetValue","Value":' + b"9" * 400 + b"}",
    "far date": b'"/Date(999999999999999999)/"',
    "date before 1": b'"/Date(-62135596800001)/"',
    "strings in strings": json.dumps(json.dumps(json.dumps({"BusinessEventId": "x"}))).encode(),
}
BODIES = [
    b"%s",
    b"[%s]",
    b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data":%s}',
    b'{"specversion":"1.0","id":"1","source":"/s","type":"t","time":%s,"myext":%s}',
    b'{"specversion":"1.0","id":%s,"source":"/s","type":"t"}',
    b'{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":%s}',
    b'{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":%s,"data":"x"}',
    b'[{"id":%s,"eventType":"E","topic":%s,"subject":%s,"eventTime":%s,"dataVersion":%s,"data":1}]',
    b'[{"id":"1","eventType":"E","topic":"/t","data":%s}]',
    b'{"BusinessEventId":"x","ControlNumber":%s,"EventTime":%s,"v":%s}',
    b'{"MessageName":"u","InputParameters":[],"Mode":%s,"Depth":%s,"OperationId":%s,"EventTime":%s}',
    b'{"MessageName":"u","InputParameters":[],"ParentContext":%s,"PostEntityImages":%s,"SharedVariables":%s}',
    b'{"MessageName":"u","InputParameters":{"BusinessEventId":%s,"x":%s}}',
    b'{"MessageName":"u","InputParameters":[{"key":"Target","value":{"Attributes":[{"key":"f","value":%s}]}}]}',
]
BINARY = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
TRANSPORTS = {
    "none": {},
    "structured": {"content_type": "application/cloudevents+json", "headers": {"ce-specversion": "%ff"}},
    "headers": {"headers": {f"ce-{name}": value for name, value in BINARY.items()}, "content_type": "text/json"},
    "properties": {
        "properties": {
            "cloudEvents:specversion": "1.0",
            "cloudEvents:id": 10**30,
            "cloudEvents:source": "\ud800",
            "cloudEvents:type": float("nan"),
            "cloudEvents:time": 10**30,
            "cloudEvents:f": float("inf"),
            "cloudEvents:g": 1e300,
        }
    },
}


def usable(event):
    _ = event.payload
    assert load(store(event)) == event
    cloudevents.structured(event)
    headers, _ = cloudevents.binary(event)
    assert all(value.isascii() and value.isprintable() for value in headers.values())
    cloudevents.amqp(event)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("value", VALUES)
def test_nothing_is_raised(value, transport):
    for body in BODIES:
        items = decode(message(body.replace(b"%s", VALUES[value]), **TRANSPORTS[transport])).items
        assert items
        for item in items:
            if isinstance(item, Event):
                usable(item)


@pytest.mark.parametrize("text", ['"' * 8192, '"\\' * 4096, '\\"' * 4096, '"' + '\\"' * 4096, "%" * 8192, "%f" * 4096])
def test_a_hostile_header_costs_one_pass(text):
    headers = {f"ce-{name}": value for name, value in BINARY.items()}
    headers |= {f"ce-x{number}": text for number in range(64)}
    started = time.process_time()
    decode(message(b"{}", headers=headers))
    assert time.process_time() - started < 2  # of the processor


@pytest.mark.parametrize(
    ("first", "second"), [*itertools.permutations(["BusinessEventId", "MessageName", "specversion"], 2)]
)
def test_a_shape_that_claims_to_be_two_is_read_as_one(first, second):
    values = {"BusinessEventId": "x", "MessageName": "u", "specversion": "1.0"}
    assert len(decode(message(json.dumps({first: values[first], second: values[second]}).encode())).items) == 1
