"""The five settings of Microsoft's settings script, judged by what is written and by what was answered; pure."""

import re
from collections.abc import Sequence

from integration.cli.doctor.step import (
    APP_ID,
    APP_SECRET,
    ORGANIZATION_ID,
    ORGANIZATION_URL,
    TENANT,
    Finding,
    failed,
    passed,
    skipped,
)
from integration.config.keys.model import Credentials, Organization
from integration.errors import LinkUnknown, Problem, Unauthenticated
from integration.identity.aadsts import MEANINGS

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def judge_url(organization: Organization | None, problems: Sequence[Problem]) -> Finding:
    """Judge the organization's URL by the problems of the configuration."""
    for problem in problems:
        if problem.key.startswith("organizations[") and problem.key.endswith(".url"):
            return failed(ORGANIZATION_URL, problem.message, problem.hint)
    if organization is None:
        return skipped(ORGANIZATION_URL, "the configuration cannot be read")
    return passed(ORGANIZATION_URL, organization.url)


def judge_tenant(organization: Organization, answer: str | LinkUnknown) -> Finding:
    """Judge the tenant by what its authority answered: its id, or an error."""
    if isinstance(answer, str):
        return passed(TENANT, f"{organization.tenant} is the tenant {answer}")
    verdict = "fail" if isinstance(answer, Unauthenticated) else "unknown"
    return failed(TENANT, str(answer), verdict=verdict)


def judge_app_id(credentials: Credentials, token: LinkUnknown | None) -> Finding:
    """Judge the app id by its form and by Entra's answer to the request for a token."""
    client_id = credentials.client_id
    if not client_id:
        return skipped(APP_ID, "none is set: the system-assigned managed identity is used")
    if not GUID.fullmatch(client_id):
        return failed(APP_ID, f"{client_id!r} is no GUID")
    if token is not None and _about(token) == "application":
        return failed(APP_ID, str(token), token.hint)
    return passed(APP_ID, client_id)


def judge_secret(credentials: Credentials, token: LinkUnknown | None) -> Finding:
    """Judge the secret or certificate, without ever showing it, by Entra's answer to the request for a token."""
    if credentials.client_certificate:
        kind = "a certificate"
    elif credentials.client_secret:
        kind = f"a secret of {len(credentials.client_secret)} characters"
    else:
        return skipped(APP_SECRET, "none is set: a managed identity is used")
    if token is None:
        return passed(APP_SECRET, f"{kind}, accepted by Microsoft Entra")
    if _about(token) in {"secret", "certificate"}:
        return failed(APP_SECRET, str(token), token.hint)
    return failed(
        APP_SECRET,
        f"{kind} is set; Microsoft Entra refused or failed before it was judged",
        "Mend the other settings first.",
        verdict="unknown",
    )


def _about(refused: LinkUnknown) -> str:
    meaning = MEANINGS.get(refused.remote_code or "")
    return meaning.about if meaning else ""


def judge_organization_id(organization: Organization, answer: str | None) -> Finding:
    """Judge the organization's id against WhoAmI's; None: WhoAmI was not answered."""
    configured = organization.organization_id.lower()
    if answer is None:
        message = "is a GUID; WhoAmI has to be answered to compare it" if configured else "none is set"
        return skipped(ORGANIZATION_ID, message)
    if not configured:
        return passed(ORGANIZATION_ID, f"none is set; WhoAmI says {answer}")
    if configured != answer.lower():
        return failed(ORGANIZATION_ID, f"{configured} is set, but WhoAmI says {answer}")
    return passed(ORGANIZATION_ID, answer)
