"""The link, for client apps and plug-ins."""

import hashlib
from datetime import UTC
from email.utils import format_datetime
from typing import Any

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Cache
from integration.errors import FnoLinkError, LinkUnknown, TooManyRefreshes
from integration.links.values import Link, Linked
from integration.operations.links import LinkOperations, answer_of
from integration.web.allowance import Allowance
from integration.web.answers import refusing, usual_wait
from integration.web.caller import caller_of
from integration.web.message import Request, Response

RETRY_AFTER_SECONDS = 30.0


def _wait(error: FnoLinkError) -> float:
    if isinstance(error, TooManyRefreshes):
        return error.retry_after
    return error.retry_after or RETRY_AFTER_SECONDS if isinstance(error, LinkUnknown) else usual_wait(error)


class LinkPages:
    """`/api/organizations` and below.

    Args:
        operations: What can be asked of links.
        cache: How long answers serve.
        clock: The time.
    """

    def __init__(self, operations: LinkOperations, cache: Cache, clock: Clock) -> None:
        self._operations = operations
        self._cache = cache
        self._allowance = Allowance(cache.refreshes_per_minute, clock)

    @refusing()
    async def organizations(self) -> Response:
        """List the configured organizations."""
        return Response.json(200, self._operations.organizations())

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
        return self._answer(await self._operations.link(name), request)

    @refusing(_wait)
    async def refresh(self, name: str, request: Request) -> Response:
        """Ask Dataverse now, whatever the cache holds; answers as `link` does, or 429 to who does so too often."""
        self._allowance.take(caller_of(request))
        return self._answer(await self._operations.refresh(name), Request())

    def _answer(self, answer: Link, request: Request) -> Response:
        content: dict[str, Any] = msgspec.to_builtins(answer_of(answer))
        fresh = self._cache.share_check if isinstance(answer, Linked) else self._cache.not_linked_for
        # The tag is of what the link is, not of when it was checked: a client's copy stays valid across refreshes.
        # `stale` is part of it: a client whose copy says so would go on saying it after a newer answer was had.
        said = {key: value for key, value in content.items() if key != "checkedAt"}
        tag = f'W/"{hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:32]}"'
        headers = {
            "ETag": tag,
            "Cache-Control": f"private, max-age={int(fresh.total_seconds())}",
            "Last-Modified": format_datetime(answer.checked_at.astimezone(UTC), usegmt=True),
        }
        if request.matches(tag):
            return Response(status=304, headers=headers)
        return Response.json(200, content, headers)
