"""What a changed record may excuse: nothing, unless a dead letter names it or it lies there as it was left. Pure.

- An envelope, or its claim-check, that a dead letter `CorruptRecord` names, by its SHA-256 or path: that event.
- A retry message, due row, parked delivery, or a delivery's claim-check, named so: that delivery, and that its entry in
  the journal may say what it said.
- A journal row that is named so by its key: what was delivered before it was changed may be delivered once more
  after it, and may be missing in the row that took its place. One that nobody has met since lies there unreadable: that
  the event has no record.
- A dead letter: nothing. It is listed as unreadable, and its path says what it is about.
- A job is written anew by who works on it, or its order is such a dead letter; circuits, the newest numbers, links and
  health are begun anew: nothing.
"""

import re
from collections.abc import Iterable

import msgspec

from tests.faults.evidence import Evidence, Kept, Rot, Waits
from tests.faults.excuses import CORRUPT, HOST, STORAGE

WHOLE = ""
MESSAGES = frozenset({"envelope", "retry", "due row"})
ONCE = frozenset({"envelope", "retry", "parked", "job"})
"""However often they are given again, they are kept at one place."""
BURIED = MESSAGES | {"parked", "intake claim-check", "delivery claim-check"}
_ROUTE = re.compile(r'"route":"([^"*]*)"')


class Found(msgspec.Struct, frozen=True):
    """A changed record, and the dead letters that name it."""

    rot: Rot
    letters: tuple[Kept, ...]


def found(evidence: Evidence) -> tuple[Found, ...]:
    """Say of each changed record which dead letters name it."""
    corrupt = [each for each in evidence.dead if each.reason == CORRUPT]
    return tuple(Found(rot, tuple(kept for kept in corrupt if names(kept, rot))) for rot in evidence.rots)


def names(kept: Kept, rot: Rot) -> bool:
    """Tell whether a dead letter names a changed record."""
    match rot.place:
        case "envelope" | "retry" | "due row" | "parked":
            return kept.key in {rot.digest, rot.wrapped} - {""}
        case "intake claim-check" | "delivery claim-check":
            return rot.path in kept.told
        case "job":
            return rot.path.removeprefix("jobs/").removesuffix(".json") in kept.told
        case "journal row":
            return f"the journal row of {rot.key} " in kept.told
        case _:
            return False


def buried(all_found: Iterable[Found]) -> dict[str, frozenset[str]]:
    """Return by event, by its id and its key, the routes whose deliveries are kept as they were found; WHOLE: all."""
    routes: dict[str, frozenset[str]] = {}
    for each in all_found:
        if each.rot.place in BURIED and each.letters:
            route = each.rot.route or _route(each)
            for name in {each.rot.id, each.rot.key} - {""}:
                routes[name] = routes.get(name, frozenset()) | {route}
    return routes


def anew(all_found: Iterable[Found]) -> dict[str, Rot]:
    """Return by event, by its id and its key, the journal row that was found to be unreadable and begun anew."""
    rows = [each.rot for each in all_found if each.rot.place == "journal row" and each.letters]
    return {name: rot for rot in rows for name in {rot.id, rot.key} - {""}}


def unread(evidence: Evidence) -> frozenset[str]:
    """Return the events, by id and by key, whose journal row was changed and lies there so."""
    there = set(evidence.unread)
    rows = [rot for rot in evidence.rots if rot.place == "journal row" and rot.key in there]
    return frozenset(name for rot in rows for name in (rot.id, rot.key) if name)


def wrong(evidence: Evidence, all_found: Iterable[Found]) -> Iterable[tuple[str, str]]:
    """Say, by its name, what was done to changed records that must not be, or what is unreadable without a change."""
    for each in all_found:
        rot = each.rot
        if rot.place in MESSAGES and not each.letters and unmet(evidence, each) is None:
            yield rot.id, f"its {rot.place} was changed, and is kept nowhere"
        if rot.place == "dead letter" and not any(kept.path == rot.path for kept in evidence.dead):
            yield rot.id or rot.key, f"its dead letter {rot.path} was changed, and is gone"
        if len(each.letters) > 1 and (rot.place in ONCE or not _interrupted(evidence, each.letters)):
            yield rot.id or rot.path, f"its {rot.place} was changed, and is kept {len(each.letters)} times"
    left = {(rot.path, rot.digest) for rot in evidence.rots if rot.place == "dead letter"}
    for kept in evidence.dead:
        if kept.digest and (kept.path, kept.digest) not in left:
            yield kept.path, "this dead letter cannot be read, and nobody has changed it"
    rows = {rot.key for rot in evidence.rots if rot.place == "journal row"}
    for key in set(evidence.unread) - rows:
        yield key, "this journal row cannot be read, and nobody has changed it"


def unmet(evidence: Evidence, each: Found) -> Waits | None:
    """Give the changed message where nobody has taken it yet: it is kept, and still to be named."""
    if each.rot.place not in MESSAGES or each.letters:
        return None
    marks = {each.rot.digest, each.rot.wrapped} - {""}
    return next((waits for waits in evidence.waiting if waits.digest in marks), None)


def listing(evidence: Evidence) -> Iterable[tuple[str, str]]:
    """Say where the app's own list of dead letters is not what the account holds."""
    if evidence.listed is None:
        return
    there = {kept.path: bool(kept.digest) for kept in evidence.dead}
    listed = {each.path: each.unreadable for each in evidence.listed}
    for path in there.keys() ^ listed.keys():
        yield (
            path,
            f"this dead letter is {'not ' if path in there else ''}listed, and {'' if path in there else 'not '}there",
        )
    for path in there.keys() & listed.keys():
        if there[path] != listed[path]:
            yield path, f"this dead letter is {'not ' if there[path] else ''}listed as unreadable"


def dated(evidence: Evidence) -> tuple[Kept, ...]:
    """Return the dead letters; one that cannot be read any more was recorded before it was changed."""
    changed = {rot.path: rot.at for rot in evidence.rots if rot.place == "dead letter"}
    return tuple(
        msgspec.structs.replace(kept, recorded_at=changed.get(kept.path, 0.0)) if kept.digest else kept
        for kept in evidence.dead
    )


def _route(each: Found) -> str:
    """Read from the retry message that lost its claim-check which delivery it was about."""
    if each.rot.place != "delivery claim-check":
        return WHOLE
    told = _ROUTE.search(each.letters[0].told)
    return WHOLE if told is None or '"whole":true' in each.letters[0].told else told[1]


def _interrupted(evidence: Evidence, letters: tuple[Kept, ...]) -> bool:
    """Tell whether a fault fell that lets a message come again after its dead letter was kept."""
    first, last = (pick(kept.recorded_at for kept in letters) for pick in (min, max))
    return any(
        each.fault in HOST | STORAGE and each.start <= last and each.end >= first - evidence.lease
        for each in evidence.windows
    )
