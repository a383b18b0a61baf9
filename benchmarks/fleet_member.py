"""One process of `bench_fleet`: waits for the starting shot, then many callers ask at once."""

import asyncio
import json
import random
import sys
from typing import Any

from integration import LinkResolver, LinkUnknown
from integration.config.keys.model import Cache
from integration.links.decide import Policy
from integration.links.table import TableTier


async def main(options: dict[str, Any]) -> None:
    shared = TableTier.from_connection_string(options["storage"], table=options["table"])
    links = LinkResolver.for_organization(
        options["url"],
        tenant=options["tenant"],
        client_id=options["client_id"],
        client_secret=options["client_secret"],
        shared=shared,
    )
    # The lease is the call's timeout and 5 s; a benchmark does not wait 95 s for a process that it has killed.
    links._loader._policy = Policy.of(Cache(), call_timeout=options["call_timeout"])  # noqa: SLF001
    await asyncio.to_thread(__import__, "azure.data.tables.aio")
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    async with links:
        answers = await asyncio.gather(*(ask(links, options["name"]) for _ in range(options["callers"])))
    print(json.dumps({"answers": len(answers), "environments": sorted(set(answers))}), flush=True)


async def ask(links: LinkResolver, name: str) -> str:
    while True:
        try:
            return (await links.resolve(name)).url
        except LinkUnknown as unknown:
            await asyncio.sleep(min(unknown.retry_after or 1.0, 2.0) + random.uniform(0, 0.5))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
