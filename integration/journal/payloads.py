"""The events themselves, where `keep_payload` asks for it: so that one that was delivered can be replayed.

A blob an event, in a folder for each of the journal's tables, and deleted with it.
"""

from collections.abc import Sequence
from datetime import timedelta

from integration.clock import Clock
from integration.errors import PayloadNotKept
from integration.events.event import Event
from integration.events.record import load, store
from integration.journal.tables import outlived
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.blob_batch import MOST, Version
from integration.storage.names import KEPT_PAYLOADS

log = logger("journal")

RUN_SECONDS = 60.0


class Payloads:
    """Keeps events as they came in.

    Args:
        storage: The worker's storage account.
        clock: The time.
        keep: How long the journal's rows are kept.
    """

    def __init__(self, storage: Storage, clock: Clock, keep: timedelta) -> None:
        self._blobs = storage.blobs(KEPT_PAYLOADS)
        self._clock = clock
        self._keep = keep

    async def put(self, table: str, event: Event) -> None:
        """Keep an event; keeping it twice leaves one.

        Args:
            table: Where its row lies.
            event: As it came in.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        await self._blobs.put(_path(table, event.organization, event.key), store(event))

    async def get(self, table: str, organization: str, key: str) -> Event:
        """Read an event.

        Args:
            table: Where its row lies.
            organization: The configured name.
            key: Its storage key.

        Raises:
            PayloadNotKept: It is not there.
            CorruptRecord: It cannot be read.
            StorageUnavailable: The account did not answer.
        """
        stored = await self._blobs.get(_path(table, organization, key))
        if stored is None:
            msg = f"the payload of {key} was not kept"
            raise PayloadNotKept(msg)
        return load(stored)

    async def delete(self, events: Sequence[tuple[str, str, str]]) -> None:
        """Delete events, as far as they were kept.

        Args:
            events: Of each the table of its row, the organization's configured name and its storage key.

        Raises:
            StorageUnavailable: Some may still be there.
        """
        await self._blobs.delete_many([Version(_path(*each)) for each in events])

    async def any_in(self, table: str) -> bool:
        """Tell whether any event of a table is kept.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async for _ in self._blobs.names(f"{table}/"):
            return True
        return False

    async def retain(self) -> int:
        """Delete the events whose table is not needed any more; returns how many.

        Raises:
            StorageUnavailable: The account did not answer; what is left is deleted the next time.
        """
        started, deleted = self._clock.monotonic(), 0
        async for folder in self._blobs.folders(""):
            if not outlived(folder.rstrip("/"), self._clock.now(), self._keep):
                continue
            batch: list[Version] = []
            async for path in self._blobs.names(folder):
                batch.append(Version(path))
                if len(batch) == MOST:
                    deleted += await self._delete(batch)
                    if self._clock.monotonic() - started > RUN_SECONDS:
                        return deleted
            deleted += await self._delete(batch)
            log.info("the payloads of %s are over and deleted", folder)
        return deleted

    async def _delete(self, batch: list[Version]) -> int:
        gone = await self._blobs.delete_many(batch)
        batch.clear()
        return sum(gone)


def _path(table: str, organization: str, key: str) -> str:
    return f"{table}/{organization}/{key}.json"
