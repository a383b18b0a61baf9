"""What became of each check, for 90 days: a row a transition, in a partition a month."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from integration.clock import Clock
from integration.errors import CorruptRecord
from integration.health.check import Health
from integration.health.sums import forget
from integration.loggers import logger
from integration.records import Reader
from integration.storage import Storage, Where
from integration.storage.names import HISTORY
from integration.storage.tables import MOST_OPERATIONS, Put

log = logger("health")

VERSION = 1
KEEP = timedelta(days=90)
"""How long transitions are kept."""
_TEXT = 2_000

type Phase = Literal["ok", "suspect", "firing", "recovering"]


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that has moved.

    Args:
        at: When.
        kind: The machine's kind: `integration`, `target` …
        subject: About whom.
        phase: Where it is now.
        before: Where it was; empty: this is its first answer.
        health: Of the answer that moved it.
        code: Why.
        message: The same in words.
        since: When that began.
        incident: The id of the incident that it is part of; empty: of none.
        told: The transition that was told by it, such as `triggered`; empty: nothing was.
        v: Version of this record.
    """

    at: datetime
    kind: str
    subject: str
    phase: Phase
    before: Phase | Literal[""] = ""
    health: Health = "ok"
    code: str = ""
    message: str = ""
    since: datetime | None = None
    incident: str = ""
    told: str = ""
    v: int = VERSION


class History:
    """The transitions.

    Args:
        storage: The worker's storage account.
        clock: The time.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def note(self, transitions: Sequence[Transition]) -> None:
        """Keep transitions, a hundred of a month in one request; one that is noted twice is kept once.

        Raises:
            StorageUnavailable: It is not known which are kept; the same call does it again.
        """
        months: dict[str, dict[str, Put]] = defaultdict(dict)
        for each in transitions:
            row = _row(each)
            months[row["PartitionKey"]][row["RowKey"]] = Put(row)
        table = await self._storage.table(HISTORY)
        for month, rows in months.items():
            puts = list(rows.values())
            for begin in range(0, len(puts), MOST_OPERATIONS):
                await table.batch(month, puts[begin : begin + MOST_OPERATIONS])

    async def read(
        self, *, subject: str = "", kind: str = "", since: datetime | None = None, limit: int = 1_000
    ) -> list[Transition]:
        """Give transitions, the latest last: one request for every 1,000 of them.

        Args:
            subject: Of this one alone; empty: of all.
            kind: Of this kind of machine alone; empty: of all.
            since: From this time on; None: all that are kept.
            limit: How many at most, the earliest first.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        begin = since or self._clock.now() - KEEP
        where = [Where("PartitionKey", "ge", _month(begin)), Where("RowKey", "ge", _stamp(begin))]
        where += [Where("subject", "eq", subject)] if subject else []
        where += [Where("kind", "eq", kind)] if kind else []
        table = await self._storage.table(HISTORY)
        found: list[Transition] = []
        async for row in table.select(where, limit=limit):
            try:
                found.append(_READER.read(row.entity.get("transition"), row.key))
            except CorruptRecord as corrupt:
                log.warning("%s", corrupt)
        return found

    async def retain(self, keep: timedelta = KEEP) -> int:
        """Delete the months that were over longer ago than `keep`; returns how many rows.

        Raises:
            StorageUnavailable: The account did not answer; what is left is deleted the next time.
        """
        return await forget(await self._storage.table(HISTORY), _month(self._clock.now() - keep))


_READER = Reader(msgspec.json.Decoder(Transition), "transition")


def _month(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}"


def _row(transition: Transition) -> dict[str, str]:
    told = f"{transition.kind}\x00{transition.subject}\x00{transition.phase}\x00{transition.told}"
    kept = msgspec.structs.replace(transition, message=transition.message[:_TEXT])
    return {
        "PartitionKey": _month(transition.at),
        "RowKey": f"{_stamp(transition.at)}-{hashlib.sha256(told.encode()).hexdigest()[:16]}",
        "subject": transition.subject,
        "kind": transition.kind,
        "transition": msgspec.json.encode(kept).decode(),
    }
