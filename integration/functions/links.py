"""The link endpoints."""

import azure.functions as func

from integration.functions.convert import answer, part_of, problems, request_of
from integration.functions.workers import Workers


def blueprint(worker: Workers) -> func.Blueprint:
    """Register `/api/organizations` and below."""
    bp = func.Blueprint()

    @bp.function_name("organizations")
    @bp.route("organizations", methods=["GET"])
    @problems
    async def organizations(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        return answer(worker().link_pages.organizations())

    @bp.function_name("link")
    @bp.route("organizations/{name}/link", methods=["GET"])
    @problems
    async def link(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().link_pages.link(part_of(req, "name"), request_of(req)))

    @bp.function_name("link_refresh")
    @bp.route("organizations/{name}/link/refresh", methods=["POST"])
    @problems
    async def link_refresh(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().link_pages.refresh(part_of(req, "name")))

    return bp
