"""A round of a large app, and what it takes to tell how it stands: 1,000 organizations, 100 targets.

Each counterpart answers after 50 ms, tokens are held. The round is the second one: the first also asks what is then
known for an hour or a day. Beside the account in memory stands Azurite, which shares the machine: what it takes is in
that row, and would be elsewhere in Azure.
"""

import asyncio
import gzip
import time

from azure.core.pipeline.transport import AioHttpTransport

from benchmarks.health_fleet import filled, pages_of
from benchmarks.measure import Row, row
from benchmarks.slow_fleet import slow_worker
from emulation.azurite import Azurite
from integration.storage import Storage

ORGANIZATIONS, TARGETS = 1_000, 100
REQUESTS = 5
KIBIBYTES = 30


ANSWERED_AFTER_SECONDS = 0.05
CONCURRENCY = 16
CALLS = 4


def rows(*, quick: bool = False) -> list[Row]:
    rounds = 1 if quick else 3
    with Azurite() as azurite:
        measured = [asyncio.run(_rounds(rounds, account)) for account in ("", azurite.spare_account())]
        return [*measured, *asyncio.run(_details(azurite.connection_string, 3 if quick else 9))]


async def _rounds(rounds: int, account: str) -> Row:
    storage = Storage({"AzureWebJobsStorage": account}) if account else None
    worker, counterparts = slow_worker(ORGANIZATIONS, ANSWERED_AFTER_SECONDS, CONCURRENCY, storage)
    took: list[float] = []
    try:
        await worker.watch.run()
        before = sum(counterparts.calls.values())
        for _ in range(rounds):
            began = time.perf_counter()
            report = await worker.watch.run()
            took.append(time.perf_counter() - began)
            if report.asked != ORGANIZATIONS or report.failed or report.left:
                msg = f"the round did not ask everybody: {report}"
                raise RuntimeError(msg)
    finally:
        await worker.close()
        if storage is not None:
            await storage.close()
    calls = (sum(counterparts.calls.values()) - before) / rounds / ORGANIZATIONS
    base = CALLS * ORGANIZATIONS / CONCURRENCY * ANSWERED_AFTER_SECONDS
    against = f"{CALLS} calls x {ORGANIZATIONS:,} / {CONCURRENCY} x 50 ms; {calls:.2f} calls an organization"
    where = "Azurite on this machine" if account else "an account in memory"
    budget = None if account else 1.3
    return row(
        f"a round of {ORGANIZATIONS:,} organizations, {where}", took, "s", base=base, against=against, budget=budget
    )


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
