"""Walk the steps for one organization: each call once, each refusal a finding."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import msgspec

from integration.cli.caller import Caller, Choice, caller_of
from integration.cli.doctor import asking, estate, look
from integration.cli.doctor import step as steps
from integration.cli.doctor.asking import attempt, refused
from integration.cli.doctor.environment import Asked
from integration.cli.doctor.environment import environment as ask_environment
from integration.cli.doctor.hosts import Hosts
from integration.cli.doctor.registry import ORDER, STEPS, needs_token
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
from integration.errors import LinkUnknown, Problem
from integration.finance_operations import FinanceOperations
from integration.health.probes.link import UNFAMILIAR_HINT
from integration.identity import Tokens, scope_for
from integration.links import Link, Linked, LinkResolver
from integration.links.tenants import Tenants
from integration.microsoft_graph import MicrosoftGraph
from integration.power_platform import PowerPlatform
from integration.power_platform.administration import Administration


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


class Clients(msgspec.Struct, frozen=True):
    """What is asked.

    Args:
        caller: Who calls.
        tokens: Gives the bearer tokens.
        tenants: Asks for tenant ids.
        dataverse: Asks the organization.
        platform: Asks the Power Platform.
        estate: Asks for what concerns the tenant as a whole.
        environment: Asks the linked environment.
        hosts: Asks hosts without a token.
    """

    caller: Caller
    tokens: Tokens
    tenants: Tenants
    dataverse: Dataverse
    platform: PowerPlatform
    estate: estate.Asked
    environment: FinanceOperations
    hosts: Hosts


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


async def examine(
    organization: Organization,
    environ: Environ,
    wordings: Sequence[str] = (),
    choice: Choice | None = None,
    vaults: Mapping[str, Sequence[str]] | None = None,
) -> Examined:
    """Walk the steps for one organization; makes at most one call for each.

    Args:
        organization: From a configuration that was read.
        environ: The app settings.
        wordings: `[health] wordings`, by which a localised "not integrated" is known.
        choice: What the command line says of who calls.
        vaults: Hosts of the key vaults of the endpoints that sources declare, by the endpoint's name in lower case.
    """
    choice = choice or Choice()
    problems = () if choice.device_code else tuple(credential_problems(environ, organization.name))
    async with AsyncExitStack() as opened:
        http = await opened.enter_async_context(open_http_client())
        tenants = Tenants(http)
        opened.push_async_callback(tenants.aclose)
        tenant, tenant_error = await attempt(tenants.id_of(organization))
        hosts = Hosts(http)
        found: list[Finding] = [
            judge_url(organization, ()),
            await hosts.organization(organization),
            await hosts.authority(organization),
            await hosts.platform(organization),
        ]
        if problems:
            found += _without_credentials(organization, problems)
        else:
            caller = caller_of(organization.name, environ, choice)
            tokens = Tokens(
                lambda _: credentials(environ, organization.name), timeout=caller.timeout, sign_in=caller.sign_in
            )
            opened.push_async_callback(tokens.aclose)
            opened.callback(caller.close)
            dataverse = Dataverse(http, tokens, wordings=wordings)
            clients = Clients(
                caller=caller,
                tokens=tokens,
                tenants=tenants,
                dataverse=dataverse,
                platform=PowerPlatform(http, tokens, dataverse),
                estate=estate.Asked(
                    organization,
                    tenant,
                    Administration(http, tokens),
                    MicrosoftGraph(http, tokens) if caller.sign_in is not None else None,
                ),
                environment=FinanceOperations(http, tokens),
                hosts=hosts,
            )
            found += await _calls(organization, environ, clients, vaults or {})
    found.append(hosts.clock())
    found.append(judge_tenant(organization, tenant if tenant_error is None else tenant_error))  # pyright: ignore[reportArgumentType] (one of the two is set)
    findings = tuple(sorted(found, key=lambda finding: ORDER[finding.step]))
    return Examined(organization.name, verdict_of(findings), findings)


def _without_credentials(organization: Organization, problems: Sequence[Problem]) -> list[Finding]:
    listed = "; ".join(str(problem) for problem in problems)
    why = "the credentials have problems"
    return [
        judge_organization_id(organization, None),
        failed(steps.APP_ID if problems[0].key.endswith("_CLIENT_ID") else steps.APP_SECRET, listed),
        skipped(steps.APP_SECRET if problems[0].key.endswith("_CLIENT_ID") else steps.APP_ID, why),
        skipped(steps.TOKEN, why, steps.CONFIGURATION),
        *_without_token(why, steps.CONFIGURATION),
    ]


async def _calls(
    organization: Organization, environ: Environ, clients: Clients, vaults: Mapping[str, Sequence[str]]
) -> list[Finding]:
    dataverse = clients.dataverse
    _, refusal = await attempt(clients.tokens.token(organization, scope_for(organization.url)))
    found = _settings(organization, environ, clients.caller, refusal)
    if refusal is not None:
        return [
            *found,
            refused(steps.TOKEN, refusal),
            judge_organization_id(organization, None),
            *_without_token("there is no token", steps.TOKEN),
        ]
    found.append(passed(steps.TOKEN, f"for {scope_for(organization.url)}, by {clients.caller.kind}"))
    identity, error = await attempt(dataverse.who_am_i(organization))
    found.append(judge_organization_id(organization, identity.organization_id if identity else None))
    if error is not None:
        found.append(refused(steps.WHO_AM_I, error))
    elif identity is not None:
        found.append(passed(steps.WHO_AM_I, f"user {identity.user_id} of organization {identity.organization_id}"))
    rows, error = await attempt(dataverse.sdk_messages(organization))
    found.append(refused(steps.SDK_MESSAGES, error) if error else _read(rows or 0))
    link, finding = await _link(organization, dataverse, clients.tenants)
    found.append(finding)
    found += await asking.inside(organization, dataverse, identity)
    found += await asking.other_views(organization, clients.platform, link)
    found.append(await clients.hosts.environment(link))
    client_id = "" if clients.caller.sign_in else credentials(environ, organization.name).client_id
    found += await estate.prerequisites(clients.estate, link)
    asked = Asked(organization, clients.environment, clients.tokens, client_id, vaults)
    found += await ask_environment(asked, link)
    return found


def _settings(
    organization: Organization, environ: Environ, caller: Caller, refusal: LinkUnknown | None
) -> list[Finding]:
    if caller.sign_in is not None:
        why = f"none is used: {caller.kind} calls"
        return [skipped(steps.APP_ID, why), skipped(steps.APP_SECRET, why)]
    own = credentials(environ, organization.name)
    return [judge_app_id(own, refusal), judge_secret(own, refusal)]


def _without_token(why: str, because: Step) -> list[Finding]:
    apart = (steps.ORGANIZATION_ID, *look.STEPS)
    rest = [skipped(step, why, because) for step in STEPS if needs_token(step) and step not in apart]
    return [*rest, *look.yourself(why, because)]


def _read(rows: int) -> Finding:
    if rows:
        return passed(steps.SDK_MESSAGES, "read")
    return failed(steps.SDK_MESSAGES, "the answer is empty: the application user may see none")


async def _link(organization: Organization, dataverse: Dataverse, tenants: Tenants) -> tuple[Link | None, Finding]:
    async with LinkResolver([organization], dataverse, tenants) as resolver:
        link, error = await attempt(resolver.resolve(organization.name))
    if error is not None:
        return None, refused(steps.LINK, error)
    if not isinstance(link, Linked):
        todo = UNFAMILIAR_HINT if link is not None and not link.familiar else ""
        told = "not linked" if link is None else f"not linked ({link.code}): {link.message}"
        return link, failed(steps.LINK, told, todo)
    if not link.trusted:
        todo = "If the environment is yours, add its host's suffix to `trusted_hosts`, or correct `tenant`."
        return link, failed(steps.LINK, f"linked to {link.url}, which is not trusted: {link.distrust}", todo)
    return link, passed(steps.LINK, f"linked to {link.url} (id {link.id}, tenant {link.tenant_id})")
