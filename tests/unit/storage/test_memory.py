"""Accounts in memory are no kinder than Azure is: a name that was just deleted stays taken for a while."""

import pytest

from integration.errors import StorageUnavailable
from integration.storage.memory import MemoryStorage
from tests.fake_clock import FakeClock


async def write_queue(storage):
    await storage.queue("q").put(b"x")


async def write_blob(storage):
    await storage.blobs("c").put("a", b"x")


async def write_row(storage):
    await (await storage.table("t")).put({"PartitionKey": "p", "RowKey": "r"})


@pytest.mark.parametrize(
    ("write", "drop", "name", "seconds"),
    [
        (write_queue, "drop_queue", "q", 40),
        (write_blob, "drop_container", "c", 30),
        (write_row, "drop_table", "t", 40),
    ],
)
async def test_what_was_deleted_cannot_be_made_again_at_once(write, drop, name, seconds):
    clock = FakeClock()
    storage = MemoryStorage(clock)
    await write(storage)
    await getattr(storage, drop)(name)
    await clock.advance(seconds - 1)
    with pytest.raises(StorageUnavailable, match="just deleted"):
        await write(storage)
    await clock.advance(1)
    await write(storage)
