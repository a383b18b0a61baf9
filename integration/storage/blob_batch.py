"""Deleting many blobs in a request: a batch of deletions, each of which is done or refused by itself.

What the account takes as one: 256 deletions in one container, 4 MiB; nothing is promised of their order, and none waits
for another. Each is charged like a request of its own: what is saved is waiting. Source: "Blob Batch".
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from integration.errors import StorageRefused
from integration.loggers import logger
from integration.storage.failures import storage_failures

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

MOST = 256
"""The most deletions of one batch. Source: "Blob Batch"."""
_AT_ONCE = 16
_DONE = 202
_GONE = 404

log = logger("storage")


class Version(msgspec.Struct, frozen=True):
    """A blob as it is to be deleted.

    Args:
        path: Where it lies.
        etag: Only if it still is this one; None: whichever it is.
        written_at: When it was last written, by the account's clock, where that is known.
    """

    path: str
    etag: str | None = None
    written_at: datetime | None = None


async def deleted(
    client: "ContainerClient", versions: Sequence[Version], singly: Callable[[Version], Awaitable[bool]]
) -> list[bool]:
    """Delete blobs in as few requests as can be.

    Args:
        client: Of their container.
        versions: They.
        singly: Deletes one, for those of which a batch does not decide.

    Returns:
        Whether each was deleted.

    Raises:
        StorageUnavailable: The account did not answer.
        StorageRefused: It would refuse one of them again.
    """
    done: list[bool] = []
    gate = asyncio.Semaphore(_AT_ONCE)

    async def decided(version: Version, answer: int | None) -> bool:
        if answer in {_DONE, _GONE}:
            return answer == _DONE
        # 412 is said by an account with versioning of blobs that are as they were (azure-sdk-for-net issue 23319), and
        # by Azurite of one that is gone; an answer that is missing, where the account takes offence at a batch.
        async with gate:
            return await singly(version)

    for start in range(0, len(versions), MOST):
        lot = versions[start : start + MOST]
        answers = await _answers(client, lot) if len(lot) > 1 else [None]
        done += await asyncio.gather(*map(decided, lot, answers))
    return done


async def _answers(client: "ContainerClient", lot: Sequence[Version]) -> list[int | None]:
    """Send a batch; give the status of each, or of each None where the account says nothing of them one by one."""
    asked = [{"name": each.path} | ({"etag": each.etag} if each.etag else {}) for each in lot]
    try:
        with storage_failures("deleting blobs"):
            # "An async iterator of responses, one for each blob in order" (`delete_blobs` of the SDK); of an invalid
            # batch there is one for all.
            answers = [each.status_code async for each in await client.delete_blobs(*asked, raise_on_any_failure=False)]
    except StorageRefused as refused:
        log.warning("%s; the %d blobs are deleted one by one", refused, len(lot))
        return [None] * len(lot)
    return list(answers) if len(answers) == len(lot) else [None] * len(lot)


def quoted(etag: str) -> str:
    """Write an ETag as a condition has it: listings give it without its quotation marks."""
    return etag if etag.startswith('"') else f'"{etag}"'
