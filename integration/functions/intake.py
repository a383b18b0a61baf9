"""One function per HTTP source: its own key, its own switch, its own metrics."""

from collections.abc import Awaitable, Callable

import azure.functions as func

from integration.config import Configuration
from integration.config.model import HttpSource
from integration.errors import UnknownSource
from integration.functions.convert import answer, request_of
from integration.functions.names import function_name
from integration.functions.workers import Workers
from integration.web import problem

type Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register HTTP intake."""
    bp = func.Blueprint()
    for source in configuration.sources.values():
        if isinstance(source, HttpSource) and source.enabled:
            bp.function_name(function_name("intake", source.name))(
                bp.route(f"events/{source.name}", methods=["POST", "OPTIONS"])(_intake(source, worker))
            )

    # Anonymous: with a key of another source's function, a misspelt name must be 404 and not 401.
    @bp.function_name("intake_unknown_source")
    @bp.route("events/{source}", methods=["POST", "OPTIONS"], auth_level=func.AuthLevel.ANONYMOUS)
    async def unknown_source(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        name = req.route_params.get("source", "")
        return answer(problem(404, UnknownSource(f"no HTTP source named {name[:64]!r} is configured")))

    return bp


def _intake(source: HttpSource, worker: Workers) -> Handler:
    async def take(req: func.HttpRequest) -> func.HttpResponse:
        return answer(await worker().intake.accept(source, request_of(req)))

    return take
