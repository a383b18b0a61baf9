"""Dead letters oldest first, over organizations and reasons, without ever loading them all.

Paths sort by time only within one organization and reason, so these are listed side by side and merged. Days and
hours before the beginning are skipped by their folders, so that going on from a token costs no listing from the start.
"""

import heapq
from collections.abc import AsyncIterator

import msgspec

from integration.dead_letters.places import Filter, Place, stamp
from integration.storage import Blobs
from integration.storage.blob_batch import Version
from integration.storage.days import days

_BEGIN = "0000/00/00/000000000000"
_HOURS = 24


class Lying(msgspec.Struct, frozen=True):
    """A dead letter as it was listed.

    Args:
        place: Where it lies.
        version: Which it was then; None: it was not listed, only named.
    """

    place: Place
    version: Version | None = None


async def oldest_first(blobs: Blobs, wanted: Filter, after: Place | None = None) -> AsyncIterator[Lying]:
    """List dead letters.

    Args:
        blobs: Their container.
        wanted: Which.
        after: Only those behind this one.

    Raises:
        StorageUnavailable: The account did not answer.
    """
    begin = max(stamp(wanted.since) if wanted.since else _BEGIN, after.at if after else _BEGIN)
    heads: list[tuple[tuple[str, str], Lying, AsyncIterator[Lying]]] = []
    async for prefix in _prefixes(blobs, wanted):
        found = _within(blobs, prefix, begin)
        if (first := await anext(found, None)) is not None:
            heads.append((first.place.order, first, found))
    heapq.heapify(heads)
    while heads:
        order, lying, found = heads[0]
        place = lying.place
        if wanted.until is not None and place.at >= stamp(wanted.until):
            return  # they come oldest first: if this one is too young, all that follow are
        if wanted.covers(place) and (after is None or order > after.order):
            yield lying
        if (following := await anext(found, None)) is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (following.place.order, following, found))


async def _prefixes(blobs: Blobs, wanted: Filter) -> AsyncIterator[str]:
    organizations = [f"{wanted.organization}/"] if wanted.organization else [p async for p in blobs.folders("")]
    for organization in organizations:
        if wanted.reason:
            yield f"{organization}{wanted.reason}/"
        else:
            async for reason in blobs.folders(organization):
                yield reason


async def _within(blobs: Blobs, prefix: str, begin: str) -> AsyncIterator[Lying]:
    """List one organization's dead letters of one reason from a time on."""
    async for day in days(blobs, prefix, since=begin[:10]):
        first = day.removeprefix(prefix).rstrip("/") == begin[:10]
        for hour in range(int(begin[11:13]), _HOURS) if first else (None,):
            async for version in blobs.versions(day if hour is None else f"{day}{hour:02}"):
                place = Place.read(version.path)
                if place is not None and place.at >= begin:
                    yield Lying(place, version)
