"""A plan, as people read it."""

from collections import Counter
from typing import TYPE_CHECKING

from integration.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.operations.registration import Planned
    from integration.registration.plan import Change
    from integration.registration.wanted import Refusal

COLORS = {"create": "green", "update": "yellow", "rotate": "yellow", "orphaned": "red", "foreign": "bright_black"}
TOLD = {
    "create": "to create",
    "update": "to change",
    "rotate": "to give another secret",
    "leave": "as declared",
    "orphaned": "not declared any more (fno-link register remove)",
    "foreign": "not ours, never touched",
}


def print_plan(planned: "Planned", *, only: "Sequence[Change]") -> None:
    """Print what is to become of each row, and how many there are of a kind.

    Args:
        planned: What was planned.
        only: The changes to print.
    """
    say(planned.organization.name, bold=True)
    for change in only:
        why = f" ({change.why})" if change.why else ""
        say(f"  {change.action:10}", fg=COLORS.get(change.action), nl=False)
        within = f" of {change.within}" if change.kind == "image" else ""
        say(f"{change.kind:9}{change.name}{within}{why}")
        for difference in change.differences:
            say(f"{'':21}{difference}")
    counts = Counter(change.action for change in only)
    if counts:
        say("  " + ", ".join(f"{counts[action]} {TOLD[action]}" for action in TOLD if counts[action]))


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
    verb = {"create": "created", "update": "changed", "rotate": "rotated"}[change.action]
    say(f"{verb:10}{change.kind:9}{change.name}")


def print_not_kept(changes: "Sequence[Change]") -> None:
    """Print what Dataverse has taken, and what was there otherwise when it was read again."""
    for change in changes:
        differences = "; ".join(map(str, change.differences)) or change.why or "it is not there"
        said = f"not kept: {change.kind} {change.name}: {differences}"
        say(f"{said}; look for who changes it (a plug-in, another deployment), then apply again", fg="red", err=True)
