"""What became of each event, over HTTP: each operation is a function of its own, with its own key."""

import azure.functions as func

from integration.functions.convert import answer, part_of, problems, request_of
from integration.functions.workers import Workers


def blueprint(worker: Workers) -> func.Blueprint:
    """Register `GET /api/events` and below; its POST is the intake's."""
    bp = func.Blueprint()

    @bp.function_name("events")
    @bp.route("events", methods=["GET"])
    @problems
    async def events(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().event_pages.list(request_of(req)))

    @bp.function_name("event")
    @bp.route("events/{id}", methods=["GET"])
    @problems
    async def event(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().event_pages.show(part_of(req, "id"), request_of(req)))

    @bp.function_name("event_replay")
    @bp.route("events/{id}/replay", methods=["POST"])
    @problems
    async def replay(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().event_pages.replay(part_of(req, "id"), request_of(req)))

    @bp.function_name("events_purge")
    @bp.route("events", methods=["DELETE"])
    @problems
    async def purge(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().event_pages.purge(request_of(req)))

    return bp
