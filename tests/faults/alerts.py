"""The watch: who loses the link, or cannot be asked for it, is told of once, and so is its end. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from tests.faults import excuses
from tests.faults.evidence import Evidence, Fault, Receipt, Window
from tests.faults.topology import ASK_WITHIN, ROUND, THRESHOLD

PREFIX = "fno-link.integration."
TARGET = "alerts"
EXPECTED: Mapping[Fault, str] = {"link_lost": f"{PREFIX}lost", "dataverse_down": f"{PREFIX}unreachable"}
"""What each fault is told as, where it lasts and nothing else keeps the rounds from coming."""
CERTAIN = (THRESHOLD + 1) * ROUND + THRESHOLD * ASK_WITHIN - ROUND
"""Seconds in which so many rounds have come to their end that the alert must be there."""
LATE = 10.0
"""Seconds by which an alert may come after its fault: a round that was under way, the delivery itself."""
LASTED = 60.0
"""Seconds before an alert in which something must have fallen that explains it."""

_DISTURBS: frozenset[Fault] = excuses.STORAGE | excuses.HOST | excuses.LIES | {"secret_expired", "record_rots"}
_EXPLAINS: frozenset[Fault] = _DISTURBS | excuses.DATAVERSE | {"link_lost", "link_moved"}


class Incident(msgspec.Struct, frozen=True):
    """One incident, as its notices came: by what is told of it."""

    id: str
    subject: str
    notices: Mapping[str, tuple[Receipt, ...]]


def incidents(evidence: Evidence) -> tuple[Incident, ...]:
    """Put together what was told of each incident of an organization's link; a link that moved is none."""
    found: dict[str, dict[str, list[Receipt]]] = defaultdict(lambda: defaultdict(list))
    for receipt in evidence.receipts:
        if receipt.type.startswith(PREFIX) and receipt.delivered:
            incident, _, rest = receipt.id.partition(":")
            found[incident][rest.partition(":")[0]].append(receipt)
    return tuple(
        Incident(id_, next(iter(notices.values()))[0].subject, {name: tuple(each) for name, each in notices.items()})
        for id_, notices in found.items()
        if "relinked" not in notices
    )


def wrong(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """Say what is wrong with the alerts: the rule, about what, and why."""
    yield from _twice(evidence)
    found = incidents(evidence)
    # A row that was changed is begun anew: nobody knows any more what was told.
    anew = any(rot.place == "health" for rot in evidence.rots)
    for each in found:
        begins, ends = each.notices.get("triggered", ()), each.notices.get("resolved", ())
        if not begins and not anew:
            yield "alert_without_beginning", each.id, f"{each.subject}: {sorted(each.notices)} of what was never told"
        if begins and not ends and not anew:
            yield "alert_without_end", each.id, f"{each.subject} was told of at {begins[0].at:.2f}, its end never"
        if begins and not _explained(evidence, each.subject, begins[0].at):
            why = f"{each.subject} was told of at {begins[0].at:.2f}, and no fault explains it"
            yield "needless_alert", each.id, why
    if TARGET in evidence.transports and not anew:
        yield from _missing(evidence, found)


def _twice(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """No notice comes twice, unless a fault fell between its delivery and the record of that."""
    last: dict[str, Receipt] = {}
    for receipt in sorted(evidence.receipts, key=lambda each: each.at):
        if not receipt.type.startswith(PREFIX) or not receipt.delivered:
            continue
        first = last.get(receipt.id)
        if first is not None and excuses.repetition(evidence, first, receipt) is None:
            yield "alert_twice", receipt.id, f"{receipt.subject}: told again after {receipt.at - first.at:.2f} s"
        last[receipt.id] = receipt


def _missing(evidence: Evidence, found: tuple[Incident, ...]) -> Iterator[tuple[str, str, str]]:
    """Each fault that lasts, and that nothing else disturbs, is one incident."""
    for window in evidence.windows:
        type_ = EXPECTED.get(window.fault)
        if type_ is None or window.end - window.start < CERTAIN or _is_disturbed(evidence, window):
            continue
        told = [
            begin
            for each in found
            if each.subject == window.subject
            for begin in each.notices.get("triggered", ())
            if window.start - excuses.SLACK <= begin.at <= window.end + LATE
        ]
        about = f"{window.subject} {window.fault}"
        if len({each.id for each in told}) != 1:
            yield "alerts", about, f"{len(told)} incidents are told of what lasted {window.end - window.start:.1f} s"
        elif told[0].type != type_:
            yield "alerts", about, f"it is told as {told[0].type}"


def _is_disturbed(evidence: Evidence, window: Window) -> bool:
    return any(
        each.start <= window.end + LATE and each.end >= window.start - LATE
        for each in evidence.windows
        if each is not window and (each.fault in _DISTURBS or each.subject == window.subject)
    )


def _explained(evidence: Evidence, subject: str, at: float) -> bool:
    return any(
        each.start <= at and each.end >= at - LASTED and (each.fault in _DISTURBS or each.subject == subject)
        for each in evidence.windows
        if each.fault in _EXPLAINS
    )
