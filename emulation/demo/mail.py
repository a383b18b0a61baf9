"""Sending and receiving, as the systems around fno-link do: plain HTTP and the Azure SDKs, none of our own clients."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import BinaryBase64DecodePolicy, BinaryBase64EncodePolicy, QueueClient

from emulation.demo.bus import Bus
from emulation.demo.changes import Change
from emulation.demo.dataverse import FAILED, Dataverse
from emulation.demo.day import Message
from emulation.demo.ledger import Ledger
from emulation.demo.world import WEBHOOK, LocalWorld

INTAKE_QUEUE = "erp-events"
OPERATORS = "operators"
QUEUES = ("orders", "finance", "data", "archive", OPERATORS)
DEAD_LETTERS, PARKED = "fno-link-dead-letters", "fno-link-parked"
RESEND = 3
OK = 200
_POLL = 0.2


class Mail:
    """Senders, receivers and the view of the blob containers.

    Args:
        world: Where they are.
        ledger: Where everything is written down.
    """

    def __init__(self, world: LocalWorld, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._http = httpx.Client(timeout=30, headers={"x-functions-key": world.host.key}, trust_env=False)
        connection = world.azurite.connection_string
        self._intake = QueueClient.from_connection_string(
            connection, INTAKE_QUEUE, message_encode_policy=BinaryBase64EncodePolicy()
        )
        decode = BinaryBase64DecodePolicy()
        self._queues = {
            name: QueueClient.from_connection_string(connection, name, message_decode_policy=decode) for name in QUEUES
        }
        self._blobs = BlobServiceClient.from_connection_string(connection)
        self._bus = Bus(world.service_bus, ledger)
        self._dataverse = Dataverse(world)
        self._changes: dict[str, Message] = {}
        self._webhooks_seen = 0
        self.alerts: list[str] = []
        self._stop = threading.Event()
        self._reader = threading.Thread(target=self._read_on, name="receivers")
        self._failure: Exception | None = None

    def __enter__(self) -> Self:
        with contextlib.suppress(ResourceExistsError):
            self._intake.create_queue()
        self._world.register()
        self._dataverse.__enter__()
        self._reader.start()
        self._bus.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._bus.__exit__(kind, error, trace)
        self._reader.join()
        self._dataverse.__exit__(kind, error, trace)
        self._http.close()
        for client in (self._intake, *self._queues.values(), self._blobs):
            client.close()

    def send(self, message: Message) -> None:
        """Send one message the way its sender would, and again when it is asked to."""
        self._ledger.sending(message)
        if message.change is not None:
            self._make(message, message.change)
        elif message.way == "erp-queue":
            self._intake.send_message(message.body)
            self._ledger.accepted(message)
        elif message.way == "erp-bus":
            self._bus.send(message)
            self._ledger.accepted(message)
        else:
            self._post(message)

    def read(self) -> None:
        """Take what has arrived at the receivers into the books.

        Raises:
            Exception: A reading thread failed.
        """
        self._bus.check()
        if self._failure is not None:
            raise self._failure

    def parked(self) -> list[bytes]:
        """Read what is parked."""
        return [body for _, body in self._contents(PARKED)]

    def dead(self) -> list[tuple[str, bytes]]:
        """Read the dead letters: reason and content, with the original body decoded."""
        return list(self._contents(DEAD_LETTERS))

    def give_back(self) -> None:
        """Take what Dataverse could not send out of what was accepted: its user has it as a failed system job."""
        for job in self._dataverse.jobs(FAILED):
            message = self._changes.pop(str(job["_regardingobjectid_value"]), None)
            if message is not None:
                self._ledger.given_back(message)

    def _make(self, message: Message, change: Change) -> None:
        self._changes[change.key] = message
        if self._dataverse.make(change):
            self._ledger.accepted(message)
        else:
            self._ledger.refused(message, 400)

    def _post(self, message: Message) -> None:
        url = f"{self._world.host.url}/api/events/{message.way}"
        status = 0
        for _ in range(RESEND):
            status = self._http.post(url, content=message.body, headers=message.headers).status_code
            if status not in {502, 503, 504}:
                break
        if status in {200, 202}:
            self._ledger.accepted(message)
        else:
            self._ledger.refused(message, status)

    def _read_on(self) -> None:
        try:
            while not self._stop.is_set():
                busy = [self._read_queue(name) for name in QUEUES]
                busy.append(self._read_webhook())
                if not any(busy):
                    self._stop.wait(_POLL)
        except Exception as error:  # noqa: BLE001 (handed to the main thread by `read`)
            self._failure = error

    def _read_queue(self, name: str) -> bool:
        queue = self._queues[name]
        seen = False
        try:
            for message in queue.receive_messages(messages_per_page=32):
                body: bytes = message.content
                event = json.loads(body)
                self._ledger.received(name, event["id"], body)
                if name == OPERATORS and event["type"].startswith("fno-link."):
                    self.alerts.append(event["type"])
                queue.delete_message(message)
                seen = True
        except ResourceNotFoundError:
            return False  # nothing was sent to it yet
        return seen

    def _read_webhook(self) -> bool:
        arrived = self._world.receivers.received(WEBHOOK)
        fresh = arrived[self._webhooks_seen :]
        self._webhooks_seen = len(arrived)
        for request in fresh:
            if request.status == OK:
                self._ledger.received(WEBHOOK, request.header("webhook-id") or "", request.body.encode())
        return bool(fresh)

    def _contents(self, container: str) -> Iterator[tuple[str, bytes]]:
        client = self._blobs.get_container_client(container)
        try:
            paths = [blob.name for blob in client.list_blobs() if not blob.name.startswith("leases/")]
        except ResourceNotFoundError:
            return
        for path in paths:
            try:
                stored: bytes = client.download_blob(path).readall()
            except ResourceNotFoundError:
                continue  # released meanwhile
            yield _reason_and_text(stored)


def _reason_and_text(stored: bytes) -> tuple[str, bytes]:
    record: dict[str, Any] = json.loads(stored)
    original = base64.b64decode(record.get("body") or "")
    return record["reason"], stored + b"\n" + original
