"""The AMQP codec: what is encoded decodes to the same value, and garbage is a decode error and nothing else."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.service_bus.codec.decode import decode_value, map_spans, skip_value
from emulation.service_bus.codec.encode import encode
from emulation.service_bus.codec.performatives import (
    Attach,
    Begin,
    Disposition,
    Flow,
    Open,
    Transfer,
    decode_performative,
    encode_performative,
)
from emulation.service_bus.codec.types import (
    Array,
    Char,
    DecodeError,
    Described,
    Int,
    Opaque,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)

ascii_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300)
int64 = st.integers(-(2**63), 2**63 - 1)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    int64,
    st.integers(0, 255).map(UByte),
    st.integers(0, 2**16 - 1).map(UShort),
    st.integers(0, 2**32 - 1).map(UInt),
    st.integers(0, 2**64 - 1).map(ULong),
    st.integers(-(2**31), 2**31 - 1).map(Int),
    st.floats(allow_nan=False),
    st.text(max_size=300),
    st.binary(max_size=300),
    ascii_text.map(Symbol),
    int64.map(Timestamp),
    st.characters().map(Char),
    st.uuids(),
    st.binary(min_size=16, max_size=16).map(lambda data: Opaque(0x94, data)),
)
keys = st.one_of(st.text(max_size=20), ascii_text.map(Symbol), st.integers(0, 2**32).map(ULong))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(keys, inner, max_size=6),
        st.builds(Described, st.integers(0, 2**64 - 1).map(ULong), inner),
    ),
    max_leaves=20,
)


@given(values)
def test_what_is_encoded_decodes_to_the_same_value(value):
    encoded = encode(value)
    assert decode_value(encoded) == (value, len(encoded))
    assert skip_value(encoded, 0) == len(encoded)


@given(scalars)
def test_text_symbols_binaries_uuids_and_times_keep_their_type(value):
    decoded, _ = decode_value(encode(value))
    if isinstance(value, str | bytes | uuid.UUID | Timestamp | bool | float | Opaque):
        assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("of", "items"),
    [
        (int, (1, -1, 2**63 - 1)),
        (UInt, (0, 2**32 - 1)),
        (Timestamp, (1_700_000_000_000,)),
        (uuid.UUID, (uuid.uuid4(), uuid.uuid4())),
        (str, ("", "ä" * 300)),
        (Symbol, ("a", "b")),
        (bytes, (b"", b"x" * 300)),
        (int, ()),
    ],
)
def test_arrays_decode_to_their_elements(of, items):
    encoded = encode(Array(of, items))
    assert decode_value(encoded) == (list(items), len(encoded))
    assert skip_value(encoded, 0) == len(encoded)


@given(st.binary(max_size=200))
def test_garbage_decodes_or_is_a_decode_error_and_nothing_else(data):
    for read in (lambda: decode_value(data), lambda: decode_performative(data), lambda: skip_value(data, 0)):
        try:
            read()
        except DecodeError:
            continue


@given(values, st.data())
def test_cut_values_are_decode_errors(value, data):
    encoded = encode(value)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(DecodeError):
        decode_value(encoded[:cut])


def test_a_count_that_no_frame_can_hold_is_refused_before_memory_is_taken():
    endless_array = b"\xf0\x00\x00\x00\x05\xff\xff\xff\xff\x40"
    endless_list = b"\xd0\x00\x00\x00\x04\xff\xff\xff\xff"
    for data in (endless_array, endless_list):
        with pytest.raises(DecodeError):
            decode_value(data)


def test_nesting_without_end_is_refused():
    with pytest.raises(DecodeError):
        decode_value(b"\x00" * 10_000)
    with pytest.raises(DecodeError):
        skip_value(b"\x00" * 10_000, 0)


@given(st.dictionaries(keys, scalars, max_size=10))
def test_map_spans_cut_a_map_into_its_entries(value):
    encoded = encode(value)
    spans = map_spans(encoded, 0)
    assert {key: decode_value(encoded[start:end])[0] for key, _, start, end in spans} == value


@pytest.mark.parametrize(
    "performative",
    [
        Open("me", "host", 65536, 255, 60_000, properties={Symbol("product"): "x"}),
        Begin(None, 0, 2048, 2048, 255),
        Attach("link", 1, True, 0, 1, Described(ULong(0x28), ["q"]), Described(ULong(0x29), []), max_message_size=10),
        Flow(0, 2048, 1, 2048, 3, 0, 100, drain=True),
        Transfer(1, 2, b"tag", 0, False, more=True),
        Disposition(True, 4, 9, state=Described(ULong(0x24), [])),
    ],
)
def test_performatives_survive_the_wire(performative):
    encoded = encode_performative(performative) + b"payload"
    decoded, end = decode_performative(encoded)
    assert decoded == performative
    assert encoded[end:] == b"payload"


def test_a_performative_with_a_field_of_another_type_is_refused():
    with pytest.raises(DecodeError, match="attach"):
        decode_performative(encode(Described(ULong(0x12), ["name", "not a handle", True])))
