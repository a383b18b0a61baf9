"""What waits: counted by the round, which writes it into the row of the app; a page lists no blobs."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from integration.clock import Clock
from integration.dead_letters.places import Place
from integration.storage import Storage
from integration.storage.names import EVENTS, PARKED, RETRIES

MOST = 20_000
"""How many parked deliveries are counted one by one: four requests."""


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, as of one round.

    Args:
        at: When it was counted.
        parked: How many deliveries are parked, by organization, then by reason.
        is_whole: False: there were more.
        oldest: When the oldest event was taken that is parked, or has not been looked at; None: none waits.
    """

    at: datetime
    parked: Mapping[str, Mapping[str, int]] = {}
    is_whole: bool = True
    oldest: datetime | None = None


async def counted(storage: Storage, clock: Clock) -> Waits:
    """Count what waits: a request for every 5,000 that are parked, and one for each of our queues.

    Args:
        storage: The worker's storage account.
        clock: The time.

    Raises:
        StorageUnavailable: The account did not answer.
    """
    parked: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    moments = [await storage.queue(name).oldest() for name in (EVENTS, RETRIES)]
    number, is_whole, first = 0, True, ""
    async for path in storage.blobs(PARKED).names(""):
        place = Place.read(path)
        if place is None:
            continue
        number += 1
        if number > MOST:
            is_whole = False
            break
        parked[place.organization][place.reason] += 1
        first = min(first or place.at, place.at)
    if first:
        moments.append(datetime.strptime(f"{first}+0000", "%Y/%m/%d/%H%M%S%f%z").astimezone(UTC))
    return Waits(
        at=clock.now(),
        parked={name: dict(reasons) for name, reasons in parked.items()},
        is_whole=is_whole,
        oldest=min(filter(None, moments), default=None),
    )
