"""One function per HTTP source: its own key, its own switch, its own metrics."""

from functools import cache

import azure.functions as func

from integration.config import Configuration
from integration.config.keys.function_names import function_name
from integration.config.keys.model import HttpSource
from integration.errors import UnknownSource
from integration.functions.convert import Handler, answer, problems, request_of
from integration.functions.workers import Workers
from integration.web import refusal

ROUTE = "events/{source}"
METHODS = ("POST", "OPTIONS")


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register HTTP intake."""
    bp = func.Blueprint()
    for source in configuration.sources.values():
        if isinstance(source, HttpSource) and source.enabled:
            bp.function_name(function_name("intake", source.name))(
                bp.route(ROUTE.format(source=source.name), methods=METHODS)(_intake(source, worker))
            )

    # The host tries functions in the order of their names and takes the first whose route fits: this one must stand
    # behind every intake_…. It asks for a key as they do, so that a stranger cannot tell which sources exist.
    @bp.function_name("unknown_source")
    @bp.route(ROUTE, methods=METHODS)
    @problems
    async def unknown_source(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        name = req.route_params.get("source", "")
        return answer(refusal(UnknownSource(f"no HTTP source named {name[:64]!r} is configured")))

    return bp


def _intake(source: HttpSource, worker: Workers) -> Handler:
    @cache
    def busy() -> func.HttpResponse:
        from integration.web.intake import refused  # noqa: PLC0415  # imported with the first call: import budget

        return answer(refused())

    async def take(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        intake = worker(context).intake
        if intake.refuses():
            # Before anything is read of it: under overload most requests end here.
            return busy()
        return answer(await intake.accept(source, request_of(req)))

    return problems(take, status=503)  # a sender keeps its message only at a 503
