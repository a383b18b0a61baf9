"""A connection spoken to frame by frame."""

import asyncio

import pytest

from emulation.service_bus.amqp.content import parse
from emulation.service_bus.amqp.frames import AMQP_HEADER, SASL_FRAME, SASL_HEADER, FrameReader, performative_frame
from emulation.service_bus.broker.broker import Broker
from emulation.service_bus.codec.performatives import (
    Attach,
    Begin,
    Detach,
    Disposition,
    Flow,
    Open,
    SaslInit,
    SaslOutcome,
    Transfer,
    decode_performative,
)
from emulation.service_bus.codec.types import Described, Symbol, ULong
from emulation.service_bus.config import BrokerConfig, QueueConfig
from emulation.service_bus.server.server import Server

ACCEPTED = Described(ULong(0x24), [])


class Peer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.frames = FrameReader()

    def send(self, *performatives, channel=0, kind=0):
        self.writer.write(b"".join(performative_frame(channel, one, kind) for one in performatives))

    async def next(self, kind=None):
        """Return the next performative, skipping those of another kind."""
        while True:
            while (found := self.frames.frame()) is not None:
                if found[2]:
                    performative, _ = decode_performative(found[2])
                    if kind is None or isinstance(performative, kind):
                        return performative
            data = await asyncio.wait_for(self.reader.read(65_536), 5)
            assert data, "the broker has closed the connection"
            self.frames.feed(data)


@pytest.fixture
async def broker():
    made = Broker(BrokerConfig(queues=(QueueConfig(name="q"), QueueConfig(name="r"))))
    yield made
    await made.close()


@pytest.fixture
async def port(broker):
    server = Server(broker)
    yield await server.listen(0)
    await server.close()


@pytest.fixture
async def peer(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    made = Peer(reader, writer)
    writer.write(SASL_HEADER)
    assert await reader.readexactly(8) == SASL_HEADER
    made.send(SaslInit("PLAIN", b"\x00RootManageSharedAccessKey\x00SAS_KEY_VALUE"), kind=SASL_FRAME)
    assert (await made.next(SaslOutcome)).code == 0
    writer.write(AMQP_HEADER)
    assert made.frames.header() or await reader.readexactly(8) == AMQP_HEADER
    made.send(Open("peer", "localhost", max_frame_size=512), Begin(None, 0, 2, 100))
    await made.next(Begin)
    yield made
    writer.close()
    await writer.wait_closed()


def receiver(name, handle, address):
    source = Described(ULong(0x28), [address])
    return Attach(name, handle, True, 0, 1, source, Described(ULong(0x29), []))


async def test_no_more_frames_are_sent_than_the_session_takes_and_every_link_goes_on(broker, peer):
    for queue in ("q", "r"):
        for _ in range(3):
            broker.namespace.entity_of(queue).send(parse(b"\x00\x53\x75\xa0\x01x"))
    peer.send(receiver("one", 0, "q"), receiver("two", 1, "r"))
    await peer.next(Attach)
    await peer.next(Attach)
    peer.send(Flow(0, 2, 0, 100, 0, 0, 10), Flow(0, 2, 0, 100, 1, 0, 10))
    first = [(await peer.next(Transfer)).handle for _ in range(2)]
    assert first == [0, 0]
    peer.send(Flow(2, 100, 0, 100, 0, 2, 10))
    rest = [(await peer.next(Transfer)).handle for _ in range(4)]
    assert sorted(rest) == [0, 1, 1, 1]


async def test_a_message_larger_than_a_frame_comes_in_parts(broker, peer):
    body = b"y" * 900
    broker.namespace.entity_of("q").send(parse(b"\x00\x53\x75\xb0" + len(body).to_bytes(4, "big") + body))
    peer.send(receiver("one", 0, "q"))
    await peer.next(Attach)
    peer.send(Flow(0, 100, 0, 100, 0, 0, 1))
    parts = [await peer.next(Transfer) for _ in range(3)]
    assert [part.more for part in parts] == [True, True, False]
    assert len({part.delivery_id for part in parts}) == 1


async def test_credit_that_is_not_used_is_given_back_when_drained(broker, peer):
    broker.namespace.entity_of("q").send(parse(b"\x00\x53\x75\xa0\x01x"))
    peer.send(receiver("one", 0, "q"))
    await peer.next(Attach)
    peer.send(Flow(0, 100, 0, 100, 0, 0, 5, drain=True))
    await peer.next(Transfer)
    flow = await peer.next(Flow)
    assert (flow.delivery_count, flow.link_credit, flow.drain) == (5, 0, True)


async def test_a_settled_delivery_is_answered_once_and_an_unknown_one_not(broker, peer):
    broker.namespace.entity_of("q").send(parse(b"\x00\x53\x75\xa0\x01x"))
    peer.send(receiver("one", 0, "q"))
    await peer.next(Attach)
    peer.send(Flow(0, 100, 0, 100, 0, 0, 1))
    delivery = (await peer.next(Transfer)).delivery_id
    peer.send(Disposition(True, 99, state=ACCEPTED), Disposition(True, delivery, 2**32 - 1, state=ACCEPTED))
    answer = await peer.next(Disposition)
    assert (answer.role, answer.first, answer.settled) == (False, delivery, True)
    assert not broker.namespace.entity_of("q").messages


async def test_a_link_to_nowhere_is_refused_with_an_empty_terminus(peer):
    peer.send(receiver("one", 0, "nowhere"))
    attach = await peer.next(Attach)
    assert attach.source is None
    detach = await peer.next(Detach)
    assert detach.closed
    assert str(detach.error.value[0]) == "amqp:not-found"


@pytest.mark.parametrize("descriptor", [ULong(0x30), Symbol("amqp:coordinator:list")])
async def test_a_transaction_coordinator_is_not_implemented_and_the_session_lives_on(broker, peer, descriptor):
    wanted = Described(descriptor, [[Symbol("amqp:local-transactions")]])
    peer.send(Attach("txn", 0, False, 0, 0, Described(ULong(0x28), []), wanted, initial_delivery_count=0))
    assert (await peer.next(Attach)).target is None
    detach = await peer.next(Detach)
    assert (detach.handle, detach.closed, str(detach.error.value[0])) == (0, True, "amqp:not-implemented")
    await receives(broker, peer)


async def test_a_link_without_an_address_is_refused_and_the_session_lives_on(broker, peer):
    peer.send(Attach("none", 0, False, 0, 0, None, None, initial_delivery_count=0))
    await peer.next(Attach)
    assert str((await peer.next(Detach)).error.value[0]) == "amqp:invalid-field"
    await receives(broker, peer)


async def receives(broker, peer):
    """Show that the session still takes links and credit."""
    broker.namespace.entity_of("q").send(parse(b"\x00\x53\x75\xa0\x01x"))
    peer.send(Detach(0, closed=True), receiver("next", 1, "q"))
    assert (await peer.next(Attach)).source is not None
    peer.send(Flow(0, 100, 0, 100, 1, 0, 1))
    assert (await peer.next(Transfer)).handle == 1


async def test_a_wrong_password_is_refused_by_sasl(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    peer = Peer(reader, writer)
    writer.write(SASL_HEADER)
    await reader.readexactly(8)
    peer.send(SaslInit("PLAIN", b"\x00RootManageSharedAccessKey\x00wrong"), kind=SASL_FRAME)
    assert (await peer.next(SaslOutcome)).code == 1
    writer.close()
    await writer.wait_closed()
