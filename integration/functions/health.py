"""The health timer and the health pages."""

import azure.functions as func

from integration.config import Configuration
from integration.functions.convert import answer, problems
from integration.functions.workers import Workers


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the timer and `/api/health`."""
    bp = func.Blueprint()

    @bp.function_name("health_timer")
    @bp.timer_trigger("timer", configuration.health.schedule)
    async def health_timer(timer: func.TimerRequest) -> None:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        await worker().watch.round()

    @bp.function_name("health")
    @bp.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    @problems
    async def health(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        return answer(await worker().health_pages.status())

    @bp.function_name("health_details")
    @bp.route("health/details", methods=["GET"])
    @problems
    async def health_details(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        return answer(await worker().health_pages.details())

    return bp
