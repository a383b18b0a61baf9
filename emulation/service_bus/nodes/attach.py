"""Decide what becomes of a link that a client attaches."""

from math import inf
from typing import Any
from weakref import ref

from emulation.service_bus.amqp.addresses import CBS, Address, parse_address
from emulation.service_bus.amqp.channel import Channel
from emulation.service_bus.amqp.connection import Connection
from emulation.service_bus.amqp.errors import INVALID_FIELD, NOT_ALLOWED, TIMEOUT, UNAUTHORIZED, Refused
from emulation.service_bus.amqp.incoming import IncomingLink, Sink
from emulation.service_bus.broker.broker import Broker
from emulation.service_bus.codec.performatives import Attach
from emulation.service_bus.codec.types import Described, Symbol
from emulation.service_bus.config import Right
from emulation.service_bus.entities.queue import Queue
from emulation.service_bus.entities.sessions import Session
from emulation.service_bus.entities.topic import Topic
from emulation.service_bus.nodes.cbs import cbs_sink
from emulation.service_bus.nodes.deliveries import EntityLink
from emulation.service_bus.nodes.intake import entity_sink
from emulation.service_bus.nodes.management import management_sink
from emulation.service_bus.nodes.replies import ReplyLink
from emulation.service_bus.nodes.terminus import (
    SOURCE,
    TARGET,
    address_of,
    echo,
    filters_of,
    optional_address,
    with_filter,
)

SESSION_FILTER = "com.microsoft:session-filter"
LOCKED_UNTIL = "com.microsoft:locked-until-utc"
WAIT_PROPERTY = "com.microsoft:timeout"
DEFAULT_WAIT = 60_000
TICKS_AT_EPOCH = 621_355_968_000_000_000
MAX_REQUEST = 1 << 20


def attach(broker: Broker, connection: Connection, channel: Channel, frame: Attach) -> None:
    """Attach a link, or refuse it with its reason."""
    try:
        address = address_of(frame.source if frame.role else frame.target)
        if address.lower() == CBS:
            _attach_node(channel, frame, CBS, cbs_sink(broker, connection))
            return
        parsed = parse_address(address)
        broker.faults.check_link(parsed.entity)
        if parsed.management:
            broker.namespace.entity(parsed)
            _attach_node(channel, frame, address, management_sink(broker, connection, address))
        elif frame.role:
            _attach_receiver(broker, channel, frame, parsed)
        else:
            _attach_sender(broker, channel, frame, parsed)
    except Refused as refused:
        channel.refuse(frame, refused)


def _attach_node(channel: Channel, frame: Attach, node: str, sink: Sink) -> None:
    if frame.role:
        names = frozenset({optional_address(frame.target), frame.name})
        channel.links[frame.handle] = ReplyLink(channel, frame, names, node.lower())
        _answer(channel, frame)
        return
    _accept_sender(channel, frame, IncomingLink(channel, frame, sink, MAX_REQUEST), MAX_REQUEST)


def _attach_sender(broker: Broker, channel: Channel, frame: Attach, address: Address) -> None:
    entity = broker.namespace.entity(address)
    broker.authorize(channel.connection.claims, address.path, "send")
    if isinstance(entity, Queue) and entity.path.lower() not in broker.namespace.queues:
        raise Refused(NOT_ALLOWED, f"Messages cannot be sent to '{address.path}': it is not a queue or a topic.")
    queue = entity.intake if isinstance(entity, Topic) else entity
    size = queue.config.max_message_kilobytes * 1024
    sink = entity_sink(queue, lambda: broker.faults.check_send(address.entity))
    link = IncomingLink(channel, frame, sink, size, queue.path)
    _accept_sender(channel, frame, link, size)
    _end_with_token(broker, channel, link, address.path, "send")


def _accept_sender(channel: Channel, frame: Attach, link: IncomingLink, size: int) -> None:
    channel.links[frame.handle] = link
    _answer(channel, frame, max_size=size)
    link.grant()


def _attach_receiver(broker: Broker, channel: Channel, frame: Attach, address: Address) -> None:
    entity = broker.namespace.entity(address)
    broker.authorize(channel.connection.claims, address.path, "listen")
    if isinstance(entity, Topic):
        msg = f"Messages cannot be received from the topic '{address.path}', only from its subscriptions."
        raise Refused(NOT_ALLOWED, msg)
    link = EntityLink(channel, frame, entity, broker.faults)
    filters = filters_of(frame.source)
    if SESSION_FILTER in filters:
        wanted = filters[SESSION_FILTER]
        wanted = wanted.value if isinstance(wanted, Described) else wanted
        if wanted is not None and not isinstance(wanted, str):
            raise Refused(INVALID_FIELD, f"The session filter must be a string or null, not {wanted!r}.")
        _attach_session(broker, channel, frame, link, wanted)
        return
    if entity.config.requires_session:
        msg = "It is not possible for an entity that requires sessions to create a non-sessionful message receiver."
        raise Refused(NOT_ALLOWED, msg)
    channel.links[frame.handle] = link
    _answer(channel, frame)
    _end_with_token(broker, channel, link, address.path, "listen")


def _end_with_token(broker: Broker, channel: Channel, link: IncomingLink | EntityLink, path: str, right: Right) -> None:
    """Close a link when the token that allowed it has expired and no newer one has come."""
    claims, waiting = channel.connection.claims, ref(link)

    def check() -> None:
        held = waiting()
        if held is None or channel.links.get(held.handle) is not held:
            return
        until = claims.until(path, right)
        if until * 1000 > broker.clock.now():
            broker.clock.call_at(int(until * 1000), check)
        else:
            channel.detach(held.handle, UNAUTHORIZED, "ExpiredToken: The token is expired.")

    until = claims.until(path, right)
    if until != inf:
        broker.clock.call_at(int(until * 1000), check)


def _attach_session(broker: Broker, channel: Channel, frame: Attach, link: EntityLink, wanted: str | None) -> None:
    """Attach to a session: at once, or when one is free, or not in time."""
    queue = link.queue

    def begin(session: Session) -> None:
        link.session = session
        channel.links[frame.handle] = link
        source = with_filter(frame.source, SESSION_FILTER, session.session_id)
        ticks = TICKS_AT_EPOCH + session.locked_until * 10_000
        _answer(channel, frame, source=source, properties={Symbol(LOCKED_UNTIL): ticks})
        _end_with_token(broker, channel, link, queue.path, "listen")

    session = queue.accept_session(wanted, link)
    if session is not None:
        begin(session)
        return
    sessions = queue.sessions
    if sessions is None:
        return
    channel.links[frame.handle] = link  # known to the channel, so that a detach or a lost connection ends the wait

    def take() -> bool:
        found = queue.accept_session(None, link)
        if found is not None:
            timer.cancel()
            link.on_closed = None
            begin(found)
        return found is not None

    def give_up() -> None:
        sessions.cancel(take)
        link.on_closed = None
        channel.links.pop(frame.handle, None)
        message = "The operation did not complete within the allotted timeout: no session was available."
        channel.refuse(frame, Refused(TIMEOUT, message))

    def abandon() -> None:
        timer.cancel()
        sessions.cancel(take)

    wait = (frame.properties or {}).get(WAIT_PROPERTY)
    timer = broker.loop.call_later((wait if isinstance(wait, int) else DEFAULT_WAIT) / 1000, give_up)
    link.on_closed = abandon
    sessions.wait(take)


def _answer(
    channel: Channel,
    frame: Attach,
    *,
    source: Any = None,
    max_size: int | None = None,
    properties: dict[Any, Any] | None = None,
) -> None:
    answer = Attach(
        frame.name,
        frame.handle,
        not frame.role,
        frame.snd_settle_mode,
        frame.rcv_settle_mode,
        source if source is not None else echo(SOURCE, frame.source),
        echo(TARGET, frame.target),
        max_message_size=max_size,
        properties=properties,
    )
    if frame.role:
        answer.initial_delivery_count = 0
    channel.send(answer)
