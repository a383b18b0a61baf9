"""The link, for client apps and plug-ins."""

import hashlib
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime
from typing import Any, Protocol

import msgspec

from integration.config.keys.model import Cache, Organization
from integration.errors import FnoLinkError, LinkUnknown, UnknownOrganization
from integration.links.values import Link, Linked
from integration.web.answers import refusing, usual_wait
from integration.web.message import Request, Response

RETRY_AFTER = 30.0


class Resolver(Protocol):
    """What these handlers need of the link resolver."""

    async def resolve(self, name: str) -> Link:
        """Answer from the cache, or ask; raises LinkUnknown."""
        ...

    async def refresh(self, name: str) -> Link:
        """Ask past the cache; raises LinkUnknown."""
        ...


def _wait(error: FnoLinkError) -> float:
    return error.retry_after or RETRY_AFTER if isinstance(error, LinkUnknown) else usual_wait(error)


class LinkPages:
    """`/api/organizations` and below.

    Args:
        organizations: The configured ones.
        resolver: The link resolver.
        cache: How long answers serve.
    """

    def __init__(self, organizations: Mapping[str, Organization], resolver: Resolver, cache: Cache) -> None:
        self._organizations = organizations
        self._resolver = resolver
        self._cache = cache

    def organizations(self) -> Response:
        """List the configured organizations."""
        listed = [
            {"name": found.name, "url": found.url, "cloud": found.cloud} for found in self._organizations.values()
        ]
        return Response.json(200, {"organizations": listed})

    @refusing(_wait)
    async def link(self, name: str, request: Request) -> Response:
        """Tell what an organization is linked to.

        Args:
            name: From the URL.
            request: `If-None-Match` is honoured.

        Returns:
            200 with the answer, linked or not; 304; 404 for an unknown name; 503 with Retry-After and the reason when
            it is not known.
        """
        self._require(name)
        return self._answer(await self._resolver.resolve(name), request)

    @refusing(_wait)
    async def refresh(self, name: str) -> Response:
        """Ask Dataverse now, whatever the cache holds; answers as `link` does."""
        self._require(name)
        return self._answer(await self._resolver.refresh(name), Request())

    def _require(self, name: str) -> None:
        if name not in self._organizations:
            msg = f"no organization named {name[:64]!r} is configured"
            raise UnknownOrganization(msg)

    def _answer(self, answer: Link, request: Request) -> Response:
        content = as_json(answer)
        fresh = self._cache.share_check if isinstance(answer, Linked) else self._cache.not_linked_for
        # The tag is of what the link is, not of when it was checked: a client's copy stays valid across refreshes.
        said = {key: value for key, value in content.items() if key not in {"checkedAt", "stale"}}
        tag = f'W/"{hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:32]}"'
        headers = {
            "ETag": tag,
            "Cache-Control": f"private, max-age={int(fresh.total_seconds())}",
            "Last-Modified": format_datetime(answer.checked_at.astimezone(UTC), usegmt=True),
        }
        if _matches(request.headers.get("if-none-match", ""), tag):
            return Response(status=304, headers=headers)
        return Response.json(200, content, headers)


def as_json(answer: Link) -> dict[str, Any]:
    """Write a definite answer as the link endpoint and the command line show it."""
    if isinstance(answer, Linked):
        content: dict[str, Any] = {
            "state": "linked",
            "url": answer.url,
            "tenantId": answer.tenant_id,
            "id": answer.id,
            "trusted": answer.trusted,
        }
        if not answer.trusted:
            content["distrust"] = answer.distrust
        if answer.is_unified_database is not None:
            content["isUnifiedDatabase"] = answer.is_unified_database
        if answer.lifecycle_status is not None:
            content["lifecycleStatus"] = answer.lifecycle_status
        return {**content, "stale": answer.stale, "checkedAt": answer.checked_at}
    return {
        "state": "not_linked",
        "code": answer.code,
        "message": answer.message,
        "stale": False,
        "checkedAt": answer.checked_at,
    }


def _matches(header: str, tag: str) -> bool:
    wanted = {part.strip().removeprefix("W/") for part in header.split(",")}
    return tag.removeprefix("W/") in wanted or "*" in wanted
