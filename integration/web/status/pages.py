"""`/api/status` and its badges, for holders of a key; and the public variant, which tells names and states alone."""

import hashlib
from collections.abc import Awaitable

import msgspec

from integration.clock import Clock
from integration.errors import InvalidRequest, UnknownOrganization
from integration.operations.events import EventOperations
from integration.operations.query import Choice, Parameter
from integration.operations.status import QUERY as LISTING
from integration.operations.status import StatusOperations, read_query
from integration.operations.status_shapes import PublicStatus, Status
from integration.single_flight import SingleFlight
from integration.web.answers import refusal, refusing
from integration.web.message import Request, Response, unforeseen_problem
from integration.web.query import known
from integration.web.status import html
from integration.web.status.badge import badge
from integration.web.status.feed import feed
from integration.web.status.forms import Forms
from integration.web.status.searched import Searched, search
from integration.web.status.wanted import wanted

FRESH_FOR_SECONDS = 15.0
"""Strangers may ask as often as they like: what they are told is read once in this many seconds."""
_EVENT = Parameter("event", "Of the page alone: an event's id or key, which is looked for.")
QUERY = (*LISTING, _EVENT, Choice("format", "As which; before `Accept`.", "json", values=("html", "json", "atom")))
"""What the page takes."""
PUBLIC_QUERY = (Choice("format", "As which; before `Accept`.", "json", values=("html", "json")),)
"""What the public page takes."""
_HTML = "text/html; charset=utf-8"
_REFUSED = 400


class StatusPages:
    """`/api/status` and `/api/status/badges/{organization}`.

    Args:
        operations: What can be asked of how everything stands.
        events: Finds an event; None: there is no journal to look into.
        clock: The time.
    """

    def __init__(self, operations: StatusOperations, events: EventOperations | None, clock: Clock) -> None:
        self._operations = operations
        self._events = events
        self._clock = clock

    async def show(self, request: Request, forms: Forms | None = None) -> Response:
        """Show how everything stands: as a page, as JSON, or its incidents as a feed.

        Args:
            request: `Accept` or `format` says as which; `limit` and `after` which organizations; `event` is searched.
            forms: What can be done on the page; None: nothing.
        """
        return await _answered(request, self._shown(request, forms))

    @refusing()
    async def _shown(self, request: Request, forms: Forms | None) -> Response:
        # `done` is what a form of the operator's page has left in the address.
        form = wanted(request)
        query = known(request.query, QUERY, untold=("done",))
        status = await self._operations.read(read_query(query))
        if form == "json":
            return _json(request, status)
        if form == "atom":
            return _tagged(request, "application/atom+xml", feed(status, _address(request)), "private, max-age=60")
        found = await self._found(request.query.get("event", "").strip())
        body = html.page(
            status, search=self._events is not None, forms=forms, found=found, key=request.query.get("code", "")
        )
        return Response(status=200, headers=_page_headers(forms=forms is not None), body=body)

    @refusing()
    async def badge(self, name: str, request: Request) -> Response:
        """Draw the badge of one organization.

        Args:
            name: From the URL.
            request: `If-None-Match` is honoured.
        """
        drawn = badge(await self._operations.state(name))
        return _tagged(request, "image/svg+xml", drawn, "private, max-age=60", html.policy_of_drawings())

    async def _found(self, id_: str) -> Searched | None:
        if not id_:
            return None
        if self._events is None:
            raise InvalidRequest("no event can be looked for: [journal] is switched off")
        return await search(self._events, id_)


class PublicStatusPages:
    """`/api/status/public` and its badges: for anybody, and of organizations nothing but names and states.

    Args:
        operations: What can be asked of how everything stands.
        clock: The time.
    """

    def __init__(self, operations: StatusOperations, clock: Clock) -> None:
        self._operations = operations
        self._clock = clock
        self._known: PublicStatus | None = None
        self._fresh_until = 0.0
        self._reading = SingleFlight[str, PublicStatus]()

    async def show(self, request: Request) -> Response:
        """Show names and states, as a page or as JSON."""
        return await _answered(request, self._shown(request))

    @refusing()
    async def _shown(self, request: Request) -> Response:
        form = wanted(request, ("html", "json"))
        known(request.query, PUBLIC_QUERY)
        status = await self._states()
        if form == "json":
            return _json(request, status)
        return Response(status=200, headers=_page_headers(forms=False), body=html.public_page(status))

    @refusing()
    async def badge(self, name: str, request: Request) -> Response:
        """Draw the badge of one organization.

        Args:
            name: From the URL.
            request: `If-None-Match` is honoured.
        """
        states = (await self._states()).organizations
        state = next((each for each in states if each.name == name), None)
        if state is None:
            raise UnknownOrganization
        return _tagged(request, "image/svg+xml", badge(state), "public, max-age=60", html.policy_of_drawings())

    async def _states(self) -> PublicStatus:
        if self._known is not None and self._clock.monotonic() < self._fresh_until:
            return self._known
        return await self._reading.join("states", self._read)

    async def _read(self) -> PublicStatus:
        self._known = await self._operations.states()
        self._fresh_until = self._clock.monotonic() + FRESH_FOR_SECONDS
        return self._known


async def _answered(request: Request, answering: Awaitable[Response]) -> Response:
    try:
        answer = await answering
    except Exception as error:  # noqa: BLE001  # the net under the page: a person is answered by a page
        answer = unforeseen_problem(error)
    return answer if answer.status < _REFUSED else _told(request, answer)


def _json(request: Request, status: Status | PublicStatus) -> Response:
    if "event" in request.query:
        return refusal(InvalidRequest("event is of the page; GET /api/events/{id} tells the same as JSON"))
    return Response.json(200, status, {"Cache-Control": "no-store", "Vary": "Accept"})


def _page_headers(*, forms: bool) -> dict[str, str]:
    return {"Content-Type": _HTML, "Vary": "Accept", **html.policy(forms=forms)}


def _told(request: Request, problem: Response) -> Response:
    """Answer what went wrong: a person by a page that says what to do, a program by problem details."""
    try:
        is_page = wanted(request) == "html"
    except InvalidRequest:
        is_page = False
    if not is_page:
        return msgspec.structs.replace(problem, headers={**problem.headers, "Cache-Control": "no-store"})
    headers = {name: value for name, value in problem.headers.items() if name == "Retry-After"}
    body = html.refused(problem, heading="The status cannot be shown")
    return Response(status=problem.status, headers=headers | _page_headers(forms=False), body=body)


def _tagged(
    request: Request, media_type: str, body: bytes, caching: str, more: dict[str, str] | None = None
) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": caching, "Vary": "Accept", "X-Content-Type-Options": "nosniff"}
    headers |= more or {}
    if request.matches(tag):
        return Response(status=304, headers=headers)
    return Response(status=200, headers={"Content-Type": media_type, **headers}, body=body)


def _address(request: Request) -> str:
    """Give the page's absolute address, without its query: it may hold a key."""
    host = request.headers.get("x-forwarded-host", request.headers.get("host", "")).split(",")[0].strip()
    scheme = request.headers.get("x-forwarded-proto", "https").split(",")[0].strip()
    return f"{scheme if scheme in ('http', 'https') else 'https'}://{host or 'localhost'}/api/status"
