"""The Storage clients of one host, one for each connection, made at first use."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from emulation.functions_host.errors import HostError
from emulation.functions_host.host_json import Queues
from emulation.functions_host.identity import ManagedIdentity
from emulation.functions_host.settings import HOST_STORAGE, Settings
from emulation.functions_host.storage_connection import StorageConnection, find_storage

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient
    from azure.storage.queue.aio import QueueClient

# The .NET SDK's defaults; the Python SDK's would sit out an outage for 86 s in one call.
RETRIES: dict[str, Any] = {"retry_total": 3, "initial_backoff": 0.8, "increment_base": 2, "connection_timeout": 5}


class Storage:
    """Clients by what a binding's `connection` names.

    Args:
        settings: Where the connections are.
        queues: Decides how messages are encoded.
    """

    def __init__(self, settings: Settings, queues: Queues) -> None:
        self._settings = settings
        self._encoded = queues.message_encoding == "base64"
        self._clients: dict[tuple[StorageConnection, str], QueueClient] = {}
        self._identities: dict[str, ManagedIdentity] = {}
        self._blobs: BlobServiceClient | None = None
        self._exit = AsyncExitStack()

    async def queue(self, connection: str, name: str, function: str, *, raw: bool = False) -> "QueueClient":
        """Return the client of a queue.

        Args:
            connection: The binding's `connection`.
            name: The queue.
            function: Who asks, for the error message.
            raw: Leave message texts as they are stored.

        Raises:
            HostError: The connection does not exist.
        """
        # Not every app uses Storage, and its SDK takes long to import.
        from azure.storage.queue import BinaryBase64DecodePolicy, BinaryBase64EncodePolicy  # noqa: PLC0415
        from azure.storage.queue.aio import QueueClient  # noqa: PLC0415

        found = find_storage(self._settings, connection, function)
        key = (found, f"{name}\n{raw}")
        if key not in self._clients:
            options: dict[str, Any] = {
                "message_encode_policy": BinaryBase64EncodePolicy() if self._encoded and not raw else None,
                "message_decode_policy": BinaryBase64DecodePolicy() if self._encoded and not raw else None,
                **RETRIES,
            }
            if found.connection_string:
                client = QueueClient.from_connection_string(found.connection_string, name, **options)
            else:
                url = _endpoint(found.queue, "queue", connection, function)
                client = QueueClient(url, name, credential=self._identity(found), **options)
            self._clients[key] = await self._exit.enter_async_context(client)
        return self._clients[key]

    async def blobs(self, function: str) -> "BlobServiceClient":
        """Return a client of the host's own storage, where timers keep their status."""
        from azure.storage.blob.aio import BlobServiceClient  # noqa: PLC0415 - as above

        if self._blobs is None:
            found = find_storage(self._settings, HOST_STORAGE, function)
            if found.connection_string:
                client = BlobServiceClient.from_connection_string(found.connection_string, **RETRIES)
            else:
                url = _endpoint(found.blob, "blob", HOST_STORAGE, function)
                client = BlobServiceClient(url, credential=self._identity(found), **RETRIES)
            self._blobs = await self._exit.enter_async_context(client)
        return self._blobs

    async def close(self) -> None:
        """Close every client."""
        await self._exit.aclose()

    def _identity(self, found: StorageConnection) -> ManagedIdentity:
        return self._identities.setdefault(found.client_id, ManagedIdentity(found.client_id))


def _endpoint(url: str, service: str, connection: str, function: str) -> str:
    if not url:
        msg = f"Function {function!r}: {connection or HOST_STORAGE}__{service}ServiceUri is not set."
        raise HostError(msg)
    return url.rstrip("/")
