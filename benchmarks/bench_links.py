"""What a fresh link hit costs, beside what the cheapest imaginable cache costs."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from cachetools import TTLCache
from cashews import Cache

from benchmarks.measure import Row, row, side_by_side_async
from integration.config.keys.model import Organization
from integration.dataverse import Details
from integration.links import Link, LinkResolver

TENANT = "11111111-2222-3333-4444-555555555555"
BARE = "dict lookup + monotonic clock, in line"
BLOCK = 1000
"""Hits between two looks at the clock: every contender runs them in a loop of its own."""


class OneAnswer:
    """Stands where Dataverse and Entra stand: a hit never gets here."""

    async def integration_details(self, organization: Organization) -> Details:
        return Details(url=f"https://{organization.name}.operations.dynamics.com", tenant_id=TENANT, id=TENANT)

    async def id_of(self, organization: Organization) -> str:
        return organization.tenant

    async def aclose(self) -> None:
        pass


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the call of every benchmark
    return asyncio.run(_rows(*((5, 0.01) if quick else (31, 0.05))))


async def _rows(rounds: int, seconds: float) -> list[Row]:
    names = [f"organization-{number}" for number in range(100)]
    organizations = [Organization(name=name, url=f"https://{name}.crm.dynamics.com", tenant=TENANT) for name in names]
    answers: Any = OneAnswer()
    async with LinkResolver(organizations, answers, answers) as resolver:
        kept = {name: await resolver.resolve(name) for name in names}
        name = names[50]
        assert resolver.cached(name) is kept[name]
        cashews = Cache()
        cashews.setup("mem://")
        await cashews.set(name, kept[name], expire=900)
        assert await cashews.get(name) == kept[name]
        samples = await side_by_side_async(
            {
                "bare": _bare(kept, name),
                "resolve": _resolve(resolver, name),
                "cached": _cached(resolver, name),
                "cachetools": _cachetools(kept, name),
                "cashews": _cashews(cashews, name),
            },
            rounds=rounds,
            seconds=seconds,
        )
        await cashews.close()
    ns = {contender: [sample / BLOCK * 1e9 for sample in taken] for contender, taken in samples.items()}
    bare = ns["bare"]
    return [
        row("link hit: await resolve()", ns["resolve"], "ns", base=bare, against=BARE, budget=3.0),
        row("link hit: cached()", ns["cached"], "ns", base=bare, against=BARE, budget=2.0),
        row("link hit: dict + monotonic", bare, "ns"),
        row("link hit: cachetools.TTLCache", ns["cachetools"], "ns", base=bare, against=BARE),
        row("link hit: await cashews get", ns["cashews"], "ns", base=bare, against=BARE),
    ]


def _bare(kept: dict[str, Link], name: str) -> Callable[[], Awaitable[None]]:
    monotonic = time.monotonic

    async def block() -> None:
        for _ in range(BLOCK):
            kept[name]
            monotonic()

    return block


def _resolve(resolver: LinkResolver, name: str) -> Callable[[], Awaitable[None]]:
    async def block() -> None:
        for _ in range(BLOCK):
            await resolver.resolve(name)

    return block


def _cached(resolver: LinkResolver, name: str) -> Callable[[], Awaitable[None]]:
    async def block() -> None:
        for _ in range(BLOCK):
            resolver.cached(name)

    return block


def _cachetools(kept: dict[str, Link], name: str) -> Callable[[], Awaitable[None]]:
    cache: TTLCache[str, Link] = TTLCache(maxsize=1000, ttl=900)
    cache.update(kept)

    async def block() -> None:
        for _ in range(BLOCK):
            cache.get(name)

    return block


def _cashews(cache: Cache, name: str) -> Callable[[], Awaitable[None]]:
    async def block() -> None:
        for _ in range(BLOCK):
            await cache.get(name)

    return block
