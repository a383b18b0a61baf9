"""The health timer and the health pages."""

from functools import cache
from typing import TYPE_CHECKING

import azure.functions as func

from integration.config import Configuration
from integration.functions.convert import answer
from integration.functions.workers import Workers

if TYPE_CHECKING:
    from integration.web.health import HealthPages


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the timer and `/api/health`."""
    bp = func.Blueprint()

    @bp.function_name("health_timer")
    @bp.timer_trigger("timer", configuration.health.schedule)
    async def health_timer(timer: func.TimerRequest) -> None:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        await worker().watch.round()

    @bp.function_name("health")
    @bp.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def health(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        return answer(await pages().status())

    @bp.function_name("health_details")
    @bp.route("health/details", methods=["GET"])
    async def health_details(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        return answer(await pages().details())

    @cache
    def pages() -> "HealthPages":
        from integration.clock import SystemClock  # noqa: PLC0415  # imported with the first call: import budget
        from integration.web.health import HealthPages  # noqa: PLC0415

        circuits, states = worker().circuits, worker().states
        names = [name for name, target in configuration.targets.items() if target.enabled]
        standing = lambda: {name: circuits.standing(name) for name in names}  # noqa: E731  # of this moment
        return HealthPages(configuration.organizations, states, standing, SystemClock())

    return bp
