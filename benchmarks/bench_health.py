"""What it takes to tell how a large app stands: 1,000 organizations and 100 targets on Azurite."""

import asyncio
import gzip
import time

from azure.core.pipeline.transport import AioHttpTransport

from benchmarks.health_fleet import filled, pages_of
from benchmarks.measure import Row, row
from emulation.azurite import Azurite
from integration.storage import Storage

ORGANIZATIONS, TARGETS = 1_000, 100
REQUESTS = 5
KIBIBYTES = 30


def rows(*, quick: bool = False) -> list[Row]:
    with Azurite() as azurite:
        return asyncio.run(_details(azurite.connection_string, 3 if quick else 9))


async def _details(account: str, rounds: int) -> list[Row]:
    storage = Storage({"AzureWebJobsStorage": account})
    sent: list[str] = []
    send = AioHttpTransport.send

    async def counted(transport: AioHttpTransport, request: object, **options: object) -> object:
        sent.append(str(request))
        return await send(transport, request, **options)  # pyright: ignore[reportArgumentType]

    try:
        await filled(storage, ORGANIZATIONS, TARGETS)
        pages = pages_of(storage, ORGANIZATIONS, TARGETS)
        response = await pages.details()
        AioHttpTransport.send = counted  # pyright: ignore[reportAttributeAccessIssue]
        took: list[float] = []
        for _ in range(rounds):
            began = time.perf_counter()
            response = await pages.details()
            took.append((time.perf_counter() - began) * 1000)
    finally:
        AioHttpTransport.send = send
        await storage.close()
    size = len(gzip.compress(response.body, 6)) / 1024
    what = f"health details of {ORGANIZATIONS:,} organizations and {TARGETS} targets"
    return [
        row(f"{what}: requests", [len(sent) / rounds], "requests", budget=REQUESTS),
        row(f"{what}: time, on Azurite", took, "ms", budget=None),
        row(f"{what}: gzip", [size], "KiB", budget=KIBIBYTES),
    ]
