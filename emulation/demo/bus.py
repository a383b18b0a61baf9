"""Service Bus in the demo: senders and receivers on the real SDK, as F&O, Dataverse and customers' systems use it."""

import threading
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import Self

from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiver,
)
from azure.servicebus.exceptions import OperationTimeoutError

from emulation.demo.day import Message
from emulation.demo.ledger import Ledger

INTAKE_QUEUE, INTAKE_TOPIC, INTAKE_SUBSCRIPTION = "erp-events", "crm-events", "fno-link"
SESSIONS = "orders"
TOPIC = "invoices"
SUBSCRIPTIONS = ("usmf", "others")
_WAIT = 1.0
_PAGE = 32


class Bus:
    """Senders and receivers of a namespace that has the entities of service-bus.toml.

    Args:
        connection: Its connection string.
        ledger: Where everything is written down.
    """

    def __init__(self, connection: str, ledger: Ledger) -> None:
        self._ledger = ledger
        self._connection = connection
        self._client = ServiceBusClient.from_connection_string(connection)
        self._queue = self._client.get_queue_sender(INTAKE_QUEUE)
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._readers = [threading.Thread(target=self._guarded, args=(self._read_sessions,), name=SESSIONS)]
        self._readers += [
            threading.Thread(target=self._guarded, args=(self._read_subscription, name), name=name)
            for name in SUBSCRIPTIONS
        ]

    def __enter__(self) -> Self:
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for reader in self._readers:
            reader.join()
        for each in (self._queue, self._client):
            each.close()

    def send(self, message: Message) -> None:
        """Send one message to the queue; returns when the broker has accepted it."""
        self._queue.send_messages(
            ServiceBusMessage(
                message.body,
                message_id=str(uuid.uuid4()),  # F&O's ids say nothing of the event
                content_type=message.headers.get("content-type", "application/json"),
            )
        )

    def check(self) -> None:
        """Tell whether the receivers are well.

        Raises:
            Exception: One of the reading threads failed.
        """
        if self._failure is not None:
            raise self._failure

    def _guarded(self, read: Callable[..., None], *names: str) -> None:
        try:
            # The loops below try again; the SDK would do so for 20 s when the demo is over.
            with ServiceBusClient.from_connection_string(self._connection, retry_total=0) as client:
                read(client, *names)
        except Exception as error:  # noqa: BLE001 (handed to the main thread by `check`)
            self._failure = error

    def _read_sessions(self, client: ServiceBusClient) -> None:
        """Accept one session after the other, and read each to its end."""
        while not self._stop.is_set():
            receiver = client.get_queue_receiver(SESSIONS, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=_WAIT)
            try:
                with receiver:
                    while self._take(receiver, SESSIONS):
                        pass
            except OperationTimeoutError:
                continue  # no session has messages

    def _read_subscription(self, client: ServiceBusClient, name: str) -> None:
        with client.get_subscription_receiver(TOPIC, name) as receiver:
            while not self._stop.is_set():
                self._take(receiver, f"{TOPIC}/{name}")

    def _take(self, receiver: ServiceBusReceiver, place: str) -> bool:
        messages = receiver.receive_messages(max_message_count=_PAGE, max_wait_time=_WAIT)
        for message in messages:
            # The body is F&O's own; the event's id is in the message id: {event id}:{route}.
            self._ledger.received(f"bus:{place}", message.message_id or "", _text_of(message))
            receiver.complete_message(message)
        return bool(messages)


def _text_of(message: ServiceBusReceivedMessage) -> bytes:
    return f"{message.message_id} {message}".encode()
