"""The keys as the real host has them: blobs of its storage account, read at first need in each instance.

`SecretManager` and `BlobStorageSecretsRepository`: `azure-webjobs-secrets/APP/host.json` for the host's keys,
`…/FUNCTION.json` for a function's. They are read when a request presents a key, and kept; what cannot be read is an
exception in the host's pipeline, 500, and is asked for again by the next request. A key that was right once is not
looked up again. A wrong one empties what is kept, at most once a minute, for the case that keys were changed.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable

import msgspec
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError

from emulation.functions_host.errors import HostError
from emulation.functions_host.keys import Keys, Level
from emulation.functions_host.log import host_log
from emulation.functions_host.storage import Storage

CONTAINER = "azure-webjobs-secrets"
HOST = "host"
RESET_EVERY = 60.0


class KeysUnreadable(Exception):
    """The keys could not be read: 500, before the function."""


class Vault:
    """Admits requests by keys that lie in storage.

    Which keys there are is said by who starts the host; a blob that holds others is written again.

    Args:
        keys: The keys.
        storage: The host's storage; None where the app has none: keys are files then, and always there.
        app: The folder of the blobs.
        monotonic: The time in seconds.
    """

    def __init__(
        self, keys: Keys, storage: Storage | None, app: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = keys
        self._storage = storage
        self._app = app
        self._monotonic = monotonic
        self._read = set[str]()
        self._right = set[tuple[str, str]]()
        self._locks = defaultdict[str, asyncio.Lock](asyncio.Lock)
        self._emptied = float("-inf")

    async def admit(
        self, presented: str | None, level: Level, function: str = "", *, system: str | None = None
    ) -> bool:
        """Return whether a presented key opens something of this level; arguments as in `Keys.admit`.

        Raises:
            KeysUnreadable: A key was presented, and what it would be compared with cannot be had.
        """
        # An anonymous function too: the host wants to know who calls (FunctionInvocationMiddleware.RequiresAuthz).
        if presented and self._storage is not None and self._keys.enforced:
            known = bool(self._read)
            if not await self._look_up(presented, function) and known and self._may_empty():
                self._read.clear()
                await self._look_up(presented, function)
        return self._keys.admit(presented, level, function, system)

    async def _look_up(self, presented: str, function: str) -> bool:
        if (presented, function) in self._right:
            return True
        await self._load(HOST)
        found = self._keys.opens_host(presented)
        if not found and function:
            await self._load(function)
            found = self._keys.admit(presented, Level.FUNCTION, function)
        if found:
            self._right.add((presented, function))
        return found

    def _may_empty(self) -> bool:
        now = self._monotonic()
        if now - self._emptied < RESET_EVERY:
            return False
        self._emptied = now
        return True

    async def _load(self, name: str) -> None:
        async with self._locks[name]:
            if name in self._read:
                return
            wanted = msgspec.json.encode(self._keys.of(None if name == HOST else name))
            try:
                await self._settle(f"{self._app}/{name.lower()}.json", wanted)
            except (AzureError, HostError, ValueError, OSError) as error:
                host_log.error("The keys of %s cannot be read: %s", name, error)
                raise KeysUnreadable from error
            self._read.add(name)

    async def _settle(self, path: str, wanted: bytes) -> None:
        assert self._storage is not None  # noqa: S101 - asked by the caller
        container = (await self._storage.blobs(HOST)).get_container_client(CONTAINER)
        blob = container.get_blob_client(path)
        try:
            if await (await blob.download_blob()).readall() == wanted:
                return
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                await container.create_container()
        await blob.upload_blob(wanted, overwrite=True)
