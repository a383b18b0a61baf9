"""No bytes from a client crash the broker or leave anything behind."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulation.service_bus.amqp.frames import AMQP_HEADER, frame, performative_frame
from emulation.service_bus.broker.broker import Broker
from emulation.service_bus.codec.encode import encode
from emulation.service_bus.codec.performatives import Attach, Begin, Disposition, Flow, Open, Transfer
from emulation.service_bus.codec.types import Described, ULong
from emulation.service_bus.config import BrokerConfig, QueueConfig
from emulation.service_bus.server.server import Server

START = AMQP_HEADER + performative_frame(0, Open("fuzz", "localhost")) + performative_frame(0, Begin(None, 0, 10, 10))
NUMBERS = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 2**32 - 1))
PERFORMATIVES = st.one_of(
    st.builds(
        Attach,
        st.text(max_size=3),
        st.integers(0, 3),
        st.booleans(),
        source=st.one_of(
            st.none(), st.sampled_from(["$cbs", "q", "q/$management", ""]).map(lambda a: Described(ULong(0x28), [a]))
        ),
        target=st.one_of(
            st.none(), st.sampled_from(["$cbs", "q", "q/$management", ""]).map(lambda a: Described(ULong(0x29), [a]))
        ),
    ),
    st.builds(
        Flow,
        NUMBERS,
        st.integers(0, 10),
        st.integers(0, 10),
        st.integers(0, 10),
        NUMBERS,
        NUMBERS,
        NUMBERS,
        drain=st.booleans(),
    ),
    st.builds(Transfer, st.integers(0, 3), NUMBERS, st.binary(max_size=4), more=st.booleans(), settled=st.booleans()),
    st.builds(
        Disposition,
        st.booleans(),
        st.integers(0, 2**32 - 1),
        NUMBERS,
        state=st.sampled_from([None, Described(ULong(0x24), []), 7]),
    ),
)
PIECES = st.one_of(
    st.binary(max_size=40),
    st.binary(max_size=40).map(lambda data: frame(0, data)),
    st.tuples(st.integers(0, 2), PERFORMATIVES, st.binary(max_size=20)).map(
        lambda parts: frame(parts[0], performative_frame(0, parts[1])[8:] + parts[2])
    ),
    st.recursive(st.integers(0, 9), st.lists, max_leaves=5).map(
        lambda value: frame(0, encode(Described(ULong(0x12), value)))
    ),
)


async def exchange(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def close(server):
    await server.close()
    await server.broker.close()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=6), st.booleans())
def test_no_bytes_crash_the_broker_or_leave_anything_behind(pieces, greeted):
    errors = []

    async def scenario():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: errors.append(context))
        server = Server(Broker(BrokerConfig(queues=(QueueConfig(name="q"),))))
        port = await server.listen(0)
        before = asyncio.all_tasks()
        await exchange(port, (START if greeted else b"") + b"".join(pieces))
        assert (await exchange(port, START)).startswith(AMQP_HEADER)
        for _ in range(12_000):
            if not server.connections:
                break
            await asyncio.sleep(0.01)
        assert not server.connections
        assert asyncio.all_tasks() == before
        await close(server)

    asyncio.run(scenario())
    assert not errors


@pytest.mark.parametrize(
    "head", [b"GET / HTTP/1.1\r\n\r\n", b"GET /$servicebus/websocket HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"]
)
async def test_http_that_is_no_websocket_is_answered_400(head):
    server = Server(Broker(BrokerConfig()))
    port = await server.listen(0)
    assert (await exchange(port, head)).startswith(b"HTTP/1.1 400")
    await close(server)


async def test_another_protocol_is_answered_with_ours():
    server = Server(Broker(BrokerConfig()))
    port = await server.listen(0)
    assert await exchange(port, b"AMQP\x00\x00\x09\x01") == b"AMQP\x03\x01\x00\x00"
    await close(server)
