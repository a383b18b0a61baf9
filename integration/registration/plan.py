"""What differs between what is declared and what there is; pure.

Nothing here is written, and nothing that is not ours is ever more than shown.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from integration.dataverse.writing import Write
from integration.registration.found import Found, FoundEndpoint, FoundImage, FoundRow, FoundStep
from integration.registration.refusing import refusals_of
from integration.registration.values import FINANCE_OPERATIONS, Columns, Kind, Value, comparable, worded
from integration.registration.wanted import Refusal, Wanted, WantedEndpoint, WantedImage, WantedStep

type Action = Literal[
    "create", "update", "rotate", "leave", "foreign", "orphaned", "by_hand", "experimental", "unknown"
]

TO_WRITE: frozenset[Action] = frozenset({"create", "update", "rotate"})
TWICE = "another step has the same message, table and stage"
DRIFT: frozenset[Action] = frozenset({"create", "update", "rotate", "orphaned", "by_hand", "experimental"})


class Difference(msgspec.Struct, frozen=True):
    """A column that is not as it is declared.

    Args:
        column: Which.
        found: What it is.
        wanted: What it should be.
    """

    column: str
    found: Value
    wanted: Value

    def __str__(self) -> str:
        return f"{self.column}: {worded(self.column, self.found)} → {worded(self.column, self.wanted)}"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of one row.

    Args:
        action: What: `rotate` writes another secret, `orphaned` is ours and not declared any more, `foreign` is not
            ours. Of Finance & Operations: `by_hand` is for people to do there, `experimental` is written by `apply
            --experimental` alone, of `unknown` nothing was seen.
        kind: Of what.
        name: Its name.
        id: Its id; empty: there is none yet.
        within: Of a step the name of its endpoint, of an image that of its step.
        why: In words, where the action does not say it.
        differences: What is not as it is declared.
        todo: What to do in Finance & Operations.
        write: The request that does it, where `experimental` has it done.
        endpoint: What is declared, of an endpoint or what belongs to it.
        step: What is declared, of a step or an image of it.
        image: What is declared, of an image.
    """

    action: Action
    kind: Kind
    name: str
    id: str = ""
    within: str = ""
    why: str = ""
    differences: tuple[Difference, ...] = ()
    todo: str = ""
    write: Write | None = None
    endpoint: WantedEndpoint | None = None
    step: WantedStep | None = None
    image: WantedImage | None = None

    @property
    def what(self) -> str:
        """Of what it is, in words."""
        return FINANCE_OPERATIONS.get(self.kind, self.kind)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of an organization's rows, in the order in which it is done.

    Args:
        changes: What becomes of each.
        refusals: Why nothing may be written.
    """

    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def writes(self) -> tuple[Change, ...]:
        """What would be written in Dataverse."""
        return tuple(change for change in self.changes if change.action in TO_WRITE)

    @property
    def by_hand(self) -> tuple[Change, ...]:
        """What is for people to do in Finance & Operations."""
        return tuple(change for change in self.changes if change.action == "by_hand")

    @property
    def unknown(self) -> tuple[Change, ...]:
        """What was not compared, for it was not seen."""
        return tuple(change for change in self.changes if change.action == "unknown")

    @property
    def drift(self) -> tuple[Change, ...]:
        """What is not as it is declared."""
        return tuple(change for change in self.changes if change.action in DRIFT)


def plan(wanted: Wanted, found: Found) -> Plan:
    """Say what is to be done so that what is declared is there.

    Args:
        wanted: What is declared.
        found: What there is.
    """
    changes: list[Change] = []
    by_name: dict[str, list[FoundEndpoint]] = defaultdict(list)
    for endpoint in found.endpoints:
        by_name[endpoint.name.lower()].append(endpoint)
    kept: set[str] = set()
    for one in wanted.endpoints:
        ours = [each for each in by_name.get(one.name.lower(), ()) if each.is_of(wanted.owner)]
        there = ours[0] if ours else None
        kept |= {there.id} if there else set()
        changes.append(_endpoint(one, there))
        changes += _steps(wanted.owner, one, there)
    for endpoint in found.endpoints:
        if endpoint.id not in kept:
            changes += _undeclared(wanted.owner, endpoint)
    written: list[tuple[Kind, str]] = [
        (change.kind, change.id) for change in changes if change.id and change.action in TO_WRITE
    ]
    return Plan(changes=tuple(changes), refusals=(*wanted.refusals, *refusals_of(wanted, found, written)))


def _endpoint(one: WantedEndpoint, there: FoundEndpoint | None) -> Change:
    if there is None:
        return Change(action="create", kind="endpoint", name=one.name, endpoint=one)
    differences = _differences(one.columns, there)
    rotated = _is_rotated(one, there)
    return Change(
        action="update" if differences else "rotate" if rotated else "leave",
        kind="endpoint",
        name=one.name,
        id=there.id,
        why=rotated,
        differences=differences,
        endpoint=one,
    )


def _is_rotated(one: WantedEndpoint, there: FoundEndpoint) -> str:
    if one.secret is None:
        return ""
    if there.columns.get(one.secret.flag) is False:
        return "it has no secret"
    mark = there.mark
    return "" if mark is not None and mark.is_of(one.secret.value) else "its secret is another one"


def _steps(owner: str, one: WantedEndpoint, there: FoundEndpoint | None) -> Iterator[Change]:
    ours: dict[tuple[str, str, int], list[FoundStep]] = defaultdict(list)
    for step in there.steps if there else ():
        if step.is_of(owner):
            ours[step.identity].append(step)
    kept: set[str] = set()
    for step in one.steps:
        # Of several, one that is switched on: it is the one that sends.
        same = sorted(ours.get(step.identity, ()), key=lambda each: (bool(each.columns.get("statecode")), each.id))
        first = same[0] if same else None
        kept |= {first.id} if first else set()
        yield _step(one, step, first)
        yield from _images(owner, one, step, first)
    declared = {step.identity for step in one.steps}
    for step in there.steps if there else ():
        if step.id not in kept:
            yield _left(owner, "step", step, one.name, TWICE if step.identity in declared else "")
        if step.identity not in declared:
            for image in step.images:
                yield _left(owner, "image", image, step.name)


def _step(one: WantedEndpoint, step: WantedStep, there: FoundStep | None) -> Change:
    if there is None:
        return Change(action="create", kind="step", name=step.name, within=one.name, endpoint=one, step=step)
    differences = _differences(step.columns, there)
    return Change(
        action="update" if differences else "leave",
        kind="step",
        name=step.name,
        id=there.id,
        within=one.name,
        why="it was switched off" if any(each.column == "statecode" and each.found for each in differences) else "",
        differences=differences,
        endpoint=one,
        step=step,
    )


def _images(owner: str, one: WantedEndpoint, step: WantedStep, there: FoundStep | None) -> Iterator[Change]:
    found = {image.alias: image for image in (there.images if there else ()) if image.is_of(owner)}
    kept: set[str] = set()
    for image in step.images:
        same: FoundImage | None = found.get(image.alias)
        differences = _differences(image.columns, same) if same else ()
        kept |= {same.id} if same else set()
        yield Change(
            action="create" if same is None else "update" if differences else "leave",
            kind="image",
            name=image.alias,
            id=same.id if same else "",
            within=step.name,
            differences=differences,
            endpoint=one,
            step=step,
            image=image,
        )
    for image in there.images if there else ():
        if image.id not in kept:
            yield _left(owner, "image", image, step.name)


def _undeclared(owner: str, endpoint: FoundEndpoint) -> Iterator[Change]:
    for step in endpoint.steps:
        for image in step.images:
            yield _left(owner, "image", image, step.name)
        yield _left(owner, "step", step, endpoint.name)
    yield _left(owner, "endpoint", endpoint, "")


def _left(owner: str, kind: Kind, row: FoundRow, within: str, why: str = "") -> Change:
    mark = row.mark
    if row.is_of(owner):
        return Change(
            action="orphaned", kind=kind, name=row.name, id=row.id, within=within, why=why or "it is not declared"
        )
    whose = f"it is of the owner {mark.owner}" if mark is not None and mark.owner != owner else "it has no mark of ours"
    return Change(action="foreign", kind=kind, name=row.name, id=row.id, within=within, why=whose)


def _differences(wanted: Columns, there: FoundRow) -> tuple[Difference, ...]:
    return tuple(
        Difference(column, there.columns.get(column), value)
        for column, value in wanted.items()
        if comparable(column, there.columns.get(column)) != comparable(column, value)
    )


def removals(
    found: Found, owner: str, changes: Sequence[Change], *, everything: bool
) -> tuple[tuple[Change, ...], tuple[Refusal, ...]]:
    """Say what is to be deleted, in the order in which Dataverse lets it go: what hangs on something first.

    Args:
        found: What there is.
        owner: Whose.
        changes: Of the plan.
        everything: What is declared, too; else what is not declared any more.

    Returns:
        What goes, and why it may not.
    """
    orphaned = {change.id for change in changes if change.action == "orphaned"}
    gone: list[Change] = []
    refused: list[Refusal] = []
    for endpoint in found.endpoints:
        leaves = endpoint.is_of(owner) and (everything or endpoint.id in orphaned)
        foreign = [step.name for step in endpoint.steps if not step.is_of(owner)]
        if leaves and foreign:
            message = f"a step hangs on it that is not ours: {foreign[0]}"
            refused.append(
                Refusal(endpoint.name, message, "delete that step in Dataverse, or give it another endpoint")
            )
        for row, kind, within in _hanging(endpoint):
            if not row.is_of(owner) or not (everything or row.id in orphaned):
                continue
            if row.managed:
                refused.append(Refusal(row.name, "a managed solution has brought it", "remove it with that solution"))
            gone.append(Change(action="orphaned", kind=kind, name=row.name, id=row.id, within=within))
    return tuple(gone), tuple(refused)


def _hanging(endpoint: FoundEndpoint) -> Iterator[tuple[FoundRow, Kind, str]]:
    for step in endpoint.steps:
        for image in step.images:
            yield image, "image", step.name
        yield step, "step", endpoint.name
    yield endpoint, "endpoint", ""
