"""Ask for the page's prerequisites: each question once, by whoever calls, and "look yourself" where nobody tells."""

import asyncio
from collections.abc import Awaitable

import msgspec

from integration.cli.doctor.asking import attempt
from integration.cli.doctor.look import ADMINISTRATOR, CAPACITY, GOVERNANCE, LICENCE, look_yourself
from integration.cli.doctor.prerequisites import (
    judge_administrator,
    judge_capacity,
    judge_governance,
    judge_licence,
    role_of,
)
from integration.cli.doctor.step import Finding, Step, failed
from integration.config.keys.model import Organization
from integration.errors import Forbidden, LinkUnknown, Unauthenticated, UnexpectedAnswer
from integration.links import Link
from integration.microsoft_graph import MicrosoftGraph
from integration.power_platform.administration import Administration

OF_A_PERSON = "an application calls, and Microsoft Graph tells of a person alone (Azure CLI or --device-code)"

UNTOLD = {400: "it is told neither an application nor in every cloud", 404: "it is not told of this tenant"}
"""The question itself is refused: the Azure CLI may have an application signed in, which to Graph is nobody."""


class Asked(msgspec.Struct, frozen=True):
    """Whom to ask, and as whom.

    Args:
        organization: Whose tenant.
        tenant_id: The tenant's id; None: it is not known.
        administration: Asks for what concerns the tenant as a whole.
        graph: Asks Microsoft Graph; None: no person has signed in.
    """

    organization: Organization
    tenant_id: str | None
    administration: Administration
    graph: MicrosoftGraph | None


async def prerequisites(asked: Asked, link: Link | None) -> list[Finding]:
    """Ask for the prerequisites of the setup, all at once.

    Args:
        asked: Whom to ask.
        link: The link; None: it is not known.
    """
    organization, administration, graph = asked.organization, asked.administration, asked.graph
    answers = await asyncio.gather(
        attempt(administration.capacity(organization, asked.tenant_id)),
        attempt(administration.only_administrators_create(organization)),
        _of_person(graph.roles(organization) if graph else None),
        _of_person(graph.licences(organization) if graph else None),
    )
    (capacity, capacity_error), (only, settings_error), (roles, roles_error), (licences, licences_error) = answers
    # Where everyone may create environments, nobody's roles matter.
    told = roles is not None or only is False
    return [
        judge_capacity(capacity, link) if capacity is not None else _untold(CAPACITY, capacity_error),
        judge_administrator(roles, link, only_administrators=only) if told else _untold(ADMINISTRATOR, roles_error),
        judge_licence(licences, link) if licences is not None else _untold(LICENCE, licences_error),
        judge_governance(role_of(roles) if roles else "", only_administrators=only)
        if only is not None
        else _untold(GOVERNANCE, settings_error),
    ]


async def _of_person[T](call: Awaitable[T] | None) -> tuple[T | None, LinkUnknown | None]:
    return await attempt(call) if call else (None, Forbidden(OF_A_PERSON))


def _untold(step: Step, error: LinkUnknown | None) -> Finding:
    """Return the finding for what was not told: fno-link needs no such right; silence and nonsense are no answer."""
    error = error or LinkUnknown()
    # What this very refusal needs goes first; where to look holds for each.
    todo = f"{error.hint} {step.todo}" if error.hint != type(error).hint else step.todo
    if isinstance(error, Forbidden | Unauthenticated):
        return msgspec.structs.replace(look_yourself(step, str(error)), todo=todo)
    if isinstance(error, UnexpectedAnswer) and error.status in UNTOLD:
        return look_yourself(step, f"{UNTOLD[error.status]} ({error.status})")
    return failed(step, str(error), todo, verdict="unknown")
