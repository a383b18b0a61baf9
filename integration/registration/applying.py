"""Make what is declared so, one request after the other.

A kill between any two of them leaves what the next run reads, knows by its mark, and goes on from: each row is written
with its mark and its secret in one request, and nothing hangs on what is not there yet.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Protocol

import msgspec

from integration.config.keys.model import Organization
from integration.dataverse.writing import Write, read_id
from integration.errors import FnoLinkError
from integration.registration.found import Found
from integration.registration.plan import Change, Plan
from integration.registration.writes import Ids, deletion, switched_off, writes_of


class WritesRows(Protocol):
    """What is used of the Dataverse client."""

    async def write(
        self, organization: Organization, method: str, path: str, row: Mapping[str, Any], headers: Mapping[str, str]
    ) -> str:
        """Write; returns the URL of a new row; raises LinkUnknown."""
        ...


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """How far it came.

    Args:
        done: What was written.
        stopped_at: What was not, and was the first; None: all was.
        error: Why.
        not_kept: What was written, or was as declared, and is not so any more, when it was read again.
    """

    done: tuple[Change, ...] = ()
    stopped_at: Change | None = None
    error: FnoLinkError | None = None
    not_kept: tuple[Change, ...] = ()


async def apply(  # noqa: PLR0913  # what, where, and how it is told
    dataverse: WritesRows,
    organization: Organization,
    plan: Plan,
    found: Found,
    *,
    owner: str,
    rng: Random,
    solution: str = "",
    told: Callable[[Change], None] = lambda _: None,
) -> Applied:
    """Write what a plan says.

    Args:
        dataverse: Writes.
        organization: Where.
        plan: Without refusals.
        found: What it was made of, with its catalogue.
        owner: Whose it becomes.
        rng: Draws salts.
        solution: The unique name of the solution that what is written becomes part of; empty: none.
        told: Called with each change that was made.

    Raises:
        ValueError: The plan has refusals, or nothing is known of what can be registered.
    """
    if plan.refusals or found.catalogue is None:
        msg = "a plan that is refused is not applied"
        raise ValueError(msg)
    catalogue = found.catalogue
    ids = Ids(catalogue.messages, {pair: each.id for pair, each in catalogue.filters.items()})
    ids.rows = {(change.kind, change.name): change.id for change in plan.changes if change.id and change.endpoint}
    done: list[Change] = []
    for change in plan.writes:
        try:
            for write in writes_of(change, owner, ids, rng, solution):
                url = await _sent(dataverse, organization, write)
                if write.method == "POST":
                    created = read_id(url)
                    ids.rows[change.kind, change.name] = created
                    if change.kind == "step" and change.step and change.step.columns["statecode"]:
                        await _sent(dataverse, organization, switched_off(created))
        except FnoLinkError as error:
            return Applied(done=tuple(done), stopped_at=change, error=error)
        done.append(change)
        told(change)
    return Applied(done=tuple(done))


async def remove(
    dataverse: WritesRows,
    organization: Organization,
    gone: Sequence[Change],
    told: Callable[[Change], None] = lambda _: None,
) -> Applied:
    """Delete rows, in their order.

    Args:
        dataverse: Writes.
        organization: Where.
        gone: What is deleted.
        told: Called with each that was.
    """
    done: list[Change] = []
    for change in gone:
        try:
            await _sent(dataverse, organization, deletion(change))
        except FnoLinkError as error:
            return Applied(done=tuple(done), stopped_at=change, error=error)
        done.append(change)
        told(change)
    return Applied(done=tuple(done))


async def _sent(dataverse: WritesRows, organization: Organization, write: Write) -> str:
    return await dataverse.write(organization, write.method, write.path, write.row, write.headers)
