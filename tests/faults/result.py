"""What one seed came to, as a line of a file and as a line for a reader; and what many came to."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from tests.faults.evidence import Evidence
from tests.faults.oracle import Problem, Verdict

KEPT = 20
MOST_OVERLOAD = 1 / 3
"""Of a run: where more of it was overloaded, its second deliveries tell of the machine."""
CHANGED = "changed_"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One seed.

    Args:
        seed: The seed.
        events: How many messages were to be sent.
        seconds: How long it took.
        counts: Of the oracle.
        excused: Second deliveries by fault.
        unrecorded: Deliveries without a record by fault.
        faults: By kind, those that were planned.
        struck: Transactions that lost their answer or were refused.
        overload: Seconds in which some process answered late for want of processor time.
        problems: The first of them.
        failed: How many problems there are; -1: the run itself failed.
        error: Why the run itself failed.
        folder: Logs and evidence of a seed that failed.
    """

    seed: int
    events: int
    seconds: float
    counts: dict[str, int] = {}
    excused: dict[str, int] = {}
    unrecorded: dict[str, int] = {}
    faults: dict[str, int] = {}
    struck: int = 0
    overload: float = 0.0
    problems: tuple[Problem, ...] = ()
    failed: int = 0
    error: str = ""
    folder: str = ""

    @classmethod
    def of(cls, seed: int, events: int, seconds: float, evidence: Evidence, verdict: Verdict) -> "Result":
        """Sum up a run."""
        return cls(
            seed=seed,
            events=events,
            seconds=seconds,
            counts=verdict.counts,
            excused=verdict.excused,
            unrecorded=verdict.unrecorded,
            faults=dict(Counter(window.fault for window in evidence.windows if window.fault != "overload")),
            struck=evidence.struck,
            overload=_overload(evidence),
            problems=verdict.problems[:KEPT],
            failed=len(verdict.problems),
        )

    @property
    def overloaded(self) -> bool:
        """Whether so much of it was overloaded that what is delivered twice, or not, says nothing."""
        return self.overload > self.seconds * MOST_OVERLOAD

    def __str__(self) -> str:
        """Return one line, and one more for each problem and where the machine did not keep up."""
        if self.failed < 0:
            return f"seed {self.seed}: THE RUN FAILED after {self.seconds:.0f} s: {self.error}"
        said = [f"{self.counts.get(name, 0)} {word}" for name, word in SAID]
        again = ", ".join(f"{count} by {fault}" for fault, count in sorted(self.excused.items())) or "none"
        state = f"{self.failed} PROBLEMS" if self.failed else "ok"
        took = f"{self.seconds:.0f} s, {self.overload:.0f} of them overloaded"
        took = f"{self.struck} transactions struck, {took}" if self.struck else took
        rotted = {name.removeprefix(CHANGED): n for name, n in self.counts.items() if name.startswith(CHANGED)}
        if rotted:
            told = (f"{n} {name} ({self.counts.get(f'named_{name}', 0)} named)" for name, n in sorted(rotted.items()))
            took = f"changed: {', '.join(told)}, {took}"
        lines = [f"seed {self.seed}: {', '.join(said)}, repeated: {again}, {took}: {state}"]
        lines += [f"  {each.rule}: {each.id}: {each.why}" for each in self.problems]
        if self.overloaded:
            lines.append(
                f"  more than a third of it was overloaded ({self.overload:.0f} of {self.seconds:.0f} s): its `twice` "
                "says nothing of fno-link, whether it fails or is excused; run it again with fewer seeds at once"
            )
        return "\n".join(lines)


SAID = (
    ("sent", "sent"),
    ("accepted", "accepted"),
    ("deliveries_delivered", "delivered"),
    ("deliveries_dead", "dead"),
    ("deliveries_parked", "parked"),
    ("deliveries_waiting", "waiting"),
    ("deliveries_lost", "lost"),
)


def summary(results: Sequence[Result]) -> str:
    """Sum up many seeds."""
    counts, excused, faults = (
        (_total(each) for each in zip(*map(_parts, results), strict=True)) if results else ({},) * 3
    )
    failed = [result.seed for result in results if result.failed]
    overloaded = [result.seed for result in results if result.overloaded]
    seconds = sum(result.seconds for result in results)
    overload = sum(result.overload for result in results)
    return "\n".join(
        (
            f"{len(results)} seeds, {seconds:.0f} s of runs, {overload:.0f} s of them overloaded",
            "  " + ", ".join(f"{counts.get(name, 0)} {word}" for name, word in SAID),
            f"  repeated, excused by: {_said(excused)}",
            f"  faults: {_said(faults)}",
            f"  failing seeds: {failed or 'none'}",
            f"  seeds whose `twice` says nothing, as more than a third was overloaded: {overloaded or 'none'}",
        )
    )


def _overload(evidence: Evidence) -> float:
    """Sum the seconds in which some process answered late."""
    seconds, until = 0.0, 0.0
    for window in sorted(evidence.windows, key=lambda each: each.start):
        if window.fault == "overload":
            seconds += max(0.0, window.end - max(window.start, until))
            until = max(until, window.end)
    return seconds


def _parts(result: Result) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    return result.counts, result.excused, result.faults


def _total(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
