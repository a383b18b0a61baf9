"""The journal in Azure Tables: claims and their ends, each under the version of the row that was read."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from integration.clock import Clock
from integration.errors import CorruptRecord, StorageUnavailable
from integration.journal import untimed
from integration.journal.claim import LEASE, Decision, Differs, Duplicate, Kind, Process, Wait, claim
from integration.journal.earlier import Earlier
from integration.journal.entity import decode, encode
from integration.journal.record import Entry, Row, Subject
from integration.journal.run import begun, ended, overtaken, superseded
from integration.journal.scope import WHOLE, Scope
from integration.journal.tables import is_timed, outlived, partition_in, tables_for
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.groups import Groups, Rider
from integration.storage.names import JOURNAL
from integration.storage.tables import Insert, Replace

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Awaitable, Callable

    type Salvage = Callable[[Subject, str, datetime], Awaitable[None]]

log = logger("journal")

# Two writers of one row are done after a few rounds; after this many, something else is wrong.
_ROUNDS = 12


class Run(msgspec.Struct, frozen=True):
    """A run that holds its event.

    Args:
        decision: What it may do.
        row: The row as it was written.
        table: Where it lies.
        etag: The version that was written.
    """

    decision: Process
    row: Row
    table: str
    etag: str

    def superseded(self, entries: tuple[Entry, ...]) -> tuple[str, ...]:
        """Name the dead letters that are over, now that the run has recorded these entries."""
        return superseded(self.row, entries)


class _Found(msgspec.Struct, frozen=True):
    row: Row | None
    table: str
    etag: str
    corrupt: str = ""
    accepted_at: datetime | None = None
    """Of a row that cannot be read, as far as that can be: the same for all that come upon it."""


class Journal:
    """One row an event.

    Args:
        storage: The worker's storage account.
        clock: The time.
        rng: Makes the words by which a run knows its own writes again.
        keep: How long rows are kept, by the events' own time.
        lease: How long a run holds an event.
    """

    def __init__(
        self, storage: Storage, clock: Clock, rng: "random.Random", keep: timedelta, lease: timedelta = LEASE
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._rng = rng
        self._keep = keep
        self._lease = lease
        self._groups = Groups(storage, clock)
        self._earlier = Earlier(storage)
        self._reads = 0
        self.duplicates = 0
        """Duplicates that this process has acknowledged."""

    @property
    def operations(self) -> int:
        """Table requests so far, retries of the SDK not counted; one may be about many events."""
        return self._reads + self._groups.requests

    def take_along(self, rider: Rider) -> None:
        """Let the rows of another go with those of events."""
        self._groups.rider = rider

    def table_for(self, time: datetime | None) -> str:
        """Name the table that the row of a new event goes to, by the event's own time."""
        return tables_for(time, self._clock.now(), self._keep)[0]

    async def claim(  # noqa: PLR0913  # the columns of the claim table
        self,
        subject: Subject,
        kind: Kind,
        *,
        accepted_at: datetime,
        generation: int = 0,
        scope: Scope = WHOLE,
        owner: str = "",
        digest: str = "",
        salvage: "Salvage | None" = None,
    ) -> "Run | Decision":
        """Claim an event.

        Args:
            subject: The event.
            kind: What brings it.
            accepted_at: When it was first accepted; kept from the first row on.
            generation: Of a continuation: what its message carries.
            scope: What it is about.
            digest: Of the event's data as its sender sent it; empty: it is neither compared nor written.
            salvage: Keeps a row that cannot be read, before another is written in its place; told when its event was
                accepted, by what the row says of it if that can be read.
            owner: The caller's, so that a repeated call knows its own write again; `owner_token()` makes one.

        Returns:
            A Run, if it was claimed; else the decision that says what to do instead.

        Raises:
            StorageUnavailable: The account did not answer; nothing may be done.
        """
        owner = owner or self.owner_token()
        fresh = Row(subject=subject, state="received", generation=0, accepted_at=accepted_at, digest=digest)
        tables = await self._tables_of(subject)
        # A source mostly brings what nobody has seen: one insert, no read. Everything else has a row.
        found = await self._find(subject, tables[1:] if kind == "source" else tables)
        for _ in range(_ROUNDS):
            now = self._clock.now()
            row = found.row if found else None
            if row is not None and found is not None and row.owner == owner and row.state == "received":
                # The account has taken an earlier write of this very call and its answer was lost.
                return self._resumed(found, row, kind, generation, scope=scope, digest=digest)
            decision = claim(row, kind, generation, now, scope=scope, lease=self._lease, digest=digest)
            if isinstance(decision, Duplicate | Differs):
                await self._count(found, decision)
                return decision
            if not isinstance(decision, Process):
                return decision
            written = begun(row or fresh, decision, owner=owner, now=now, digest=digest)
            table, etag = (found.table, found.etag) if found else (tables[0], "")
            if found is not None and found.corrupt and salvage is not None:
                await salvage(subject, found.corrupt, found.accepted_at or subject.time or accepted_at)
            new = await (self._replace(table, written, etag) if etag else self._insert(table, written))
            if new is not None:
                return Run(decision, written, table, new)
            found = await self._find(subject, tables)
        msg = f"the journal row of {subject.key} is written by too many at once"
        raise StorageUnavailable(msg)

    async def end(self, run: Run, entries: tuple[Entry, ...], *, reason: str = "", complete: bool = True) -> bool:
        """Record what a run did.

        Args:
            run: What `claim` returned.
            entries: What became of each delivery.
            reason: Why nothing was to be delivered.
            complete: Whether it came to its end; else anybody may take over at once.

        Returns:
            False when another run has taken over meanwhile: the message must not be acknowledged but claimed again.

        Raises:
            StorageUnavailable: It is not known to be recorded.
        """
        row, etag, ours = run.row, run.etag, True
        for _ in range(_ROUNDS):
            now = self._clock.now()
            if ours:
                written = ended(row, entries, now=now, reason=reason, complete=complete)
            else:
                written = overtaken(row, run.row, entries, now=now)
            if written is None or await self._replace(run.table, written, etag) is not None:
                return ours
            found = await self._find(run.row.subject, (run.table,))
            if found is None or found.row is None:
                return False
            row, etag, ours = found.row, found.etag, found.row.owner == run.row.owner
            if ours and row.state != "received":
                return True  # an earlier write of ours whose answer was lost
        msg = f"the journal row of {run.row.subject.key} is written by too many at once"
        raise StorageUnavailable(msg)

    async def note(
        self, subject: Subject, *, accepted_at: datetime, reason: str, salvage: "Salvage | None" = None
    ) -> None:
        """Record a message that nothing is to be done for; the same one again is counted.

        Raises:
            StorageUnavailable: It is not known to be recorded.
        """
        run = await self.claim(subject, "source", accepted_at=accepted_at, salvage=salvage)
        if isinstance(run, Run):
            await self.end(run, (), reason=reason)
        elif isinstance(run, Wait):
            await self._note_begun(subject, reason)

    async def find(self, subject: Subject) -> Row | None:
        """Read an event's row; None when there is none.

        Raises:
            CorruptRecord: The row cannot be read.
            StorageUnavailable: The account did not answer.
        """
        found = await self._find(subject, await self._tables_of(subject))
        if found is not None and found.corrupt:
            raise CorruptRecord
        return found.row if found else None

    async def tables(self) -> "AsyncIterator[str]":
        """List the journal's tables, oldest first.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        async for name in self._storage.tables(JOURNAL):
            yield name

    async def retain(self, forget: "untimed.Forget | None" = None) -> list[str]:
        """Drop the tables that hold nothing to be kept, and remove such rows where no table goes; returns the tables.

        Args:
            forget: Deletes what else is kept of an event whose row is removed.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        now = self._clock.now()
        dropped = [name async for name in self.tables() if outlived(name, now, self._keep)]
        for name in dropped:
            await self._storage.drop_table(name)
            log.info("the journal table %s is over and dropped", name)
        await untimed.retain(self._storage, self._clock, self._keep, forget)
        return dropped

    def owner_token(self) -> str:
        """Make a random token for one claim."""
        return f"{self._rng.getrandbits(64):016x}"

    def _resumed(  # noqa: PLR0913  # the columns of the claim table
        self, found: _Found, row: Row, kind: Kind, generation: int, *, scope: Scope, digest: str
    ) -> Run:
        # This call's earlier write was made and its answer lost. Decide again from the row as it was before: without a
        # lease, and one generation less. The decision must come out the same.
        before = msgspec.structs.replace(row, lease_until=None, generation=row.generation - 1)
        now = self._clock.now()
        decision = claim(before, kind, generation, now, scope=scope, lease=self._lease, digest=digest)
        if not isinstance(decision, Process):
            msg = f"a claim of {row.subject.key} was written that could not have been made"
            raise CorruptRecord(msg)
        return Run(decision, row, found.table, found.etag)

    async def _note_begun(self, subject: Subject, reason: str) -> None:
        """End what was begun to be noted and not ended: its answer was lost, or its process died.

        There is nothing to be done that one could wait for, and no message would come back for it.
        """
        found = await self._find(subject, await self._tables_of(subject))
        if found is not None and found.row is not None:
            written = ended(found.row, (), now=self._clock.now(), reason=reason)
            if found.row.state != "received" or await self._replace(found.table, written, found.etag) is not None:
                return
        msg = f"the journal row of {subject.key} was changed while it was noted"
        raise StorageUnavailable(msg)

    async def _count(self, found: _Found | None, seen: Duplicate | Differs) -> None:
        """Count a duplicate, or other data, on the row; one that another writer wins is only counted here."""
        same = isinstance(seen, Duplicate)
        self.duplicates += same
        if found is None or found.row is None:
            return
        row = msgspec.structs.replace(
            found.row,
            duplicates=found.row.duplicates + same,
            differing=found.row.differing + (not same),
            updated_at=self._clock.now(),
        )
        await self._replace(found.table, row, found.etag)

    async def _find(self, subject: Subject, tables: tuple[str, ...]) -> _Found | None:
        for name in tables:
            table = await self._storage.table(name)
            self._reads += 1
            stored = await table.get(partition_in(name, subject.organization, subject.key), subject.key)
            if stored is None:
                continue
            try:
                return _Found(decode(stored.entity), name, stored.etag)
            except CorruptRecord:
                log.exception(
                    "the journal row of %s cannot be read; the event is claimed as if it had none", subject.key
                )
                at = stored.entity.get("accepted_at")
                known = at if isinstance(at, datetime) and at.tzinfo is not None else None
                return _Found(None, name, stored.etag, str(stored.entity)[:60_000], known)
        return None

    async def _tables_of(self, subject: Subject) -> tuple[str, ...]:
        now = self._clock.now()
        tables = await self._earlier.beside(tables_for(subject.time, now, self._keep), now)
        if is_timed(subject.time, now, self._keep):
            return tables
        since = await self._earlier.untimed_since()
        return await self._earlier.beside(tables_for(subject.time, now, self._keep, since), now)

    async def _insert(self, table: str, row: Row) -> str | None:
        return await self._groups.write(table, Insert(encode(row, table)))

    async def _replace(self, table: str, row: Row, etag: str) -> str | None:
        return await self._groups.write(table, Replace(encode(row, table), etag))
