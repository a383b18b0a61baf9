"""See what the linked environment has: all rows of the entities of business events, or why they are not seen.

That a row is missing is said only of what was read whole. An organization that is not linked, an environment that is
away or not trusted and a right that lacks are three reasons why nothing is said.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from integration.config.keys.model import Organization
from integration.errors import Forbidden, LinkUnknown, UnexpectedAnswer
from integration.finance_operations import FinanceOperations
from integration.links.values import Link, Linked
from integration.registration.business_events.entities import (
    ACTIVE_COLUMNS,
    ACTIVE_SET,
    CATALOG_COLUMNS,
    CATALOG_SET,
    ENDPOINT_COLUMNS,
    ENDPOINTS_SET,
    TYPES,
    Row,
    text,
)

RIGHTS = (
    "Give the user that the application is mapped to (System administration > Setup > Microsoft Entra applications) a "
    "security role that may read business events, as Business events security role does."
)
NOT_LINKED = "the organization is not linked to Finance & Operations"


class Unseen(msgspec.Struct, frozen=True):
    """Nothing was seen.

    Args:
        why: In words.
        error: What says so; None: a definite answer about the link.
    """

    why: str
    error: LinkUnknown | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment has.

    Args:
        endpoints: All endpoints.
        active: All activations, those that are disabled, too; None: they were not read.
        unread: Why they were not; None: they were.
        catalog: Ids of all events in lower case; None: the catalog was not asked for, or is not told.
        writable: Whether each entity set takes writes, as far as that was asked for.
        types: Names of the types of endpoints, as far as they were asked for.
    """

    endpoints: tuple[Row, ...]
    active: tuple[Row, ...] | None
    unread: Unseen | None = None
    catalog: frozenset[str] | None = None
    writable: Mapping[str, bool] = {}
    types: tuple[str, ...] = ()


class AnswersLinks(Protocol):
    """What is used of the link resolver."""

    async def refresh(self, name: str) -> Link:
        """Ask for the link; raises LinkUnknown."""
        ...


async def linked(links: AnswersLinks, organization: Organization) -> Linked | Unseen:
    """Return the environment that may be asked, or why there is none.

    Args:
        links: Asks.
        organization: Whose.
    """
    try:
        link = await links.refresh(organization.name)
    except LinkUnknown as error:
        return Unseen(f"whether it is linked is not known: {error}", error)
    if not isinstance(link, Linked):
        return Unseen(NOT_LINKED)
    return link if link.trusted else Unseen(f"the linked environment {link.url} is not trusted: {link.distrust}")


async def see(
    client: FinanceOperations, organization: Organization, link: Linked, *, catalog: bool, writable: bool
) -> Seen | Unseen:
    """Read the environment; it is only read.

    Args:
        client: Asks.
        organization: Whose credentials.
        link: The environment, which is trusted.
        catalog: Read the catalog, too.
        writable: Ask what may be written, too.
    """
    try:
        endpoints = await client.rows(organization, link, ENDPOINTS_SET, ENDPOINT_COLUMNS)
    except LinkUnknown as error:
        return _unseen(error, ENDPOINTS_SET)
    active: tuple[Row, ...] | None = None
    unread, known = None, None
    try:
        active = tuple(await client.rows(organization, link, ACTIVE_SET, ACTIVE_COLUMNS))
    except LinkUnknown as error:
        unread = _unseen(error, ACTIVE_SET)
    if catalog and active is not None:
        known = await _catalog(client, organization, link)
    if not writable:
        return Seen(endpoints=tuple(endpoints), active=active, unread=unread, catalog=known)
    try:
        takes = {each: not await client.is_read_only(organization, link, each) for each in (ENDPOINTS_SET, ACTIVE_SET)}
        types = await client.members(organization, link, TYPES)
    except LinkUnknown as error:
        return _unseen(error, "/metadata")
    return Seen(
        endpoints=tuple(endpoints), active=active, unread=unread, catalog=known, writable=takes, types=tuple(types)
    )


async def _catalog(client: FinanceOperations, organization: Organization, link: Linked) -> frozenset[str] | None:
    """Read the catalog; who may not read it, or has none, compares without."""
    try:
        rows = await client.rows(organization, link, CATALOG_SET, CATALOG_COLUMNS)
    except (Forbidden, UnexpectedAnswer):
        return None
    return frozenset(text(row, "BusinessEventId").lower() for row in rows) or None


def _unseen(error: LinkUnknown, what: str) -> Unseen:
    if isinstance(error, Forbidden):
        return Unseen(f"the application may not read {what}. {RIGHTS}", error)
    if isinstance(error, UnexpectedAnswer) and error.status in (400, 404):
        return Unseen(f"this version of Finance & Operations does not tell {what} ({error.status})", error)
    return Unseen(str(error), error)
