"""The $management node of an entity: what cannot be said on its links.

Source: "AMQP 1.0 in Azure Service Bus: request-response-based operations".
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from emulation.service_bus.amqp.addresses import Address, parse_address
from emulation.service_bus.amqp.connection import Connection
from emulation.service_bus.amqp.content import parse
from emulation.service_bus.amqp.errors import ARGUMENT_ERROR, NOT_ALLOWED, NOT_IMPLEMENTED, SESSION_LOCK_LOST, Refused
from emulation.service_bus.broker.broker import Broker
from emulation.service_bus.broker.recovery import rules_record
from emulation.service_bus.codec.types import Array, DecodeError, Int, Timestamp, as_map
from emulation.service_bus.entities.locks import Lock
from emulation.service_bus.entities.message import Message, encode_message
from emulation.service_bus.entities.queue import Queue
from emulation.service_bus.entities.sessions import Session
from emulation.service_bus.entities.topic import Topic
from emulation.service_bus.nodes.intake import check_session
from emulation.service_bus.nodes.replies import reply_link
from emulation.service_bus.nodes.requests import Request, management_answer, parse_request
from emulation.service_bus.nodes.rule_operations import add_rule, enumerate_rules, remove_rule

if TYPE_CHECKING:
    from emulation.service_bus.config import Right

PEEK_LOCK = 1
MAX_PEEK_BYTES = 4 << 20
STATELESS = 32_503_680_000_000  # the year 3000: a last-updated-time beyond it asks for sessions with messages
type Body = dict[str, Any]
type Answer = tuple[int, Body | None]
type Operation = Callable[[Queue, Body], Answer]


def management_sink(broker: Broker, connection: Connection, node: str) -> Callable[[bytes, int], None]:
    """Return what a link to an entity's $management node does with a request."""
    address = parse_address(node)

    def receive(raw: bytes, _message_format: int) -> None:
        request = parse_request(raw)
        try:
            status, body = _serve(broker, connection, address, request)
            answer = management_answer(request, status, "OK" if status == HTTPStatus.OK else "No content", body)
        except Refused as refused:
            answer = management_answer(request, refused.status, refused.description, None, refused.condition)
        except (DecodeError, KeyError, TypeError, ValueError) as error:
            text = f"The request is malformed: {type(error).__name__}: {error}"
            answer = management_answer(request, 400, text, None, ARGUMENT_ERROR)
        link = reply_link(connection, request.reply_to, node.lower())
        if link is not None:
            connection.after_commit(lambda: link.answer(answer))

    return receive


def _serve(broker: Broker, connection: Connection, address: Address, request: Request) -> Answer:
    name = request.property("operation").removeprefix("com.microsoft:")
    right: Right = "send" if name in SENDING else "manage" if name in RULES else "listen"
    broker.authorize(connection.claims, address.path, right)
    broker.faults.check_send(address.entity)
    body = as_map(request.body)
    if name == "update-disposition":
        for token in body["lock-tokens"]:
            broker.faults.check_settling(_uuid(token))
    if name in RULES:
        subscription = broker.namespace.subscription(address.entity)
        answer = RULES[name](subscription, body)
        if name != "enumerate-rules":
            subscription.rules_changed = True
            broker.journal.append(rules_record(subscription))
        return answer
    operation = SENDING.get(name) or LISTENING.get(name)
    if operation is None:
        raise Refused(NOT_IMPLEMENTED, f"The operation '{request.property('operation')}' is not supported.")
    entity = broker.namespace.entity(address)
    if isinstance(entity, Topic):
        return operation(entity.intake, body)
    return operation(entity, body)


# --- messages ---


def _renew_lock(queue: Queue, body: Body) -> Answer:
    ends = tuple(queue.renew(_uuid(token)) for token in body["lock-tokens"])
    return 200, {"expirations": Array(Timestamp, ends)}


def _peek(queue: Queue, body: Body) -> Answer:
    count = int(body["message-count"])
    if count < 1:
        raise Refused(ARGUMENT_ERROR, "message-count must be at least 1.")
    found: list[Body] = []
    size = 0
    for message in queue.peek(int(body["from-sequence-number"]), count, body.get("session-id")):
        encoded = encode_message(message)
        size += len(encoded)
        if found and size > MAX_PEEK_BYTES:
            break
        found.append({"message": encoded})
    return (200, {"messages": found}) if found else (204, None)


def _receive_by_sequence_number(queue: Queue, body: Body) -> Answer:
    if queue.sessions is not None:
        _held_session(queue, body)
    numbers = [int(number) for number in body["sequence-numbers"]]
    taken = queue.receive_deferred(numbers, peek_lock=int(body.get("receiver-settle-mode") or 0) == PEEK_LOCK)
    return 200, {"messages": [_entry(message, lock) for message, lock in taken]}


def _entry(message: Message, lock: Lock | None) -> Body:
    if lock is None:
        return {"message": encode_message(message)}
    return {"message": encode_message(message, locked_until=lock.until, token=lock.token), "lock-token": lock.token}


def _update_disposition(queue: Queue, body: Body) -> Answer:
    status = str(body["disposition-status"])
    changes = as_map(body.get("properties-to-modify"))
    for token in map(_uuid, body["lock-tokens"]):
        if status == "completed":
            queue.complete(token)
        elif status == "abandoned":
            queue.abandon(token, changes)
        elif status == "defered":  # as it is spelt on the wire
            queue.defer(token, changes)
        elif status == "suspended":
            queue.dead_letter(token, body.get("deadletter-reason"), body.get("deadletter-description"), changes)
        else:
            raise Refused(ARGUMENT_ERROR, f"Unknown disposition status {status!r}.")
    return 200, None


def _schedule(queue: Queue, body: Body) -> Answer:
    contents = [parse(bytes(entry["message"])) for entry in body["messages"]]
    for content in contents:
        if content.scheduled_at is None:
            raise Refused(ARGUMENT_ERROR, "A message to schedule has no x-opt-scheduled-enqueue-time.")
        if queue.config.requires_session:
            check_session(content)
    numbers = tuple(queue.send(content) or 0 for content in contents)
    return 200, {"sequence-numbers": Array(int, numbers)}


def _cancel_scheduled(queue: Queue, body: Body) -> Answer:
    queue.cancel_scheduled([int(number) for number in body["sequence-numbers"]])
    return 200, None


# --- sessions ---


def _held_session(queue: Queue, body: Body) -> Session:
    session = queue.sessions.get(str(body["session-id"])) if queue.sessions is not None else None
    if queue.sessions is None:
        raise Refused(NOT_ALLOWED, f"The entity '{queue.path}' does not require sessions.")
    if session is None or session.holder is None:
        msg = f"The session lock has expired on the MessageSession '{body['session-id']}'. Accept a new MessageSession."
        raise Refused(SESSION_LOCK_LOST, msg)
    return session


def _renew_session_lock(queue: Queue, body: Body) -> Answer:
    return 200, {"expiration": Timestamp(queue.refresh_session(_held_session(queue, body)))}


def _get_session_state(queue: Queue, body: Body) -> Answer:
    return 200, {"session-state": _held_session(queue, body).state}


def _set_session_state(queue: Queue, body: Body) -> Answer:
    state = body["session-state"]
    queue.set_session_state(_held_session(queue, body), None if state is None else bytes(state))
    return 200, None


def _get_message_sessions(queue: Queue, body: Body) -> Answer:
    since = int(body["last-updated-time"])
    skip, top = int(body["skip"]), int(body["top"])
    found = [session for session in queue.sessions.all() if _listed(session, since)] if queue.sessions else []
    page = tuple(session.session_id for session in found[skip : skip + top])
    return (200, {"skip": Int(skip + len(page)), "sessions-ids": Array(str, page)}) if page else (204, None)


def _listed(session: Session, since: int) -> bool:
    if since >= STATELESS:
        return len(session.lane) > 0 or bool(session.tokens) or session.state is not None
    return session.state is not None and session.updated_at > since


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(bytes=bytes(value))  # pyright: ignore[reportArgumentType] - TypeError is answered


SENDING: dict[str, Operation] = {"schedule-message": _schedule, "cancel-scheduled-message": _cancel_scheduled}
LISTENING: dict[str, Operation] = {
    "renew-lock": _renew_lock,
    "peek-message": _peek,
    "receive-by-sequence-number": _receive_by_sequence_number,
    "update-disposition": _update_disposition,
    "renew-session-lock": _renew_session_lock,
    "get-session-state": _get_session_state,
    "set-session-state": _set_session_state,
    "get-message-sessions": _get_message_sessions,
}
RULES = {"add-rule": add_rule, "remove-rule": remove_rule, "enumerate-rules": enumerate_rules}
