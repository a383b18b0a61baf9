"""The operations over HTTP, as one table: each is a function of its own, with its own key.

In the order in which the host tries them, that of their names (`FunctionMetadataManager` and
`WebScriptHostHttpRoutesManager` of azure-functions-host): the first whose route fits answers, and a literal has no
precedence over a parameter. So no route is a parameter where another with its method is a literal at the same place.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import azure.functions as func
import msgspec

from integration.config import Configuration
from integration.functions import intake
from integration.functions.convert import Handler, answer, part_of, problems, request_of
from integration.functions.workers import Workers

if TYPE_CHECKING:
    from integration.config.keys.clients import Role
    from integration.web import Request, Response
    from integration.web.openapi.described import Row
    from integration.web.retiring import Retiring
    from integration.worker import Worker

ENTRA = "entra"
"""Before the routes and, with `_`, the names of operations that take a token in place of a key."""
EXPOSED = {"Access-Control-Expose-Headers": "ETag, Location, Retry-After, Deprecation, Sunset, Link"}
"""What a script of another origin may read beside the few headers that it may always."""

type Ask = Callable[[Worker, Request, Callable[[str], str]], Awaitable[Response]]
"""Has a worker answer a request; the last argument gives the named parts of its path."""


class Operation(msgspec.Struct, frozen=True):
    """One operation.

    Args:
        name: Of its function, and of its key.
        method: The HTTP method.
        route: Behind /api.
        ask: Has a worker answer.
        role: The app role by which a caller with an Entra token may ask for it; None: it takes no token.
        anonymous: Whether it asks for no key.
        forms: Has a worker take the forms that its page sends to its own address, by POST; None: it has none.
        retiring: Since when nobody should begin to use it, and until when it is there; None: it stays.
    """

    name: str
    method: str
    route: str
    ask: "Ask"
    role: "Role | None" = None
    anonymous: bool = False
    forms: "Ask | None" = None
    retiring: "Retiring | None" = None

    @property
    def methods(self) -> tuple[str, ...]:
        """All HTTP methods that it takes."""
        return (self.method,) if self.forms is None else (self.method, "POST")


OPERATIONS = (
    Operation(
        "control_numbers",
        "GET",
        "control-numbers",
        lambda w, req, _: w.control_number_pages.list(req),
        role="events.read",
    ),
    Operation(
        "control_numbers_reset",
        "POST",
        "control-numbers/reset",
        lambda w, req, _: w.control_number_pages.reset(req),
        role="operations.write",
    ),
    Operation(
        "dead_letter",
        "GET",
        "dead-letters/{id}",
        lambda w, _, part: w.dead_letter_pages.show(part("id")),
        role="events.read",
    ),
    Operation(
        "dead_letters", "GET", "dead-letters", lambda w, req, _: w.dead_letter_pages.list(req), role="events.read"
    ),
    Operation(
        "dead_letters_cancel",
        "POST",
        "dead-letters/jobs/{id}/cancel",
        lambda w, _, part: w.dead_letter_pages.cancel(part("id")),
        role="events.replay",
    ),
    Operation(
        "dead_letters_job",
        "GET",
        "dead-letters/jobs/{id}",
        lambda w, _, part: w.dead_letter_pages.job(part("id")),
        role="events.read",
    ),
    Operation(
        "dead_letters_purge",
        "POST",
        "dead-letters/purge",
        lambda w, req, _: w.dead_letter_pages.purge(req),
        role="operations.write",
    ),
    Operation(
        "dead_letters_replay",
        "POST",
        "dead-letters/replay",
        lambda w, req, _: w.dead_letter_pages.replay(req),
        role="events.replay",
    ),
    Operation(
        "event", "GET", "events/{id}", lambda w, req, part: w.event_pages.show(part("id"), req), role="events.read"
    ),
    Operation(
        "event_replay",
        "POST",
        "events/{id}/replay",
        lambda w, req, part: w.event_pages.replay(part("id"), req),
        role="events.replay",
    ),
    Operation("events", "GET", "events", lambda w, req, _: w.event_pages.list(req), role="events.read"),
    Operation("events_purge", "DELETE", "events", lambda w, req, _: w.event_pages.purge(req), role="operations.write"),
    Operation("health", "GET", "health", lambda w, req, _: w.health_pages.status(req.query), anonymous=True),
    Operation(
        "health_details", "GET", "health/details", lambda w, _req, _part: w.health_pages.details(), role="events.read"
    ),
    Operation(
        "incident", "GET", "incidents/{id}", lambda w, _, part: w.incident_pages.show(part("id")), role="events.read"
    ),
    Operation(
        "incident_acknowledge",
        "POST",
        "incidents/{id}/acknowledge",
        lambda w, req, part: w.incident_pages.acknowledge(part("id"), req),
        role="operations.write",
    ),
    Operation(
        "incident_mute",
        "POST",
        "incidents/{id}/mute",
        lambda w, req, part: w.incident_pages.mute(part("id"), req),
        role="operations.write",
    ),
    Operation("incidents", "GET", "incidents", lambda w, req, _: w.incident_pages.list(req), role="events.read"),
    Operation(
        "link",
        "GET",
        "organizations/{name}/link",
        lambda w, req, part: w.link_pages.link(part("name"), req),
        role="link.read",
    ),
    Operation(
        "link_refresh",
        "POST",
        "organizations/{name}/link/refresh",
        lambda w, req, part: w.link_pages.refresh(part("name"), req),
        role="link.read",
    ),
    Operation(
        "maintenance", "GET", "maintenance", lambda w, _req, _part: w.maintenance_pages.list(), role="events.read"
    ),
    Operation(
        "maintenance_begin",
        "POST",
        "maintenance",
        lambda w, req, _: w.maintenance_pages.begin(req),
        role="operations.write",
    ),
    Operation(
        "maintenance_end",
        "DELETE",
        "maintenance/{id}",
        lambda w, _, part: w.maintenance_pages.end(part("id")),
        role="operations.write",
    ),
    Operation("openapi", "GET", "openapi.json", lambda _w, req, _part: _document(req), anonymous=True),
    Operation(
        "organizations", "GET", "organizations", lambda w, _req, _part: w.link_pages.organizations(), role="link.read"
    ),
    Operation("parked", "GET", "parked", lambda w, req, _: w.parked_pages.list(req), role="events.read"),
    Operation(
        "parked_delivery", "GET", "parked/{id}", lambda w, _, part: w.parked_pages.show(part("id")), role="events.read"
    ),
    Operation(
        "parked_release", "POST", "parked/release", lambda w, req, _: w.parked_pages.release(req), role="events.replay"
    ),
    Operation("status", "GET", "status", lambda w, req, _: w.status_pages.show(req), role="events.read"),
    Operation(
        "status_badge",
        "GET",
        "status/badges/{organization}",
        lambda w, req, part: w.status_pages.badge(part("organization"), req),
        role="events.read",
    ),
    Operation(
        "status_operator",
        "GET",
        "status/operator",
        lambda w, req, _: w.operator_pages.show(req),
        forms=lambda w, req, _: w.operator_pages.act(req),
    ),
)
"""Every operation but the intake of events, which has a function for each source."""
PUBLIC = (
    Operation(
        "status_public", "GET", "status/public", lambda w, req, _: w.public_status_pages.show(req), anonymous=True
    ),
    Operation(
        "status_public_badge",
        "GET",
        "status/public/badges/{organization}",
        lambda w, req, part: w.public_status_pages.badge(part("organization"), req),
        anonymous=True,
    ),
)
"""What there is where the configuration says that the status is public; elsewhere these routes are none."""


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the operations."""
    bp = func.Blueprint()
    for operation in (*OPERATIONS, *(PUBLIC if configuration.status.public else ())):
        level = func.AuthLevel.ANONYMOUS if operation.anonymous else None
        route = bp.route(operation.route, methods=operation.methods, auth_level=level)
        bp.function_name(operation.name)(route(_function(operation, worker)))
    return bp


def _function(operation: Operation, worker: Workers) -> Handler:
    async def handle(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        request = request_of(req)
        ask = operation.forms if operation.forms is not None and request.method == "POST" else operation.ask
        told = await ask(worker(context), request, lambda name: part_of(req, name))
        return answer(dressed(operation, request, told))

    return problems(handle)


def dressed(operation: Operation, request: "Request", told: "Response") -> "Response":
    """Add the headers that do not depend on what is answered."""
    if "origin" in request.headers:
        # Whether a browser may read it is decided by the host (CORS): which headers, only we can say.
        told = told.with_headers(EXPOSED)
    return told if operation.retiring is None else told.with_headers(operation.retiring.headers())


async def _document(request: "Request") -> "Response":
    from integration.web.openapi.pages import show  # noqa: PLC0415  # imported with its first request: import budget

    return await show(request, rows())


def rows() -> "tuple[Row, ...]":
    """Give every operation, the intake and the public ones too, as the OpenAPI document needs it."""
    from integration.web.openapi.described import Row  # noqa: PLC0415  # imported with its first use: import budget

    found = [
        Row(
            name=each.name,
            method=each.method,
            path=f"/api/{each.route}",
            anonymous=each.anonymous,
            retiring=each.retiring.told() if each.retiring is not None else None,
        )
        for each in (*OPERATIONS, *PUBLIC)
    ]
    found += [
        Row(name=f"{each.name}_form", method="POST", path=f"/api/{each.route}")
        for each in OPERATIONS
        if each.forms is not None
    ]
    # The same for who shows a token: functions/clients.
    found += [
        Row(name=f"{ENTRA}_{each.name}", method=each.method, path=f"/api/{ENTRA}/{each.route}", role=each.role)
        for each in OPERATIONS
        if each.role is not None
    ]
    path = f"/api/{intake.ROUTE}"
    names = {"POST": "intake", "OPTIONS": "intake_handshake"}
    return (*found, *(Row(name=names[method], method=method, path=path) for method in intake.METHODS))
