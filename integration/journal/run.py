"""How a run changes the row: as it begins, and as it ends."""

from datetime import datetime

import msgspec

from integration.journal.claim import Process
from integration.journal.errand import ENTIRE
from integration.journal.record import Entry, Row, merged, standing
from integration.journal.scope import NO_ROUTE


def begun(row: Row, run: Process, *, owner: str, now: datetime, digest: str = "") -> Row:
    """Return the row that says a run is under way.

    Args:
        row: What the journal has; for a new event, its first row.
        run: The decision.
        owner: A random word of the run.
        now: The time.
        digest: Of the event's data as its sender sent it; a row that one delivery has begun does not have it yet.
    """
    forgotten = [each for each in row.deliveries if run.afresh or each.slot in run.forgets]
    kept = [each for each in row.deliveries if each not in forgotten]
    known = {each.slot: each for each in kept}
    # Only the state changes: if a guard refuses the event, the entries are set back to what they were.
    reopened = (
        msgspec.structs.replace(known.get(scope.slot) or Entry(slot=scope.slot, state="open"), state="open")
        for scope in run.scopes
        if run.reopens
    )
    return msgspec.structs.replace(
        row,
        state="received",
        generation=run.generation,
        lease_until=run.lease_until,
        owner=owner,
        running=run.running,
        deliveries=merged(kept, reopened),
        letters=_named(*row.letters, *(each.letter for each in forgotten)),
        digest=row.digest or (digest if row.partial and run.whole else ""),
        partial=not run.whole and (row.partial or run.why == "new"),
        resent=row.resent + (run.why == "resent"),
        replayed=row.replayed + (run.why == "replayed"),
        updated_at=now,
    )


def ended(row: Row, entries: tuple[Entry, ...], *, now: datetime, reason: str = "", complete: bool = True) -> Row:
    """Return the row that says what a run did.

    Args:
        row: As the run wrote it when it began.
        entries: What became of each delivery that the run was about.
        now: The time.
        reason: Why nothing was to be delivered.
        complete: Whether the run came to its end; else the event stays `received` and anybody may take over at once.
    """
    deliveries = merged(row.deliveries, (_dated(entry, row, now) for entry in entries))
    if complete:
        deliveries = _decided(deliveries, entries)
    state = standing(deliveries) if complete else "received"
    return msgspec.structs.replace(
        row,
        state=state,
        lease_until=now if state == "received" else None,
        running=row.running if state == "received" else ENTIRE,
        deliveries=deliveries,
        letters=() if complete else row.letters,
        reason=reason or row.reason,
        updated_at=now,
    )


def superseded(row: Row, entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """Name the dead letters that a complete run has put something else in the place of.

    Args:
        row: As the run wrote it when it began.
        entries: What became of each delivery that the run was about.
    """
    before = _named(*row.letters, *(entry.letter for entry in row.deliveries))
    if not before:
        return ()
    after = {entry.letter for entry in _decided(merged(row.deliveries, entries), entries)}
    return tuple(letter for letter in before if letter not in after)


def overtaken(row: Row, begun: Row, entries: tuple[Entry, ...], *, now: datetime) -> Row | None:
    """Return the row with what a run did whose lease was over, and which another run has taken over.

    Only what is over is added: what is not is driven by a message, and that of the overtaken run is claimed again. The
    other run may be about other deliveries only; where it has recorded the same one, its word counts.

    Args:
        row: As it is now.
        begun: As the overtaken run wrote it.
        entries: What became of each delivery that the overtaken run was about.
        now: The time.

    Returns:
        None when there is nothing to add.
    """
    news = tuple(
        _dated(entry, begun, now)
        for entry in entries
        if entry.state in ("delivered", "dead_lettered") and row.entry(entry.slot) == begun.entry(entry.slot)
    )
    if not news:
        return None
    deliveries = merged(row.deliveries, news)
    state = row.state if row.state == "received" else standing(deliveries)
    return msgspec.structs.replace(row, deliveries=deliveries, state=state, updated_at=now)


def _decided(deliveries: tuple[Entry, ...], entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Close the entry of the event as a whole once other entries have taken its place."""
    whole = next((entry for entry in deliveries if entry.slot == NO_ROUTE), None)
    if whole is None or not entries or any(entry.slot == NO_ROUTE for entry in entries):
        return deliveries
    if whole.state not in ("open", "unrouted"):
        return deliveries
    return merged(deliveries, (msgspec.structs.replace(whole, state="decided", letter=""),))


def _named(*letters: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(letter for letter in letters if letter))


def _dated(entry: Entry, row: Row, now: datetime) -> Entry:
    generation = row.generation if entry.state == "deferred" else entry.generation
    return msgspec.structs.replace(entry, at=entry.at or now, generation=generation)
