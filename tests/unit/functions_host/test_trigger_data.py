"""What a trigger hands over, body and metadata, is spelled and bound as Azure's extensions do."""

import json
from types import SimpleNamespace

import pytest
from azure.servicebus.amqp import AmqpMessageBodyType

from emulation.functions_host.errors import BindingFailed
from emulation.functions_host.function import Binding
from emulation.functions_host.listeners import data_contract, service_bus_message
from emulation.functions_host.listeners.storage_queue import poison_queue
from emulation.functions_host.trigger_data import call, is_binary

READ = (
    *("expires_at_utc", "enqueued_time_utc", "delivery_count", "application_properties", "dead_letter_source"),
    *("lock_token", "sequence_number", "partition_key"),
)
CONTRACT = b"@\x06string\x08\x33http://schemas.microsoft.com/2003/10/Serialization/"


def metadata(value, **given):
    return {name: (each.WhichOneof("data"), each.value) for name, each in call(value, given).metadata.items()}


def test_the_members_of_a_text_stand_over_the_metadata_in_the_spelling_that_was_there():
    body = {"sequencenumber": "ADDR-12", "State": "NY", "Count": 3, "Ratio": 1.0, "Good": True, "DeliveryCount": None}
    body |= {"Lines": [1], "Address": {"at": "2021-11-18T14:44:15+01:00"}, "EventTime": "/Date(1637246655000)/"}
    found = metadata(json.dumps(body), SequenceNumber=7, DeliveryCount=1, PartitionKey=None)
    assert found == {
        "SequenceNumber": ("string", "ADDR-12"),
        "DeliveryCount": ("json", "1"),
        "State": ("string", "NY"),
        "Count": ("string", "3"),
        "Ratio": ("string", "1"),
        "Good": ("string", "True"),
        "Address": ("json", '{"at":"2021-11-18T13:44:15+00:00"}'),
        "EventTime": ("string", "11/18/2021 14:44:15"),
    }


@pytest.mark.parametrize(
    "value", [b'{"DeliveryCount": "x"}', '[{"DeliveryCount": 2}]', '{"DeliveryCount": 2', '{"DeliveryCount": 2}.', ""]
)
def test_nothing_is_copied_of_bytes_arrays_and_what_cannot_be_read(value):
    assert metadata(value, DeliveryCount=1) == {"DeliveryCount": ("json", "1")}


def test_bytes_are_asked_for_by_the_data_type_in_any_case():
    def trigger(**properties):
        return Binding("msg", "serviceBusTrigger", "in", properties)

    assert is_binary(trigger(dataType="BINARY"))
    assert is_binary(trigger(dataType="binary"))
    assert not any(map(is_binary, (trigger(), trigger(dataType="STRING"), trigger(dataType="UNDEFINED"))))


@pytest.mark.parametrize(
    ("rest", "text"),
    [
        (b"\x99\x05gr\xc3\xbcn", "grün"),
        (b"\x98\x02ab\x99\x01c", "abc"),
        (b"\x9b\x03\x00abc", "abc"),
        (b"\x9d\x03\x00\x00\x00abc", "abc"),
        (b"\x98\x01a\x01", "a"),
        (b"\xa9", ""),
        (b"\x99\x09abc", None),
        (b"\x99\x01\xff", None),
        (b"\x83", None),
    ],
)
def test_a_data_contract_string_is_read_to_the_width_of_its_length(rest, text):
    assert data_contract.text_of(CONTRACT + rest) == text


def test_another_element_is_no_string():
    assert data_contract.text_of(CONTRACT.replace(b"\x06string", b"\x0cbase64Binary")) is None


def received(body, kind="data"):
    """Return what the binding reads of a message: its body, and nothing else."""
    raw = SimpleNamespace(properties=None)
    return SimpleNamespace(body=body, body_type=AmqpMessageBodyType(kind), raw_amqp_message=raw, **dict.fromkeys(READ))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ([b"gr\xc3\xbc", b"n"], "grün"),
        ([b"\xff\xfe{\x00}\x00"], "��{\x00}\x00"),
        (["grün".encode("cp1252")], "gr�n"),
        ([CONTRACT + b"\x99\x02{}"], "{}"),
        ([b""], ""),
    ],
)
def test_a_body_is_bound_as_text_in_the_order_of_the_extension(body, text):
    assert service_bus_message.call_of(received(body), binary=False).data.value == text
    assert service_bus_message.call_of(received(body), binary=True).data.value == b"".join(body)


@pytest.mark.parametrize(("body", "kind"), [([[1, 2]], "sequence"), (7, "value"), (None, "value"), ({}, "value")])
def test_a_body_that_is_no_data_and_no_text_cannot_be_bound(body, kind):
    for binary in (True, False):
        with pytest.raises(BindingFailed, match=f"AMQP {kind}"):
            service_bus_message.call_of(received(body, kind), binary=binary)


def test_a_value_that_is_text_is_bound_as_text_but_has_no_bytes():
    assert service_bus_message.call_of(received(b"text", "value"), binary=False).data.value == "text"
    with pytest.raises(BindingFailed, match="has no bytes"):
        service_bus_message.call_of(received(b"text", "value"), binary=True)


def test_a_poison_queue_and_a_queue_of_a_long_name_have_none():
    assert poison_queue("orders") == "orders-poison"
    assert poison_queue("orders-poison") == ""
    assert len(poison_queue("q" * 56)) == 63
    assert poison_queue("q" * 57) == ""
