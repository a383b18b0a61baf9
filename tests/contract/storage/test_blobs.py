"""Blobs: one set of assertions for a container of a storage account and for its twin in memory."""

import asyncio
import inspect
from datetime import UTC, datetime, timedelta

import pytest

from integration.errors import StorageRefused
from integration.storage import Blobs, Queue, Storage
from integration.storage.azure_tables import AzureTable
from integration.storage.blob_batch import MOST, Version
from integration.storage.blobs import BlobLease
from integration.storage.memory import MemoryBlobs, MemoryQueue, MemoryStorage, MemoryTable
from integration.storage.memory.blobs import MemoryLease
from tests.contract.storage.accounts import a_name
from tests.fake_clock import FakeClock


async def listed(found):
    return [each async for each in found]


async def test_what_is_dropped_is_gone_and_dropping_what_is_not_there_is_nothing(storage):
    name = a_name("c")
    await storage.blobs(name).put("a/1", b"x")
    await storage.queue(name).put(b"x")
    for _ in range(2):
        await storage.drop_container(name)
        await storage.drop_queue(name)
    assert await storage.blobs(name).get("a/1") is None
    assert await storage.queue(name).depth() == 0


async def test_a_container_that_is_not_there_is_empty(storage):
    blobs = storage.blobs(a_name("c"))
    assert await blobs.get("a/1") is None
    assert await blobs.get_version("a/1") is None
    assert not await blobs.any("a/")
    assert not await blobs.delete("a/1")
    assert not await blobs.delete_version("a/1", "v")
    assert await blobs.delete_many([Version("a/1"), Version("a/2", '"v"')]) == [False, False]
    for listing in (blobs.list, blobs.names, blobs.versions, blobs.folders):
        assert await listed(listing("")) == []


async def test_blobs_are_written_read_listed_and_deleted(storage):
    blobs = storage.blobs(a_name("c"))
    await blobs.put("a/2", b"two", metadata={"mark": "2"})
    await blobs.put("a/1", b"one")
    await blobs.put("a/1", b"one again")
    await blobs.put("b/1", b"other")
    assert await blobs.get("a/1") == b"one again"
    assert [found.path for found in await listed(blobs.list("a/"))] == ["a/1", "a/2"]
    assert [found.metadata for found in await listed(blobs.list("a/2"))] == [{"mark": "2"}]
    assert await blobs.any("b/")
    assert await blobs.delete("b/1")
    assert not await blobs.delete("b/1")
    assert not await blobs.any("b/")


async def test_paths_folders_and_times_are_listed_in_order(storage):
    blobs = storage.blobs(a_name("c"))
    before = datetime.now(UTC) - timedelta(seconds=2)
    for path in ("b/y/2", "a", "b/x/1", "b/z", "c/1", "b-0"):
        await blobs.put(path, b"x")
    assert await listed(blobs.names("")) == ["a", "b-0", "b/x/1", "b/y/2", "b/z", "c/1"]
    assert await listed(blobs.names("b/")) == ["b/x/1", "b/y/2", "b/z"]
    assert await listed(blobs.folders("")) == ["b/", "c/"]
    assert await listed(blobs.folders("b/")) == ["b/x/", "b/y/"]
    found = await listed(blobs.versions("b/x"))
    assert [each.path for each in found] == ["b/x/1"]
    assert before <= found[0].written_at <= datetime.now(UTC) + timedelta(seconds=2)


async def test_a_version_is_deleted_only_as_long_as_it_is_the_present_one(storage):
    blobs = storage.blobs(a_name("c"))
    await blobs.put("one", b"1")
    body, old = await blobs.get_version("one")
    assert body == b"1"
    await blobs.put("one", b"2")
    assert not await blobs.delete_version("one", old)
    body, new = await blobs.get_version("one")
    assert (body, new != old) == (b"2", True)
    assert await blobs.delete_version("one", new)
    assert not await blobs.delete_version("one", new)


async def test_many_are_deleted_as_they_were_listed_and_what_was_written_since_stays(storage):
    blobs = storage.blobs(a_name("c"))
    paths = [f"contoso/Target Rejected/{number:03}~ü.json" for number in range(MOST + 4)]
    await asyncio.gather(*(blobs.put(path, b"1") for path in paths))
    versions = await listed(blobs.versions("contoso/"))
    assert [each.path for each in versions] == paths
    await blobs.put(paths[3], b"2")
    await blobs.delete(paths[MOST])
    gone = await blobs.delete_many(versions)
    assert [path for path, done in zip(paths, gone, strict=True) if not done] == [paths[3], paths[MOST]]
    assert await listed(blobs.names("")) == [paths[3]]
    assert await blobs.delete_many([Version(paths[3]), Version(paths[4])]) == [True, False]
    assert await blobs.delete_many([]) == []


async def test_one_of_many_that_another_holds_a_lease_on_is_refused_and_the_others_are_deleted(storage):
    blobs = storage.blobs(a_name("c"))
    for path in ("a", "c"):
        await blobs.put(path, b"x")
    async with blobs.lease("b"):
        with pytest.raises(StorageRefused):
            await blobs.delete_many([Version("a"), Version("b"), Version("c")])
        assert await listed(blobs.names("")) == ["b"]


async def test_an_empty_blob_is_read_as_such(storage):
    # What is left of a claim-check that was dealt with; it has no first byte, which the service says with 416.
    blobs = storage.blobs(a_name("c"))
    await blobs.put("done", b"")
    assert await blobs.get("done") == b""
    body, etag = await blobs.get_version("done") or (None, "")
    assert body == b""
    assert etag


async def test_a_lease_has_one_holder_at_a_time_and_leaves_a_marker(storage):
    blobs = storage.blobs(a_name("c"))
    async with blobs.lease("leases/contoso") as first:
        assert first is not None
        assert await first.renew()
        async with blobs.lease("leases/contoso") as second:
            assert second is None
        async with blobs.lease("leases/fabrikam") as other:
            assert other is not None
    assert await blobs.get("leases/contoso") == b""
    async with blobs.lease("leases/contoso") as third:
        assert third is not None


async def test_of_many_that_take_a_lease_for_the_first_time_at_once_one_has_it(storage):
    blobs, held, over = storage.blobs(a_name("c")), [], asyncio.Event()

    async def take():
        async with blobs.lease("leases/contoso") as lease:
            held.append(lease is not None)
            if len(held) == 4:
                over.set()
            await over.wait()

    await asyncio.gather(*(take() for _ in range(4)))
    assert held.count(True) == 1


async def test_what_is_leased_is_neither_written_nor_deleted_by_others(storage):
    blobs = storage.blobs(a_name("c"))
    async with blobs.lease("leases/contoso"):
        for change in (blobs.put("leases/contoso", b"x"), blobs.delete("leases/contoso")):
            with pytest.raises(StorageRefused):
                await change
        assert await blobs.get("leases/contoso") == b""
    await blobs.put("leases/contoso", b"x")


@pytest.mark.parametrize("seconds", [14, 61])
async def test_a_lease_is_short(storage, seconds):
    with pytest.raises(StorageRefused):
        async with storage.blobs(a_name("c")).lease("leases/contoso", seconds=seconds):
            pass


async def test_a_lost_lease_is_not_renewed(azurite):
    storage = Storage({"AzureWebJobsStorage": azurite.connection_string})
    blobs = storage.blobs(a_name("c"))
    async with blobs.lease("leases/contoso", seconds=15) as lease:
        assert lease is not None
        await blobs._client.get_blob_client("leases/contoso").delete_blob(lease=lease._lease)
        assert not await lease.renew()
    await storage.close()


async def test_a_lease_in_memory_runs_out_and_can_be_renewed_until_another_has_it():
    clock = FakeClock()
    blobs = MemoryStorage(clock).blobs("c")
    async with blobs.lease("leases/contoso", seconds=15) as lease:
        await clock.advance(16)
        assert await lease.renew()
        await clock.advance(16)
        async with blobs.lease("leases/contoso") as other:
            assert other is not None
            assert not await lease.renew()


TWINS = [
    (AzureTable, MemoryTable),
    (Queue, MemoryQueue),
    (Blobs, MemoryBlobs),
    (BlobLease, MemoryLease),
    (Storage, MemoryStorage),
]


@pytest.mark.parametrize(("original", "twin"), TWINS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_twin_has_all_that_its_original_has(original, twin):
    public = {name: each for name, each in vars(original).items() if name[0] != "_" and callable(each)}
    for name, each in public.items():
        ours, theirs = inspect.signature(getattr(twin, name)), inspect.signature(each)
        assert {one.name: one.default for one in ours.parameters.values()} == {
            one.name: one.default for one in theirs.parameters.values()
        }, name
