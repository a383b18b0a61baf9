"""The Storage clients of one host, one for each connection, made at first use."""

from contextlib import AsyncExitStack
from typing import Any

from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue import BinaryBase64DecodePolicy, BinaryBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from emulation.functions_host.host_json import Queues
from emulation.functions_host.settings import HOST_STORAGE, Settings

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
        self._clients: dict[tuple[str, str], QueueClient] = {}
        self._blobs: BlobServiceClient | None = None
        self._exit = AsyncExitStack()

    async def queue(self, connection: str, name: str, function: str, *, raw: bool = False) -> QueueClient:
        """Return the client of a queue.

        Args:
            connection: The binding's `connection`.
            name: The queue.
            function: Who asks, for the error message.
            raw: Leave message texts as they are stored.

        Raises:
            HostError: The connection does not exist.
        """
        connection_string = self._settings.connection_string(connection, function)
        key = (connection_string, f"{name}\n{raw}")
        if key not in self._clients:
            client = QueueClient.from_connection_string(
                connection_string,
                name,
                message_encode_policy=BinaryBase64EncodePolicy() if self._encoded and not raw else None,
                message_decode_policy=BinaryBase64DecodePolicy() if self._encoded and not raw else None,
                **RETRIES,
            )
            self._clients[key] = await self._exit.enter_async_context(client)
        return self._clients[key]

    async def blobs(self, function: str) -> BlobServiceClient:
        """Return a client of the host's own storage, where timers keep their status."""
        if self._blobs is None:
            connection_string = self._settings.connection_string(HOST_STORAGE, function)
            client = BlobServiceClient.from_connection_string(connection_string, **RETRIES)
            self._blobs = await self._exit.enter_async_context(client)
        return self._blobs

    async def close(self) -> None:
        """Close every client."""
        await self._exit.aclose()
