"""What the targets have: webhooks' and F&O's requests, messages on Storage queues and at the broker, as receipts."""

import base64
import json
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from emulation.received import Received
from emulation.service_bus import Control
from tests.faults.evidence import BrokerDeadLetter, Receipt

ALL = 1_000_000
INTERNAL = "fno-link."
HIDDEN = 60
READ_WITHIN = 180.0
AMQP = "cloudEvents_"
DEAD_LETTERS = "$DeadLetterQueue"


def by_request(target: str, requests: Iterable[Received], routes: Iterable[str], *, wrapper: str = "") -> list[Receipt]:
    """Read what an endpoint was sent.

    Args:
        target: Its name in the configuration.
        requests: As the emulation recorded them.
        routes: The routes to it.
        wrapper: The field that holds the event, where it is wrapped.
    """
    found: list[Receipt] = []
    for request in requests:
        id_, type_, subject = request.header("ce-id"), request.header("ce-type"), request.header("ce-subject")
        if id_ is None or type_ is None:
            event = json.loads(request.body)
            event = event[wrapper] if wrapper else event
            id_, type_, subject = event["id"], event["type"], event.get("subject")
        id_, type_, message = unquote(str(id_)), unquote(str(type_)), request.header("webhook-id") or ""
        route = route_of(message, routes)
        found.append(
            Receipt(
                target=target,
                id=id_,
                type=type_,
                subject=unquote(str(subject or "")) if type_.startswith(INTERNAL) else "",
                route=route,
                message_id=message,
                at=request.at,
                status=request.status,
            )
        )
    return found


def on_storage_queue(connection: str, target: str, queue: str, route: str) -> list[Receipt]:
    """Read what is on a Storage queue; its messages are hidden for a while afterwards.

    Args:
        connection: The account's connection string.
        target: Its name in the configuration.
        queue: The queue.
        route: The one route to it: a message of a Storage queue does not say which.

    Raises:
        TimeoutError: Not all could be read: a reading that lacks some would call them lost.
    """
    found: dict[str, Receipt] = {}
    deadline = time.monotonic() + READ_WITHIN
    with QueueClient.from_connection_string(connection, queue) as client:
        try:
            count = client.get_queue_properties().approximate_message_count or 0
        except ResourceNotFoundError:
            return []  # nothing was ever sent to it
        while len(found) < count and time.monotonic() < deadline:
            # A page whose answer is lost comes again when its messages are no longer hidden.
            for message in client.receive_messages(messages_per_page=32, visibility_timeout=HIDDEN):
                event = json.loads(base64.b64decode(message.content))
                at = message.inserted_on.timestamp()
                found[message.id] = Receipt(target=target, id=event["id"], type=event["type"], route=route, at=at)
            if len(found) < count:
                time.sleep(1.0)
    if len(found) < count:
        msg = f"{len(found)} of {count} messages of {queue} could be read"
        raise TimeoutError(msg)
    return list(found.values())


def at_broker(control: Control, target: str, entity: str, routes: Iterable[str]) -> list[Receipt]:
    """Read what is in a queue or subscription of the broker, without taking it.

    Args:
        control: The broker's.
        target: Its name in the configuration.
        entity: The queue's or subscription's path.
        routes: The routes to it.
    """
    return [_brokered(target, message, routes) for message in control.messages(entity, ALL)]


def route_of(message_id: str, routes: Iterable[str]) -> str:
    """Say which route's message id this is; empty: none's, or there are several without one to tell them by.

    Beside the product's own code, what docs/delivery.md promises: `{32 digits of the event's key}:{route}`.
    """
    routes = list(routes)
    if not message_id:
        return routes[0] if len(routes) == 1 else ""
    key, _, named = message_id.partition(":")
    return named if re.fullmatch("[0-9a-f]{32}", key) and named in routes else ""


def _brokered(target: str, message: Mapping[str, Any], routes: Iterable[str]) -> Receipt:
    properties = message["application_properties"]
    id_, type_ = properties[f"{AMQP}id"], properties[f"{AMQP}type"]
    message_id = str(message["message_id"] or "")
    at, route = message["enqueued_at"] / 1000, route_of(message_id, routes)
    return Receipt(target=target, id=id_, type=type_, route=route, message_id=message_id, at=at)


def given_up(control: Control, entities: Iterable[str]) -> list[BrokerDeadLetter]:
    """Read the broker's own dead-letter queues of these queues and subscriptions."""
    return [
        BrokerDeadLetter(
            entity=entity,
            message_id=str(message["message_id"] or ""),
            reason=str(message["application_properties"].get("DeadLetterReason", "")),
            deliveries=int(message["delivery_count"]),
        )
        for entity in entities
        for message in control.messages(f"{entity}/{DEAD_LETTERS}", ALL)
    ]
