"""Which faults explain what: a second delivery, a missing record, a dead letter, a parked delivery. Pure, and tight."""

from collections.abc import Iterable

from integration.dead_letters import reasons
from tests.faults.evidence import LASTING, Evidence, Fault, Kept, Receipt, Window

SLACK = 0.25
"""Seconds by which the clocks of one machine's processes may be read apart."""
WHOLE_SECONDS = 1.0
"""A Storage queue tells the time in whole seconds."""

# Want of processor time is like an account that is slow: it holds up whatever there is.
CORRUPT = "CorruptRecord"

STORAGE: frozenset[Fault] = frozenset({"storage_cut", "storage_slow", "storage_reset", "overload"})
BROKER: frozenset[Fault] = frozenset({"broker_kill", "broker_cut", "broker_slow"})
HOST: frozenset[Fault] = frozenset({"host_kill", "host_pause"})
LIES: frozenset[Fault] = frozenset({"counterpart_lies"})
UNANSWERED: frozenset[Fault] = LIES | frozenset(
    {"receiver_error", "receiver_throttles", "receiver_hangs", "receiver_drops", "receiver_slow"}
)
DATAVERSE: frozenset[Fault] = LIES | frozenset({"dataverse_down", "dataverse_slow", "dataverse_throttled"})

# A target that fails explains its own dead letters only; a broker or an account those of the targets it holds.
EXHAUSTS: dict[str, frozenset[Fault]] = {
    "webhook": UNANSWERED | {"overload"},
    # It needs a token and the link at each attempt.
    "finance_operations": UNANSWERED | DATAVERSE | {"secret_expired", "overload"},
    "service_bus": BROKER | {"broker_throttled", "overload"},
    "storage_queue": STORAGE,
}
EXPLAINS: dict[str, frozenset[Fault]] = {
    "TargetRejected": LIES | {"receiver_refuses"},
    "UntrustedLink": LIES | {"link_moved"},
    "Unauthenticated": LIES | {"secret_expired", "dataverse_down"},
    "Forbidden": LIES,
    "UnexpectedAnswer": LIES,
    "Throttled": LIES | {"dataverse_throttled"},
    "Unreachable": LIES | {"dataverse_down", "dataverse_slow", "overload"},
    "Busy": DATAVERSE | STORAGE | {"host_kill"},
    reasons.PARKED_TOO_LONG: frozenset({"link_lost", "link_moved"}),
    reasons.POISON: STORAGE,
}


def repetition(evidence: Evidence, first: Receipt, second: Receipt | None) -> Fault | None:
    """Name the fault that fell between a delivery and its record, for which it was or may be made again.

    The record follows the target's answer within `record_within`; only a fault in that time can have kept it from being
    written. Each fault excuses what it can reach: a dead process and a lost account every target, a broker its own
    queues, a receiver that answers late itself.

    Args:
        evidence: Of the run.
        first: The delivery.
        second: The delivery that should not have been made; None: none was, but no record either.
    """
    slack = WHOLE_SECONDS if evidence.transports.get(first.target) == "storage_queue" else SLACK
    begin, end = first.at - slack, first.at + evidence.record_within + slack
    if second is not None:
        end = min(end, second.at + slack)
    for window in evidence.windows:
        # What is held up goes on when the fault is over, until its attempt is given up.
        held = evidence.attempt_within if window.fault in _holding(evidence, first.target) else 0.0
        if window.start <= end and window.end >= begin - held and _reaches(evidence, window, first.target):
            # A process that was killed before the delivery has not made it; it is dead, not slow, for the rest.
            if window.fault == "host_kill" and window.start < begin:
                continue
            return window.fault
    return None


def cause(evidence: Evidence, dead: Kept, since: float) -> Fault | None:
    """Name a fault that explains a dead letter; None: nothing does.

    Args:
        evidence: Of the run.
        dead: The dead letter.
        since: When its event was first handed over.
    """
    kinds = EXPLAINS.get(dead.reason, frozenset())
    if dead.reason == reasons.RETRIES_EXHAUSTED:
        kinds = EXHAUSTS.get(evidence.transports.get(dead.target, ""), frozenset())
    fell = _fell(evidence.windows, kinds, since - SLACK, dead.recorded_at + SLACK)
    return next((each.fault for each in fell if _befalls(each, dead)), None)


def holds(evidence: Evidence, parked: Kept) -> Fault | None:
    """Name the fault for which a delivery may still be parked at the end of a run; None: it must not be."""
    of_it = [each for each in evidence.windows if each.subject in ("", parked.organization)]
    if parked.reason == reasons.NOT_LINKED:
        lasting = any(each.fault == "link_lost" and each.end >= LASTING for each in of_it)
        return "link_lost" if lasting else None
    # What was meant for an environment waits until that one is linked again: a move that ended explains it, too.
    moved = any(_fell(of_it, frozenset({"link_moved"}), 0.0, parked.recorded_at + SLACK))
    return "link_moved" if moved and parked.reason == reasons.PARKED_FOR_OTHER_ENVIRONMENT else None


def _holding(evidence: Evidence, target: str) -> frozenset[Fault]:
    # A host that was paused, or could not renew a queue message's lease, goes on beside the one that took over.
    return STORAGE | {"host_pause"} | (BROKER if evidence.transports.get(target) == "service_bus" else frozenset())


def _reaches(evidence: Evidence, window: Window, target: str) -> bool:
    if window.fault in STORAGE | HOST:
        return True
    if window.fault in BROKER:
        return evidence.transports.get(target) == "service_bus"
    return window.fault == "receiver_slow" and window.subject == target


def _fell(windows: Iterable[Window], kinds: frozenset[Fault], begin: float, end: float) -> list[Window]:
    return [each for each in windows if each.fault in kinds and each.start <= end and each.end >= begin]


def _befalls(window: Window, dead: Kept) -> bool:
    """Tell whether a fault concerns a dead letter's target or organization; an account or broker concerns them all."""
    if window.fault == "counterpart_lies":
        return window.subject in (dead.target, dead.organization)
    if window.fault.startswith("receiver") or window.fault == "broker_throttled":
        return window.subject in ("", dead.target)
    return window.subject in ("", dead.organization) or window.fault.startswith(
        ("storage", "broker", "host", "overload")
    )
