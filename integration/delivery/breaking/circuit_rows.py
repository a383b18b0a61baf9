"""What the fleet knows of each target's circuit: a row a target, written when a circuit of some process changes.

Each process finds out for itself that a target fails; the first one that opens its circuit opens the row, and the first
one that hears from the target again closes it, whoever opened it. So every page tells the fleet, and the fleet raises
one alert of each kind.

A process that opened a row may be gone before its probe. So once the probe's time is over, the first delivery of any
process to that target is the trial, and a row of which nothing is heard for long says nothing any more.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from integration.delivery.breaking.circuit import PROBE_LASTS
from integration.delivery.breaking.circuits import Transition
from integration.events.alerts import Failed
from integration.plain_text import plain
from integration.storage import Storage, StoredRow, Where
from integration.storage.names import CIRCUITS

VERSION = 1
_PARTITION = "target"
_TRIES = 5
_NAMED = 3
_LONGEST = 500
FORGOTTEN = timedelta(hours=1)
"""How long after its probe was due an open row says something; whoever waited for the target has asked by then."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A target's circuit, as the fleet knows it.

    Args:
        target: The target's name.
        state: `open`: left alone by some process at least.
        since: When it was opened first, or closed.
        until: When an open circuit lets a probe pass.
        opened: How often it was opened in a row, by the process that did so most often.
        code: Why.
        failed: The first deliveries that failed, each with its first error.
        told: Whether the event that says so was sent to whom it goes.
        v: Version of this record.
    """

    target: str
    state: Literal["open", "closed"]
    since: datetime
    until: datetime | None = None
    opened: int = 0
    code: str = ""
    failed: tuple[Failed, ...] = ()
    told: bool = False
    v: int = VERSION


def is_forgotten(standing: Standing, now: datetime) -> bool:
    """Say whether nobody has tried a target for so long that an open row says nothing of it."""
    return standing.until is not None and now >= standing.until + FORGOTTEN


def state_at(standing: Standing | None, now: datetime) -> Literal["closed", "open", "half_open"]:
    """Say how a target stands now; half open: the next delivery, of whatever process, is the trial.

    Args:
        standing: Its row; None: it was never left alone.
        now: The time.
    """
    if standing is None or standing.state == "closed" or is_forgotten(standing, now):
        return "closed"
    return "open" if standing.until is not None and standing.until > now else "half_open"


def after(before: Standing | None, transition: Transition) -> Standing | None:
    """Return how a target stands after a transition of one process; None where nothing is to be written.

    Args:
        before: As the row has it; None: there is none, or it cannot be read.
        transition: What has happened.
    """
    was_open = before is not None and before.state == "open"
    if transition.state in ("closed", "answered"):
        return Standing(target=transition.target, state="closed", since=transition.at) if was_open else None
    if transition.state == "served":
        # Its opener will probe it. Only when that probe is overdue does this delivery count as one.
        late = before is not None and was_open and (before.until is None or transition.at >= before.until + PROBE_LASTS)
        return Standing(target=transition.target, state="closed", since=transition.at) if late else None
    first = before if before is not None and was_open and not is_forgotten(before, transition.at) else None
    return Standing(
        target=transition.target,
        state="open",
        since=first.since if first else transition.since,
        until=max(filter(None, (transition.until, first.until if first else None)), default=None),
        opened=max(transition.opened, first.opened if first else 0),
        code=transition.code,
        failed=first.failed if first else tuple(map(_short, transition.failed[:_NAMED])),
        told=first.told if first else False,
    )


def news(before: Standing | None, standing: Standing, transition: Transition) -> Transition | None:
    """Return what is news to the fleet; None where nothing is.

    Args:
        before: As the row had it.
        standing: As it has it now.
        transition: What has happened to one process's circuit.
    """
    was_open = before is not None and before.state == "open"
    if before is not None and standing.state == "open" and is_forgotten(before, transition.at):
        was_open = False
    if was_open == (standing.state == "open"):
        return None
    if before is None or not was_open:
        return msgspec.structs.replace(transition, state="opened")
    # Closed by who heard from the target first: since when, and why, is the row's to say.
    return msgspec.structs.replace(
        transition, state="closed", since=before.since, code=before.code, failed=before.failed
    )


def _short(failed: Failed) -> Failed:
    """Cut what came from outside to what a row takes."""
    texts = {name: plain(str(text), longest=_LONGEST) for name, text in msgspec.structs.asdict(failed).items()}
    return Failed(**texts)


class CircuitRows:
    """The rows.

    Args:
        storage: The worker's storage account.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def note(self, transition: Transition) -> Transition | None:
        """Write what has happened to a circuit of this process.

        Returns:
            What has happened to the fleet's, `opened` or `closed`; None where the fleet knew of it.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        for _ in range(_TRIES):
            before, etag = await self._read(transition.target)
            standing = after(before, transition)
            if standing is None:
                return None
            if await self._write(standing, etag):
                return news(before, standing, transition)
        return None  # others are at it this very moment: theirs is as good

    async def tell(self, news: Transition) -> None:
        """Note that what is news to the fleet has been told, so that the watch need not.

        Raises:
            StorageUnavailable: The account did not answer; the watch tells it once more.
        """
        state = "open" if news.state == "opened" else "closed"
        for _ in range(_TRIES):
            before, etag = await self._read(news.target)
            if before is None or before.state != state or before.told:
                return
            if await self._write(msgspec.structs.replace(before, told=True), etag):
                return

    async def all(self) -> Mapping[str, Standing]:
        """Read how every target stands that was ever left alone, by name; a row that cannot be read says nothing.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        table = await self._storage.table(CIRCUITS)
        found: dict[str, Standing] = {}
        async for row in table.select([Where("PartitionKey", "eq", _PARTITION)]):
            standing = _decoded(row)
            if standing is not None:
                found[standing.target] = standing
        return found

    async def open(self) -> Mapping[str, Standing]:
        """Read which targets are left alone, by name.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        return {name: standing for name, standing in (await self.all()).items() if standing.state == "open"}

    async def _read(self, target: str) -> tuple[Standing | None, str | None]:
        table = await self._storage.table(CIRCUITS)
        row = await table.get(_PARTITION, _key(target))
        return (_decoded(row), row.etag) if row is not None else (None, None)

    async def _write(self, standing: Standing, etag: str | None) -> bool:
        table = await self._storage.table(CIRCUITS)
        row = {
            "PartitionKey": _PARTITION,
            "RowKey": _key(standing.target),
            "circuit": msgspec.json.encode(standing).decode(),
        }
        written = await (table.insert(row) if etag is None else table.replace(row, etag))
        return written is not None


def _decoded(row: StoredRow) -> Standing | None:
    try:
        standing = msgspec.json.decode(str(row.entity.get("circuit", "")), type=Standing)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    return standing if standing.v == VERSION else None


def _key(target: str) -> str:
    return hashlib.sha256(target.encode()).hexdigest()
