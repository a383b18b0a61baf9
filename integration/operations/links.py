"""Which environment an organization is linked to, and how that is written."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from integration.config.keys.model import Organization
from integration.errors import UnknownOrganization
from integration.links.values import Link, Linked


class Resolver(Protocol):
    """What these operations need of the link resolver."""

    async def resolve(self, name: str) -> Link:
        """Answer from the cache, or ask; raises LinkUnknown."""
        ...

    async def refresh(self, name: str) -> Link:
        """Ask past the cache; raises LinkUnknown."""
        ...


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """An organization as a client sees it."""

    name: str
    url: str
    cloud: str


class Organizations(msgspec.Struct, frozen=True, kw_only=True):
    """The configured organizations."""

    organizations: tuple[Configured, ...]


class LinkedAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="state", tag="linked"):
    """An organization is linked; what is not known of the environment is left out."""

    url: str
    tenant_id: str
    id: str
    trusted: bool
    distrust: str | UnsetType = UNSET
    is_unified_database: bool | UnsetType = UNSET
    lifecycle_status: str | UnsetType = UNSET
    stale: bool
    checked_at: datetime


class NotLinkedAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="state", tag="not_linked"):
    """An organization is not linked, and what Dataverse said of it; not `familiar`: it speaks of something else."""

    code: str
    message: str
    familiar: bool
    stale: bool = False
    checked_at: datetime


type LinkAnswer = LinkedAnswer | NotLinkedAnswer


class LinkOperations:
    """What can be asked of links.

    Args:
        organizations: The configured ones.
        resolver: The link resolver.
    """

    def __init__(self, organizations: Mapping[str, Organization], resolver: Resolver) -> None:
        self._organizations = organizations
        self._resolver = resolver

    def organizations(self) -> Organizations:
        """List the configured organizations."""
        found = self._organizations.values()
        return Organizations(
            organizations=tuple(Configured(name=each.name, url=each.url, cloud=each.cloud) for each in found)
        )

    async def link(self, name: str) -> Link:
        """Tell what an organization is linked to.

        Raises:
            UnknownOrganization: It is not configured.
            LinkUnknown: It is not known; the subclass says why.
        """
        return await self._resolver.resolve(self._configured(name))

    async def refresh(self, name: str) -> Link:
        """Ask Dataverse now, whatever the cache holds.

        Raises:
            UnknownOrganization: It is not configured.
            LinkUnknown: It is not known; the subclass says why.
        """
        return await self._resolver.refresh(self._configured(name))

    def _configured(self, name: str) -> str:
        if name not in self._organizations:
            msg = f"no organization named {name[:64]!r} is configured"
            raise UnknownOrganization(msg)
        return name


def answer_of(link: Link) -> LinkAnswer:
    """Write a definite answer as clients and operators see it."""
    if isinstance(link, Linked):
        return LinkedAnswer(
            url=link.url,
            tenant_id=link.tenant_id,
            id=link.id,
            trusted=link.trusted,
            distrust=UNSET if link.trusted else link.distrust,
            is_unified_database=_known(link.is_unified_database),
            lifecycle_status=_known(link.lifecycle_status),
            stale=link.stale,
            checked_at=link.checked_at,
        )
    return NotLinkedAnswer(code=link.code, message=link.message, familiar=link.familiar, checked_at=link.checked_at)


def _known[T](value: T | None) -> T | UnsetType:
    return UNSET if value is None else value
