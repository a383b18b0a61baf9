"""One set of storage clients a process, each built at its first use."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from integration.storage.azure_tables import AzureTable
from integration.storage.blobs import Blobs
from integration.storage.connections import Account, ConnectionString, Service, find
from integration.storage.failures import storage_failures
from integration.storage.proxies import has_proxy
from integration.storage.queues import Queue
from integration.storage.sdk import sdk
from integration.storage.tables import Table

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

# Where the worker's own queues, containers and tables live: the account that the Functions host uses too.
INTERNAL = "Storage"


class Storage:
    """The clients of every storage account that the configuration names.

    Args:
        environ: The app settings.
        credential: Gives the TokenCredential of a managed identity by its client id ("" for the system-assigned).
    """

    def __init__(
        self, environ: Mapping[str, str], credential: "Callable[[str], AsyncTokenCredential] | None" = None
    ) -> None:
        self._environ = environ
        self._credential = credential
        self._services: dict[tuple[str, Service, bool], Any] = {}
        self._queues: dict[tuple[str, str, bool], Queue] = {}
        self._blobs: dict[tuple[str, bool], Blobs] = {}
        self._tables: dict[tuple[str, bool], AzureTable] = {}

    def queue(self, name: str, *, connection: str = INTERNAL, hasty: bool = False) -> Queue:
        """Give the client of a queue.

        Args:
            name: The queue's name.
            connection: The app-setting prefix of its account.
            hasty: For intake, where someone waits: connect 1 s, read 2 s, one retry (the SDK's default takes 86 s).
        """
        key = (connection, name, hasty)
        if key not in self._queues:
            service = self._service(connection, "queue", hasty=hasty)
            self._queues[key] = Queue(service.get_queue_client(name))
        return self._queues[key]

    def blobs(self, container: str, *, hasty: bool = False) -> Blobs:
        """Give the client of a container in the worker's own account; `hasty` as for queues."""
        key = (container, hasty)
        if key not in self._blobs:
            service = self._service(INTERNAL, "blob", hasty=hasty)
            self._blobs[key] = Blobs(service.get_container_client(container))
        return self._blobs[key]

    async def table(self, name: str, *, hasty: bool = False) -> Table:
        """Give a table of the worker's own account; no request is made.

        Args:
            name: The table's name.
            hasty: For what must not wait for long: connect 2 s, read 4 s, one retry.
        """
        key = (name, hasty)
        if key not in self._tables:
            # Importing the SDK takes a second on a busy machine: the loop must not feel it.
            await asyncio.to_thread(sdk, "azure.data.tables.aio")
            service = self._service(INTERNAL, "table", hasty=hasty)
            self._tables.setdefault(key, AzureTable(service.get_table_client(name)))
        return self._tables[key]

    async def tables(self, prefix: str) -> AsyncIterator[str]:
        """List the tables of the worker's own account whose name begins with `prefix`, in the order of their names.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        service = self._service(INTERNAL, "table", hasty=False)
        limits = {"first": prefix, "past": prefix[:-1] + chr(ord(prefix[-1]) + 1)}
        with storage_failures("listing tables"):
            async for table in service.query_tables("TableName ge @first and TableName lt @past", parameters=limits):
                yield str(table.name)

    async def drop_table(self, name: str) -> None:
        """Delete a table of the worker's own account with all its rows, if it is there.

        Raises:
            StorageUnavailable: It may still be there.
        """
        service = self._service(INTERNAL, "table", hasty=False)
        with storage_failures(f"deleting table {name}"):
            await service.delete_table(name)

    async def drop_queue(self, name: str) -> None:
        """Delete a queue of the worker's own account with all its messages, if it is there.

        Raises:
            StorageUnavailable: It may still be there.
        """
        service = self._service(INTERNAL, "queue", hasty=False)
        await _dropped(service.delete_queue(name), f"deleting queue {name}")

    async def drop_container(self, name: str) -> None:
        """Delete a container of the worker's own account with all its blobs, if it is there.

        Raises:
            StorageUnavailable: It may still be there.
        """
        service = self._service(INTERNAL, "blob", hasty=False)
        await _dropped(service.delete_container(name), f"deleting container {name}")

    async def close(self) -> None:
        """Close every connection."""
        services = list(self._services.values())
        self._services.clear()
        self._queues.clear()
        self._blobs.clear()
        self._tables.clear()
        for service in services:
            await service.close()

    def _service(self, connection: str, service: Service, *, hasty: bool) -> Any:
        key = (connection, service, hasty)
        if key not in self._services:
            found = find(self._environ, connection, service)
            self._services[key] = self._build(found, service, hasty=hasty)
        return self._services[key]

    def _build(self, found: ConnectionString | Account, service: Service, *, hasty: bool) -> Any:
        client = self._client(found, service, hasty=hasty, proxied=False)
        return self._client(found, service, hasty=hasty, proxied=True) if has_proxy(client.url) else client

    def _client(self, found: ConnectionString | Account, service: Service, *, hasty: bool, proxied: bool) -> Any:
        """Make a client; nothing is opened yet."""
        kind = _client_class(service)
        how = {**_limits(service, hasty=hasty), "use_env_settings": proxied}
        if isinstance(found, ConnectionString):
            return kind.from_connection_string(found.value, **how)
        if self._credential is None:
            msg = "a managed identity is configured, but this program has no credential for one"
            raise RuntimeError(msg)
        return kind(found.endpoint, credential=self._credential(found.client_id), **how)


async def _dropped(deletion: Awaitable[None], doing: str) -> None:
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

    with storage_failures(doing), suppress(ResourceNotFoundError):
        await deletion


def _client_class(service: Service) -> Any:
    # Imported at first use: an instance that needs one service must not pay for the others.
    if service == "queue":
        return sdk("azure.storage.queue.aio").QueueServiceClient
    if service == "blob":
        return sdk("azure.storage.blob.aio").BlobServiceClient
    return sdk("azure.data.tables.aio").TableServiceClient


def _limits(service: Service, *, hasty: bool) -> dict[str, Any]:
    if service == "table" and hasty:
        return {"retry_total": 1, "connection_timeout": 2, "read_timeout": 4}
    if service == "table":
        return {"retry_total": 3, "retry_backoff_factor": 0.4, "connection_timeout": 5, "read_timeout": 20}
    if hasty:
        patience = {"initial_backoff": 0, "increment_base": 0, "random_jitter_range": 0, "retry_total": 1}
        return {**patience, "connection_timeout": 1, "read_timeout": 2}
    patience = {"initial_backoff": 1, "increment_base": 2, "random_jitter_range": 1, "retry_total": 3}
    return {**patience, "connection_timeout": 5, "read_timeout": 20}
