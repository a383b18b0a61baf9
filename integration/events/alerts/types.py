"""Every type of our own events: what it is about, how grave it is, and which type ends it."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from integration import errors
from integration.plain_text import plain

PREFIX = "fno-link."
"""How the types begin; nobody else's event may have such a type."""

LOST = "fno-link.integration.lost"
UNREACHABLE = "fno-link.integration.unreachable"
FLAPPING = "fno-link.integration.flapping"
RESTORED = "fno-link.integration.restored"
RELINKED = "fno-link.integration.relinked"
UNTRUSTED = "fno-link.link.untrusted"
TRUSTED = "fno-link.link.trusted"
FINANCE_OPERATIONS_UNREACHABLE = "fno-link.finance_operations.unreachable"
FINANCE_OPERATIONS_RESTORED = "fno-link.finance_operations.restored"
CREDENTIALS_EXPIRING = "fno-link.credentials.expiring"
CREDENTIALS_EXPIRED = "fno-link.credentials.expired"
CREDENTIALS_RENEWED = "fno-link.credentials.renewed"
TARGET_OPENED = "fno-link.target.opened"
TARGET_CLOSED = "fno-link.target.closed"
SOURCE_SILENT = "fno-link.source.silent"
SOURCE_FAILING = "fno-link.source.failing"
SOURCE_RESTORED = "fno-link.source.restored"
DEAD_LETTERS_GROWING = "fno-link.dead_letters.growing"
DEAD_LETTERS_SETTLED = "fno-link.dead_letters.settled"
PARKED_GROWING = "fno-link.parked.growing"
PARKED_SETTLED = "fno-link.parked.settled"
SENDER_FAILING = "fno-link.sender.failing"
SENDER_RESTORED = "fno-link.sender.restored"
REGISTRATION_DRIFTED = "fno-link.registration.drifted"
REGISTRATION_RESTORED = "fno-link.registration.restored"
CALLERS_REFUSED = "fno-link.callers.refused"
CALLERS_SETTLED = "fno-link.callers.settled"
STORAGE_UNREACHABLE = "fno-link.storage.unreachable"
STORAGE_RESTORED = "fno-link.storage.restored"
FOREIGN_ORGANIZATION = "fno-link.organization.foreign"
ORGANIZATION_SETTLED = "fno-link.organization.settled"

FORMER: Mapping[str, str] = {"fno-link.foreign_organization": FOREIGN_ORGANIZATION}
"""What a type is called now, by what it was called: a route that names the old one goes on receiving."""

type Machine = Literal[
    "integration",
    "trust",
    "finance_operations",
    "credential",
    "target",
    "source",
    "dead_letters",
    "parked",
    "sender",
    "registration",
    "callers",
    "storage",
    "foreign",
]
"""What has a state of its own; `integration` is token, WhoAmI and link of an organization together."""

type Transition = Literal["triggered", "changed", "reminder", "escalated", "flapping", "resolved", "relinked"]
type Severity = Literal["critical", "warning", "good"]

CREDENTIAL_EXPIRING = "CredentialExpiring"
"""The code of a credential that is good yet; with any other one it is refused."""
SOURCE_IS_SILENT = "SourceSilent"
"""The code of a source that nothing comes in by; any other one of a source is a failure."""


class Type(msgspec.Struct, frozen=True):
    """One type.

    Args:
        name: With its prefix.
        machine: What it is about.
        severity: How grave it is; `good`: an end.
        headline: What is so, in a few words; `{subject}` stands for whom it is about.
        ended_by: The type that ends it under the same incident; empty: it has no end, or is one.
    """

    name: str
    machine: Machine
    severity: Severity
    headline: str
    ended_by: str = ""


TYPES = (
    Type(LOST, "integration", "critical", "{subject} is not linked to Finance & Operations", RESTORED),
    Type(UNREACHABLE, "integration", "critical", "whether {subject} is linked cannot be found out", RESTORED),
    Type(FLAPPING, "integration", "warning", "the link of {subject} comes and goes", RESTORED),
    Type(RESTORED, "integration", "good", "{subject} is linked again"),
    Type(RELINKED, "integration", "warning", "{subject} is linked to another environment"),
    Type(UNTRUSTED, "trust", "critical", "{subject} is linked to an environment that is not trusted", TRUSTED),
    Type(TRUSTED, "trust", "good", "the environment of {subject} is trusted again"),
    Type(
        FINANCE_OPERATIONS_UNREACHABLE,
        "finance_operations",
        "critical",
        "Finance & Operations of {subject} does not serve us",
        FINANCE_OPERATIONS_RESTORED,
    ),
    Type(
        FINANCE_OPERATIONS_RESTORED, "finance_operations", "good", "Finance & Operations of {subject} serves us again"
    ),
    Type(CREDENTIALS_EXPIRING, "credential", "warning", "the credential of {subject} ends soon", CREDENTIALS_RENEWED),
    Type(
        CREDENTIALS_EXPIRED,
        "credential",
        "critical",
        "the credential of {subject} is not good any more",
        CREDENTIALS_RENEWED,
    ),
    Type(CREDENTIALS_RENEWED, "credential", "good", "the credential of {subject} is good again"),
    Type(TARGET_OPENED, "target", "critical", "the target {subject} keeps failing and is left alone", TARGET_CLOSED),
    Type(TARGET_CLOSED, "target", "good", "the target {subject} is back"),
    Type(SOURCE_SILENT, "source", "warning", "nothing comes in by the source {subject}", SOURCE_RESTORED),
    Type(SOURCE_FAILING, "source", "critical", "messages of the source {subject} fail", SOURCE_RESTORED),
    Type(SOURCE_RESTORED, "source", "good", "the source {subject} is back"),
    Type(DEAD_LETTERS_GROWING, "dead_letters", "critical", "dead letters of {subject} grow", DEAD_LETTERS_SETTLED),
    Type(DEAD_LETTERS_SETTLED, "dead_letters", "good", "dead letters of {subject} do not grow any more"),
    Type(PARKED_GROWING, "parked", "warning", "parked deliveries of {subject} grow", PARKED_SETTLED),
    Type(PARKED_SETTLED, "parked", "good", "parked deliveries of {subject} do not grow any more"),
    Type(SENDER_FAILING, "sender", "critical", "Dataverse fails to send events of {subject}", SENDER_RESTORED),
    Type(SENDER_RESTORED, "sender", "good", "Dataverse sends the events of {subject} again"),
    Type(
        REGISTRATION_DRIFTED,
        "registration",
        "warning",
        "what Dataverse is to send of {subject} is not found registered as declared",
        REGISTRATION_RESTORED,
    ),
    Type(REGISTRATION_RESTORED, "registration", "good", "what Dataverse is to send of {subject} is as declared again"),
    Type(CALLERS_REFUSED, "callers", "warning", "callers who show no good token are refused", CALLERS_SETTLED),
    Type(CALLERS_SETTLED, "callers", "good", "hardly any caller is refused any more"),
    Type(STORAGE_UNREACHABLE, "storage", "critical", "the storage account does not answer", STORAGE_RESTORED),
    Type(STORAGE_RESTORED, "storage", "good", "the storage account answers again"),
    Type(
        FOREIGN_ORGANIZATION,
        "foreign",
        "critical",
        "events of another organization reach {subject}",
        ORGANIZATION_SETTLED,
    ),
    Type(ORGANIZATION_SETTLED, "foreign", "good", "no events of another organization reach {subject} any more"),
)

BY_NAME: Mapping[str, Type] = {each.name: each for each in TYPES}
ALL = tuple(BY_NAME)
ENDS: Mapping[str, str] = {each.name: each.ended_by for each in TYPES if each.ended_by}
"""The type that ends each type."""

_NOT_ASKED_THROUGH = frozenset(
    each.__name__
    for each in (
        errors.LinkUnknown,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.Throttled,
        errors.Unreachable,
        errors.UnexpectedAnswer,
        errors.Busy,
    )
)


def type_of(kind: str, health: str, code: str, transition: str) -> str:
    """Say which type of event tells a notice.

    Args:
        kind: The machine's.
        health: Of the last answer, as `health.check` has it.
        code: Of the last answer. That nobody could be asked is no answer about the link, however definite it is: only
            Dataverse's own `not linked` is a loss.
        transition: What is told of the incident.

    Returns:
        The trigger's type, whatever is told of it, but for an end.

    Raises:
        ValueError: The kind has no types, as another one's machine tells it; or it has no end.
    """
    if transition == "relinked":
        return RELINKED
    if kind == "integration" and transition == "flapping":
        return FLAPPING
    trigger = _trigger(kind, health, code)
    if transition != "resolved":
        return trigger
    if trigger not in ENDS:
        msg = f"{trigger} has no end"
        raise ValueError(msg)
    return ENDS[trigger]


def _trigger(kind: str, health: str, code: str) -> str:
    match kind:
        case "integration":
            return LOST if health == "bad" and code not in _NOT_ASKED_THROUGH else UNREACHABLE
        case "credential":
            return CREDENTIALS_EXPIRING if code == CREDENTIAL_EXPIRING else CREDENTIALS_EXPIRED
        case "source":
            return SOURCE_SILENT if code == SOURCE_IS_SILENT else SOURCE_FAILING
        case _:
            found = [each.name for each in TYPES if each.machine == kind and each.severity != "good"]
            if not found:
                msg = f"no alert is about {plain(kind, longest=40)!r}"
                raise ValueError(msg)
            return found[0]
