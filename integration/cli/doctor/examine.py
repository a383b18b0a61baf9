"""Walk the steps for one organization: each call once, each refusal a finding."""

from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack

import msgspec

from integration.cli.doctor import step as steps
from integration.cli.doctor.settings import (
    judge_app_id,
    judge_organization_id,
    judge_secret,
    judge_tenant,
    judge_url,
)
from integration.cli.doctor.step import Finding, Step, failed, passed, skipped
from integration.config import Checked
from integration.config.keys.model import Organization
from integration.config.settings.credentials import credential_problems, credentials
from integration.config.settings.settings import Environ
from integration.dataverse import Dataverse, open_http_client
from integration.errors import Busy, LinkUnknown, Problem, Throttled, Unreachable
from integration.health.probes.link import UNFAMILIAR_HINT
from integration.identity import Tokens, scope_for
from integration.links import Linked, LinkResolver
from integration.links.tenants import Tenants


class Examined(msgspec.Struct, frozen=True):
    """What was found about one organization.

    Args:
        name: The organization's name.
        ok: Whether nothing failed; None: it cannot be told.
        steps: The findings, in the order of Microsoft's setup page.
    """

    name: str
    ok: bool | None
    steps: tuple[Finding, ...]


def judge_configuration(checked: Checked) -> Finding:
    """Judge the configuration as a whole."""
    if checked.problems:
        count = len(checked.problems)
        listed = "; ".join(str(problem) for problem in checked.problems)
        return failed(steps.CONFIGURATION, f"{count} problem{'s' if count > 1 else ''}: {listed}")
    return passed(steps.CONFIGURATION, f"{checked.file} has no problem")


def verdict_of(findings: Sequence[Finding]) -> bool | None:
    """Return whether nothing failed; None when nothing did, but something is unknown."""
    verdicts = {finding.verdict for finding in findings}
    if "fail" in verdicts:
        return False
    return None if "unknown" in verdicts else True


async def examine(organization: Organization, environ: Environ, wordings: Sequence[str] = ()) -> Examined:
    """Walk the steps for one organization; makes at most one call for each.

    Args:
        organization: From a configuration that was read.
        environ: The app settings.
        wordings: `[health] wordings`, by which a localised "not integrated" is known.
    """
    problems = tuple(credential_problems(environ, organization.name))
    async with AsyncExitStack() as opened:
        http = await opened.enter_async_context(open_http_client())
        tenants = Tenants(http)
        opened.push_async_callback(tenants.aclose)
        tenant, tenant_error = await attempt(tenants.id_of(organization))
        found: list[Finding] = [judge_url(organization, ())]
        if problems:
            found += _without_credentials(organization, problems)
        else:
            tokens = Tokens(lambda _: credentials(environ, organization.name))
            opened.push_async_callback(tokens.aclose)
            dataverse = Dataverse(http, tokens, wordings=wordings)
            found += await _calls(organization, environ, tokens, dataverse, tenants)
    found.append(judge_tenant(organization, tenant if tenant_error is None else tenant_error))  # pyright: ignore[reportArgumentType] (one of the two is set)
    order = [step.name for step in steps.STEPS]
    findings = tuple(sorted(found, key=lambda finding: order.index(finding.step)))
    return Examined(organization.name, verdict_of(findings), findings)


async def attempt[T](call: Awaitable[T]) -> tuple[T | None, LinkUnknown | None]:
    """Await a call and return its answer or why there is none."""
    try:
        return await call, None
    except LinkUnknown as error:
        return None, error


def refused(step: Step, error: LinkUnknown) -> Finding:
    """Return the finding for an error: a refusal fails the step, silence leaves it unknown."""
    silent = isinstance(error, Unreachable | Throttled | Busy)
    return failed(step, str(error), error.hint if silent else "", verdict="unknown" if silent else "fail")


def _without_credentials(organization: Organization, problems: Sequence[Problem]) -> list[Finding]:
    listed = "; ".join(str(problem) for problem in problems)
    why = "the credentials have problems"
    return [
        judge_organization_id(organization, None),
        failed(steps.APP_ID if problems[0].key.endswith("_CLIENT_ID") else steps.APP_SECRET, listed),
        skipped(steps.APP_SECRET if problems[0].key.endswith("_CLIENT_ID") else steps.APP_ID, why),
        *(skipped(step, why) for step in (steps.TOKEN, steps.WHO_AM_I, steps.SDK_MESSAGES, steps.LINK)),
    ]


async def _calls(
    organization: Organization, environ: Environ, tokens: Tokens, dataverse: Dataverse, tenants: Tenants
) -> list[Finding]:
    own = credentials(environ, organization.name)
    _, refusal = await attempt(tokens.token(organization, scope_for(organization.url)))
    found = [judge_app_id(own, refusal), judge_secret(own, refusal)]
    if refusal is not None:
        why = "there is no token"
        return [
            *found,
            refused(steps.TOKEN, refusal),
            judge_organization_id(organization, None),
            *(skipped(step, why) for step in (steps.WHO_AM_I, steps.SDK_MESSAGES, steps.LINK)),
        ]
    found.append(passed(steps.TOKEN, f"for {scope_for(organization.url)}"))
    identity, error = await attempt(dataverse.who_am_i(organization))
    found.append(judge_organization_id(organization, identity.organization_id if identity else None))
    if error is not None:
        found.append(refused(steps.WHO_AM_I, error))
    elif identity is not None:
        found.append(passed(steps.WHO_AM_I, f"user {identity.user_id} of organization {identity.organization_id}"))
    rows, error = await attempt(dataverse.sdk_messages(organization))
    found.append(refused(steps.SDK_MESSAGES, error) if error else _read(rows or 0))
    found.append(await _link(organization, dataverse, tenants))
    return found


def _read(rows: int) -> Finding:
    if rows:
        return passed(steps.SDK_MESSAGES, "read")
    return failed(steps.SDK_MESSAGES, "the answer is empty: the application user may see none")


async def _link(organization: Organization, dataverse: Dataverse, tenants: Tenants) -> Finding:
    async with LinkResolver([organization], dataverse, tenants) as resolver:
        link, error = await attempt(resolver.resolve(organization.name))
    if error is not None:
        return refused(steps.LINK, error)
    if not isinstance(link, Linked):
        todo = UNFAMILIAR_HINT if link is not None and not link.familiar else ""
        return failed(steps.LINK, "not linked" if link is None else f"not linked ({link.code}): {link.message}", todo)
    if not link.trusted:
        todo = "If the environment is yours, add its host's suffix to `trusted_hosts`, or correct `tenant`."
        return failed(steps.LINK, f"linked to {link.url}, which is not trusted: {link.distrust}", todo)
    return passed(steps.LINK, f"linked to {link.url} (id {link.id}, tenant {link.tenant_id})")
