"""A round of a large app, and what it takes to tell how it stands: 1,000 organizations, 100 targets.

Each counterpart answers after 50 ms, tokens are held. The round is the second one: the first also asks what is then
known for an hour or a day. Beside the account in memory stands Azurite, which shares the machine: what it takes is in
that row, and would be elsewhere in Azure.
"""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

import msgspec
from azure.core.pipeline.transport import AioHttpTransport
from jinja2 import Environment

from benchmarks.health_fleet import counted, filled, pages_of, status_of
from benchmarks.measure import Row, row
from benchmarks.slow_fleet import slow_worker
from emulation.azurite import Azurite
from integration.operations.status_shapes import Status
from integration.storage import Storage
from integration.web.message import Request
from integration.web.status.html import page

ORGANIZATIONS, TARGETS = 1_000, 100
REQUESTS = 5
KIBIBYTES = 30
RENDERED_WITHIN = 20


ANSWERED_AFTER_SECONDS = 0.05
CONCURRENCY = 16
CALLS = 4


def rows(*, quick: bool = False) -> list[Row]:
    rounds = 1 if quick else 3
    with Azurite() as azurite:
        measured = [asyncio.run(_rounds(rounds, account)) for account in ("", azurite.spare_account())]
        told = asyncio.run(_details(azurite.connection_string, 3 if quick else 9))
        return [*measured, *told, *asyncio.run(_status(azurite.connection_string, 3 if quick else 9))]


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
    try:
        await filled(storage, ORGANIZATIONS, TARGETS)
        pages = pages_of(storage, ORGANIZATIONS, TARGETS)
        response = await pages.details()
        took: list[float] = []
        with _requests() as sent:
            for _ in range(rounds):
                began = time.perf_counter()
                response = await pages.details()
                took.append((time.perf_counter() - began) * 1000)
    finally:
        await storage.close()
    size = len(gzip.compress(response.body, 6)) / 1024
    what = f"health details of {ORGANIZATIONS:,} organizations and {TARGETS} targets"
    return [
        row(f"{what}: requests", [len(sent) / rounds], "requests", budget=REQUESTS),
        row(f"{what}: time, on Azurite", took, "ms", budget=None),
        row(f"{what}: gzip", [size], "KiB", budget=KIBIBYTES),
    ]


async def _status(account: str, rounds: int) -> list[Row]:
    """Tell the status of the rows that `_details` has written, with a day of counts beside them."""
    storage = Storage({"AzureWebJobsStorage": account})
    found: list[Row] = []
    try:
        await counted(storage, ORGANIZATIONS, TARGETS)
        pages = status_of(storage, ORGANIZATIONS, TARGETS)
        for form in ("html", "json"):
            request = Request(query={"format": form})
            response = await pages.show(request)
            with _requests() as sent:
                took = [await _timed(pages.show(request)) for _ in range(rounds)]
            what = f"status of {ORGANIZATIONS:,} organizations and {TARGETS} targets, {form}"
            size = len(gzip.compress(response.body, 6)) / 1024
            found += [
                row(f"{what}: requests", [len(sent) / rounds], "requests", budget=REQUESTS),
                row(f"{what}: time, on Azurite", took, "ms", budget=None),
                row(f"{what}: gzip", [size], "KiB", budget=KIBIBYTES),
            ]
        status = msgspec.json.decode((await pages.show(Request(query={"format": "json"}))).body, type=Status)
    finally:
        await storage.close()
    return [*found, _rendering(status, 5 if rounds < 9 else 25)]


async def _timed(answering: Awaitable[object]) -> float:
    began = time.perf_counter()
    await answering
    return (time.perf_counter() - began) * 1000


def _rendering(status: Status, times: int) -> Row:
    """Render the page, beside a template that writes a text of the same size, piece by piece, and nothing else."""
    whole = page(status)
    pieces = [whole[at : at + 40].decode("utf-8", "ignore") for at in range(0, len(whole), 40)]
    bare = Environment(autoescape=True).from_string("{% for piece in pieces %}{{ piece }}{% endfor %}")
    took: list[float] = []
    base: list[float] = []
    for _ in range(times):
        took.append(_processor(lambda: page(status)))
        base.append(_processor(lambda: bare.render(pieces=pieces).encode()))
    against = f"a bare template of the same {len(whole) // 1024} KiB; {RENDERED_WITHIN} ms are meant"
    return row("rendering the status page, processor time", took, "ms", base=sorted(base)[times // 2], against=against)


def _processor(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return (time.process_time() - began) * 1000


@contextmanager
def _requests() -> Generator[list[str]]:
    """Note every request to the storage account."""
    sent: list[str] = []
    send = AioHttpTransport.send

    async def noted(transport: AioHttpTransport, request: object, **options: object) -> object:
        sent.append(str(request))
        return await send(transport, request, **options)  # pyright: ignore[reportArgumentType]

    AioHttpTransport.send = noted  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield sent
    finally:
        AioHttpTransport.send = send
