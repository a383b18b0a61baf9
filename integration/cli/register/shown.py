"""A plan, as people read it."""

from collections import Counter
from typing import TYPE_CHECKING

from integration.cli.output import say
from integration.registration.business_events.entities import MANAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.operations.registration import Planned
    from integration.registration.plan import Change
    from integration.registration.wanted import Refusal

COLORS = {
    "create": "green",
    "update": "yellow",
    "rotate": "yellow",
    "orphaned": "red",
    "foreign": "bright_black",
    "by_hand": "magenta",
    "experimental": "cyan",
    "unknown": "red",
}
TOLD = {
    "create": "to create",
    "update": "to change",
    "rotate": "to give another secret",
    "leave": "as declared",
    "orphaned": "not declared any more (fno-link register remove)",
    "foreign": "not ours, never touched",
    "experimental": "to write in Finance & Operations (--experimental)",
    "by_hand": "to do in Finance & Operations by hand",
    "unknown": "not known",
}
ACTIONS = {"by_hand": "by hand", "experimental": "write"}
"""How an action reads in a line of its own."""


def print_plan(planned: "Planned", *, only: "Sequence[Change]") -> None:
    """Print what is to become of each row, and how many there are of a kind.

    Args:
        planned: What was planned.
        only: The changes to print.
    """
    say(planned.organization.name, bold=True)
    for change in only:
        _print_change(change)
    _print_where(only)
    counts = Counter(change.action for change in only)
    if counts:
        say("  " + ", ".join(f"{counts[action]} {TOLD[action]}" for action in TOLD if counts[action]))


def print_beside(planned: "Planned") -> None:
    """Print what `apply` has left to people in Finance & Operations, and what was not seen there."""
    beside = (*planned.plan.by_hand, *planned.plan.unknown)
    for change in beside:
        _print_change(change)
    _print_where(beside)


def _print_where(changes: "Sequence[Change]") -> None:
    if any(change.action == "by_hand" for change in changes):
        say(f"  by hand is: {MANAGE}")


def _print_change(change: "Change") -> None:
    why = f" ({change.why})" if change.why else ""
    say(f"  {ACTIONS.get(change.action, change.action):10}", fg=COLORS.get(change.action), nl=False)
    within = f" of {change.within}" if change.kind == "image" else ""
    say(f"{change.what:8} {change.name}{within}{why}")
    for difference in change.differences:
        say(f"{'':21}{difference}")
    if change.todo and change.action == "by_hand":
        say(f"{'':21}{change.todo.removeprefix(MANAGE).lstrip(',: ')}")


def print_refusals(refusals: "Sequence[Refusal]") -> None:
    """Print why nothing is written."""
    for refusal in refusals:
        say(f"refused: {refusal}", fg="red", err=True)


def print_gone(name: str, gone: "Sequence[Change]") -> None:
    """Print what is to be deleted.

    Args:
        name: The organization's.
        gone: The rows.
    """
    say(name, bold=True)
    for change in gone:
        say(f"  {'to delete':10}{change.kind:9}{change.name}")
    if not gone:
        say("  nothing to delete")


def print_made(change: "Change") -> None:
    """Print a change that was made."""
    verbs = {"create": "created", "update": "changed", "rotate": "rotated", "experimental": "written"}
    say(f"{verbs[change.action]:10}{change.what:8} {change.name}")


def print_not_kept(changes: "Sequence[Change]") -> None:
    """Print what was taken, and was there otherwise when it was read again."""
    for change in changes:
        differences = "; ".join(map(str, change.differences)) or change.why or "it is not there"
        said = f"not kept: {change.what} {change.name}: {differences}"
        say(f"{said}; look for who changes it (a plug-in, another deployment), then apply again", fg="red", err=True)
