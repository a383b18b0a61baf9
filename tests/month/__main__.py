"""Print the scripted month: `uv run python -m tests.month`."""

import asyncio
import sys

from tests.month.world import World

HEADING = "at        about     what                            transition   since     told to"


async def main() -> None:
    """Play the month and print what was told."""
    world = World()
    await world.run()
    sys.stdout.write(f"{HEADING}\n{world.table}\n")
    again = sum(heard.times - 1 for heard in world.heard.values())
    sys.stdout.write(f"{len(world.heard)} notices, {again} of them sent again under the same key\n")


if __name__ == "__main__":
    asyncio.run(main())
