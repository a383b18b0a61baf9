"""What the answers beyond Microsoft's settings script mean; pure."""

from collections.abc import Sequence

import msgspec

from integration.cli.doctor import beyond
from integration.cli.doctor.step import Finding, failed, passed, skipped, warned
from integration.dataverse.challenge import read_challenge
from integration.dataverse.json_body import Unreadable, read
from integration.errors import UnexpectedAnswer
from integration.links import Linked
from integration.power_platform import Application, Environment

ROLE = "Finance and Operations Integration User"
VIRTUAL_ENTITIES = ("MicrosoftOperationsVESupport", "MicrosoftOperationsERPCatalog")
DUAL_WRITE = ("DualWriteCore",)
RUNNING = "Running"


def judge_host(status: int, header: str) -> Finding:
    """Judge what a host answers to a call without a token.

    Args:
        status: The HTTP status.
        header: Its `WWW-Authenticate`.
    """
    challenge = read_challenge(header)
    if status == 401 and challenge is not None:  # noqa: PLR2004 (HTTP statuses read best as such)
        return passed(beyond.HOST, f"it asks for a token of tenant {challenge.tenant} at {challenge.authority}")
    told = f"it answered {status} to a call without a token, and names no tenant"
    if status == 429 or status >= 500:  # noqa: PLR2004 (same)
        return failed(beyond.HOST, told, "Nothing to do but to try again.", verdict="unknown")
    return warned(beyond.HOST, told, "Check the URL: a Dataverse organization answers 401 and names its tenant.")


class _Rows(msgspec.Struct, frozen=True):
    value: list[dict[str, object]] = []


def names_in(body: bytes | None, column: str) -> list[str]:
    """Read a column of rows.

    Raises:
        UnexpectedAnswer: They are no rows.
    """
    try:
        rows = read(body or b"", _Rows).value
    except Unreadable as error:
        msg = "Dataverse answered something that is no list of rows."
        raise UnexpectedAnswer(msg, status=200) from error
    return [each for row in rows if isinstance(each := row.get(column), str)]


def judge_role(roles: Sequence[str]) -> Finding:
    """Judge the caller's security roles."""
    if ROLE in roles:
        return passed(beyond.ROLE, ROLE)
    if not roles:
        return failed(beyond.ROLE, "the caller has no security role")
    # Others may read what fno-link asks for; Microsoft's page asks for this one.
    return warned(beyond.ROLE, f"it has {', '.join(roles)}, but not {ROLE}")


def judge_virtual_entities(solutions: Sequence[str]) -> Finding:
    """Judge the solutions of virtual entities."""
    absent = [name for name in VIRTUAL_ENTITIES if name not in solutions]
    if absent:
        return warned(beyond.VIRTUAL_ENTITIES, f"not installed: {', '.join(absent)}")
    return passed(beyond.VIRTUAL_ENTITIES, ", ".join(VIRTUAL_ENTITIES))


def judge_dual_write(solutions: Sequence[str]) -> Finding:
    """Judge the dual-write core solution; it is not needed, only wanted by some."""
    if DUAL_WRITE[0] in solutions:
        return passed(beyond.DUAL_WRITE, DUAL_WRITE[0])
    return skipped(beyond.DUAL_WRITE, "it is not installed, and only dual-write needs it")


def judge_platform(environment: Environment, link: object) -> Finding:
    """Judge whether the Power Platform has the link that Dataverse tells."""
    known = environment.linked
    if not isinstance(link, Linked):
        if known is None:
            return passed(beyond.PLATFORM, "it has no link either")
        return failed(beyond.PLATFORM, f"it has a link to {known.url} that Dataverse does not tell")
    if known is None:
        return failed(beyond.PLATFORM, f"it has no link, though Dataverse tells one to {link.url}")
    theirs = known.url.strip().rstrip("/").lower()
    if theirs != link.url or (known.id and known.id.lower() != link.id):
        return failed(
            beyond.PLATFORM, f"it has {theirs} (id {known.id}), but Dataverse tells {link.url} (id {link.id})"
        )
    return passed(beyond.PLATFORM, f"the same, {known.type or 'of no type'}")


def judge_application(application: Application | None) -> Finding:
    """Judge what a unified environment tells of its application."""
    if application is None:
        return skipped(beyond.APPLICATION, "the environment is not a unified one")
    told = f"{application.state or 'no state'}, version {application.version or 'unknown'}"
    if application.state and application.state != RUNNING:
        return warned(beyond.APPLICATION, told)
    return passed(beyond.APPLICATION, told)
