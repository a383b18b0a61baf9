"""Whether an event may be routed at all: it must be the organization's own, of a known company, and no echo.

A copied Dataverse environment keeps its service endpoints: without the guard, a test environment's events would enter
production. An event without the sender's ids (a direct F&O endpoint's) cannot be told apart so; `legal_entities` helps.
"""

from datetime import timedelta
from typing import Protocol

import msgspec

from integration.clouds import organization_host
from integration.config.keys.model import Configuration, Organization, Source
from integration.dataverse import Identity
from integration.dead_letters import reasons
from integration.events.event import Event, Origin


class Identities(Protocol):
    """What the guard needs to know of ourselves."""

    async def of(self, organization: Organization, *, younger_than: timedelta | None = None) -> Identity:
        """Tell who we are in an organization; raises LinkUnknown."""
        ...


class Passed(msgspec.Struct, frozen=True):
    """Nothing is against the event."""


class Echo(msgspec.Struct, frozen=True):
    """Our own application user caused it, and its source drops such events."""


class Refused(msgspec.Struct, frozen=True):
    """It must not be routed: a dead letter of this reason."""

    reason: str
    message: str
    hint: str


type Verdict = Passed | Echo | Refused

PASSED = Passed()
ECHO = Echo()
RECENT = timedelta(minutes=5)


def foreign(origin: Origin, organization: Organization, organization_id: str) -> str:
    """Say which other organization an event is of; empty when it is ours, or does not say.

    Args:
        origin: Who caused it.
        organization: The source's organization.
        organization_id: Its id; empty: not known, then only hosts are compared.
    """
    if origin.organization_id:
        theirs = origin.organization_id.lower()
        return theirs if organization_id and theirs != organization_id.lower() else ""
    said = origin.organization_host.strip().lower()
    if "." not in said:
        return ""  # a unique name, or nothing: it cannot be compared
    theirs = organization_host(said) or said
    return "" if theirs == organization_host(organization.url) else theirs


def is_echo(origin: Origin, user_id: str) -> bool:
    """Tell whether our own application user caused an event.

    The initiating user is who caused it; the step's own user counts only where no initiating user is named, as a step
    may be registered to run as somebody else.
    """
    caused_by = origin.initiating_user_id or origin.user_id
    return bool(caused_by) and caused_by.lower() == user_id.lower()


def misplaced(event: Event, source: Source) -> Refused | None:
    """Judge an event by what its source says of companies and depth; pure."""
    if 0 < source.max_call_depth < event.origin.depth:
        message = f"its call depth is {event.origin.depth}; {source.name} allows {source.max_call_depth}"
        return Refused(reasons.CALL_DEPTH, message, "Look for a loop between plug-ins and integrations, then replay.")
    company = event.extensions.get("legalentity")
    if source.legal_entities and isinstance(company, str) and company:
        allowed = {name.casefold() for name in source.legal_entities}
        if company.casefold() not in allowed:
            message = f"it is of the legal entity {company[:64]!r}, which {source.name} does not name"
            return Refused(
                reasons.FOREIGN_LEGAL_ENTITY, message, "Add it to `legal_entities` of the source, then replay."
            )
    return None


class Guard:
    """Judges events before they are routed.

    Args:
        configuration: The checked configuration.
        identities: Who we are in each organization; None: only what is configured is compared.
    """

    def __init__(self, configuration: Configuration, identities: Identities | None = None) -> None:
        self._configuration = configuration
        self._identities = identities

    async def check(self, event: Event) -> Verdict:
        """Judge an event.

        Raises:
            LinkUnknown: Who we are could not be found out, and it has to be known for this event.
        """
        source = self._configuration.sources.get(event.ingress)
        organization = self._configuration.organizations[event.organization]
        origin = event.origin
        known = organization.organization_id
        if origin.organization_id and not known and self._identities is not None:
            known = (await self._identities.of(organization)).organization_id
            if foreign(origin, organization, known):  # an id can change when an environment is restored: ask again
                known = (await self._identities.of(organization, younger_than=RECENT)).organization_id
        if theirs := foreign(origin, organization, known):
            message = (
                f"it is of the organization {theirs[:120]}, not of {organization.name} ({known or organization.url})"
            )
            hint = (
                "Remove the service endpoint from the copied environment; if the id is right, mend `organization_id`."
            )
            return Refused(reasons.FOREIGN_ORGANIZATION, message, hint)
        if source is None:
            return PASSED
        if refused := misplaced(event, source):
            return refused
        if source.drop_echoes and (origin.initiating_user_id or origin.user_id) and self._identities is not None:
            return ECHO if is_echo(origin, (await self._identities.of(organization)).user_id) else PASSED
        return PASSED
