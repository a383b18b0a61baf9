"""Memory over a soak: what 80,000 more events leave behind in the process."""

import asyncio

from benchmarks.measure import Row, row
from benchmarks.soak_service_bus import BUDGET, soak

MESSAGES, QUICK_MESSAGES = 100_000, 10_000


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the call of every benchmark
    messages = QUICK_MESSAGES if quick else MESSAGES
    found = asyncio.run(soak(messages))
    if found["lost"] or found["doubled"] or found["unknown"]:
        msg = f"the soak lost or doubled messages: {found}"
        raise AssertionError(msg)
    grown = found["memory_last"] - found["memory_first"]
    return [
        row(
            f"resident memory after {messages:,} events over Service Bus, less that after a fifth of them",
            grown,
            "MiB",
            budget=None if quick else BUDGET,
        )
    ]
