"""Payloads that do not fit in a queue message: each lies in a blob that one message names.

A message may come again at any time until it is acknowledged, and nothing runs after that. So the blob is not deleted
when its message is done but emptied: a message that comes again and finds it empty has been dealt with, one that finds
nothing has lost its payload. Each link of a chain of retries has a blob of its own, so that a message of an older link
empties nobody else's. What a crash left behind, and what is empty, is swept by age.
"""

import asyncio
import hashlib
import re
import uuid
from datetime import datetime, timedelta

from integration.clock import Clock
from integration.delivery.backoff import LONGEST
from integration.errors import CorruptRecord
from integration.faults import summary
from integration.loggers import logger
from integration.storage import Blobs, Storage
from integration.storage.days import days
from integration.storage.names import PAYLOADS

log = logger("delivery")

KEEP = LONGEST + timedelta(days=8)
"""A blob is older than this only when nothing refers to it: its message waits for at most `LONGEST`."""
ROOT = "payloads/"
INTAKE = f"{ROOT}intake/"
DELIVERIES = f"{ROOT}deliveries/"

_DIGEST = re.compile("[0-9a-f]{64}")

RUN_SECONDS = 60.0
AT_ONCE = 16


def intake_path(body: bytes, at: datetime) -> str:
    """Say where the body of an accepted message lies.

    Args:
        body: The message.
        at: When it was accepted; the sweep goes by it.
    """
    return f"{INTAKE}{at:%Y/%m/%d}/{at:%H%M%S%f}-{hashlib.sha256(body).hexdigest()}"


class ClaimChecks:
    """Keeps payloads until their messages are done.

    Args:
        storage: The worker's storage account.
        clock: The time.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    @property
    def _blobs(self) -> Blobs:
        return self._storage.blobs(PAYLOADS)

    async def keep(self, key: str, payload: bytes) -> str:
        """Keep the payload of a message that is about to be stored; returns its path, which no other message has.

        Args:
            key: The event's storage key.
            payload: The event as stored.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        path = f"{DELIVERIES}{self._clock.now():%Y/%m/%d}/{key}-{uuid.uuid4().hex}.json"
        await self._blobs.put(path, payload)
        return path

    async def redeem(self, path: str) -> bytes | None:
        """Fetch a payload; None when its message has been dealt with.

        Raises:
            CorruptRecord: It is gone, or is not what an intake has put there.
            StorageUnavailable: The account did not answer.
        """
        stored = await self._blobs.get(path) if path.startswith(ROOT) else None
        if stored is None:
            msg = f"the claim-check {path[:200]!r} is gone"
            raise CorruptRecord(msg)
        digest = path.rsplit("-", 1)[-1]
        told = bool(stored) and path.startswith(INTAKE) and _DIGEST.fullmatch(digest) is not None
        # A sender's body may be anything, so only this tells whether it is still what was accepted.
        if told and hashlib.sha256(stored).hexdigest() != digest:
            msg = f"the claim-check {path[:200]!r} is not what was put there"
            raise CorruptRecord(msg)
        return stored or None

    async def settle(self, path: str) -> None:
        """Empty a claim-check whose message is done; if that fails the message's next coming, or the sweep, does it."""
        try:
            await self._blobs.put(path, b"")
        except Exception as error:  # noqa: BLE001  # its message is done: nothing may bring that back
            log.warning("the claim-check %s is left to the sweep: %s", path, summary(error))

    async def sweep(self) -> int:
        """Delete the claim-checks that nothing can refer to any more; returns how many.

        Raises:
            StorageUnavailable: The account did not answer; what is left is swept the next time.
        """
        started, swept = self._clock.monotonic(), 0
        last = f"{self._clock.now() - KEEP:%Y/%m/%d}"
        for root in (INTAKE, DELIVERIES):
            async for day in days(self._blobs, root, before=last):
                batch: list[str] = []
                async for path in self._blobs.names(day):
                    batch.append(path)
                    if len(batch) == AT_ONCE:
                        swept += await self._delete(batch)
                        if self._clock.monotonic() - started > RUN_SECONDS:
                            return swept
                swept += await self._delete(batch)
        if swept:
            log.info("%d claim-checks were older than %s and are deleted", swept, KEEP)
        return swept

    async def _delete(self, batch: list[str]) -> int:
        gone = await asyncio.gather(*map(self._blobs.delete, batch))
        batch.clear()
        return sum(gone)
