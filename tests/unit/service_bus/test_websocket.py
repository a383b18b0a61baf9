"""The broker's WebSocket frames follow the standard however they are cut, and what does not is refused."""

import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.service_bus.amqp.websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    WebSocketPipe,
    WebSocketReader,
    accept,
    frame,
)
from emulation.service_bus.codec.types import DecodeError

REQUEST = (
    "GET /$servicebus/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: AMQPWSB10\r\n"
)


def masked(opcode: int, payload: bytes, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    size = len(payload)
    head = (
        struct.pack(">BB", 0x80 | opcode, 0x80 | size) if size < 126 else struct.pack(">BBH", 0x80 | opcode, 0xFE, size)
    )
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


class Transport:
    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes, /) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed


def test_the_standards_sample_key_is_answered_with_its_sample_answer():
    answer = accept(REQUEST).decode()
    assert answer.startswith("HTTP/1.1 101 ")
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert "Sec-WebSocket-Protocol: AMQPWSB10\r\n" in answer


@pytest.mark.parametrize("missing", ["Upgrade: WebSocket\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"])
def test_another_request_is_refused(missing):
    assert accept(REQUEST.replace(missing, "")).startswith(b"HTTP/1.1 400")


@given(st.lists(st.binary(max_size=400), max_size=5), st.integers(1, 50))
def test_frames_arrive_however_they_are_cut(payloads, step):
    stream = b"".join(masked(BINARY, payload, os.urandom(4)) for payload in payloads)
    reader = WebSocketReader()
    found = [one for at in range(0, len(stream), step) for one in reader.feed(stream[at : at + step])]
    assert found == [(BINARY, payload) for payload in payloads]


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_what_is_written_is_one_frame_of_its_size(size):
    written = frame(BINARY, b"x" * size)
    assert written.endswith(b"x" * size)
    assert written[0] == 0x82
    assert not written[1] & 0x80


def test_a_frame_that_is_not_masked_or_too_large_or_text_is_refused():
    pipe = WebSocketPipe(Transport(), lambda _data: None)
    for data in (frame(BINARY, b"x"), b"\x82\xff" + struct.pack(">Q", 1 << 40) + b"mask", masked(TEXT, b"x")):
        with pytest.raises(DecodeError):
            WebSocketPipe(Transport(), pipe.write).received(data)


def test_pings_are_answered_and_a_goodbye_returned():
    transport, delivered = Transport(), []
    pipe = WebSocketPipe(transport, delivered.append)
    pipe.received(masked(PING, b"hi") + masked(BINARY, b"data") + masked(CLOSE, b"\x03\xe8bye"))
    assert transport.written == frame(PONG, b"hi") + frame(CLOSE, b"\x03\xe8")
    assert delivered == [b"data"]
    assert transport.closed
