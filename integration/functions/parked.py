"""Parked deliveries over HTTP: each operation is a function of its own, with its own key."""

import azure.functions as func

from integration.functions.convert import answer, part_of, problems, request_of
from integration.functions.workers import Workers


def blueprint(worker: Workers) -> func.Blueprint:
    """Register `/api/parked` and below."""
    bp = func.Blueprint()

    @bp.function_name("parked")
    @bp.route("parked", methods=["GET"])
    @problems
    async def parked(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().parked_pages.list(request_of(req)))

    @bp.function_name("parked_delivery")
    @bp.route("parked/{id}", methods=["GET"])
    @problems
    async def delivery(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().parked_pages.show(part_of(req, "id")))

    @bp.function_name("parked_release")
    @bp.route("parked/release", methods=["POST"])
    @problems
    async def release(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().parked_pages.release(request_of(req)))

    return bp
