"""Ask beyond Microsoft's settings script: each question once, each refusal a finding."""

from collections.abc import Awaitable

from integration.cli.doctor import beyond
from integration.cli.doctor.answers import (
    judge_application,
    judge_dual_write,
    judge_platform,
    judge_role,
    judge_virtual_entities,
    names_in,
)
from integration.cli.doctor.step import LINK, WHO_AM_I, Finding, Step, failed, skipped
from integration.config.keys.model import Organization
from integration.dataverse import Dataverse, Identity
from integration.errors import Busy, Forbidden, LinkUnknown, Throttled, Unauthenticated, Unreachable
from integration.links import Link
from integration.power_platform import PowerPlatform


async def attempt[T](call: Awaitable[T]) -> tuple[T | None, LinkUnknown | None]:
    """Await a call and return its answer or why there is none."""
    try:
        return await call, None
    except LinkUnknown as error:
        return None, error


def refused(step: Step, error: LinkUnknown) -> Finding:
    """Return the finding for an error: a refusal fails the step, silence leaves it unknown."""
    silent = isinstance(error, Unreachable | Throttled | Busy)
    if silent:
        return failed(step, str(error), error.hint, verdict="unknown")
    # What this very refusal needs goes first; what the step is mended by holds for each.
    own = f"{error.hint} {step.todo}" if error.hint != type(error).hint else ""
    return failed(step, str(error), own)


async def inside(organization: Organization, dataverse: Dataverse, identity: Identity | None) -> list[Finding]:
    """Ask the organization for the caller's roles and for its solutions."""
    asked = (beyond.ROLE, beyond.VIRTUAL_ENTITIES, beyond.DUAL_WRITE)
    if identity is None:
        return [skipped(step, "WhoAmI was not answered", WHO_AM_I) for step in asked]
    roles = f"systemusers({identity.user_id})/systemuserroles_association?$select=name"
    names, error = await attempt(_names(organization, dataverse, roles, "name"))
    found = [refused(beyond.ROLE, error) if error else judge_role(names or [])]
    names, error = await attempt(_names(organization, dataverse, "solutions?$select=uniquename", "uniquename"))
    if error is not None:
        return [*found, refused(beyond.VIRTUAL_ENTITIES, error), refused(beyond.DUAL_WRITE, error)]
    return [*found, judge_virtual_entities(names or []), judge_dual_write(names or [])]


async def _names(organization: Organization, dataverse: Dataverse, call: str, column: str) -> list[str]:
    return names_in(await dataverse.function(organization, call), column)


async def other_views(organization: Organization, platform: PowerPlatform, link: Link | None) -> list[Finding]:
    """Ask what others say of the same link."""
    application, error = await attempt(platform.application(organization))
    found = [refused(beyond.APPLICATION, error) if error else judge_application(application)]
    if link is None:
        return [*found, skipped(beyond.PLATFORM, "the link is not known", LINK)]

    async def seen() -> Finding:
        environment_id = await platform.environment_id(organization)
        return judge_platform(await platform.environment(organization, environment_id), link)

    view, error = await attempt(seen())
    if isinstance(error, Forbidden | Unauthenticated):
        # An application needs no such right; where it has none there is nothing to compare with.
        return [*found, skipped(beyond.PLATFORM, f"the caller may not ask: {error}")]
    if error is not None or view is None:
        return [*found, refused(beyond.PLATFORM, error) if error else failed(beyond.PLATFORM, "no answer")]
    return [*found, view]
