"""The newest ControlNumbers, over HTTP: each operation is a function of its own, with its own key."""

import azure.functions as func

from integration.functions.convert import answer, request_of
from integration.functions.workers import Workers


def blueprint(worker: Workers) -> func.Blueprint:
    """Register `/api/control-numbers` and below."""
    bp = func.Blueprint()

    @bp.function_name("control_numbers")
    @bp.route("control-numbers", methods=["GET"])
    async def control_numbers(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().control_number_pages.list(request_of(req)))

    @bp.function_name("control_numbers_reset")
    @bp.route("control-numbers/reset", methods=["POST"])
    async def reset(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(await worker().control_number_pages.reset(request_of(req)))

    return bp
