"""What is registered when the configuration has problems: nothing that could lose a message."""

from collections.abc import Sequence

import azure.functions as func

from integration.errors import ConfigurationError, Problem
from integration.functions.convert import answer
from integration.loggers import logger
from integration.web import refusal
from integration.web.health import alive, degraded_details, degraded_status

log = logger("functions")

RETRY_AFTER = 60


def blueprint(problems: Sequence[Problem]) -> func.Blueprint:
    """Register health, an intake that asks to try again, and a timer that names the problems."""
    bp = func.Blueprint()

    # Anonymous: which keys are right cannot be told without the configuration, and 503 tells nobody anything.
    @bp.function_name("intake_degraded")
    @bp.route("events/{*source}", methods=["POST", "OPTIONS"], auth_level=func.AuthLevel.ANONYMOUS)
    async def intake(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        return answer(refusal(_anonymous(problems), retry_after=RETRY_AFTER))

    @bp.function_name("health")
    @bp.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def health(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]
        return answer(alive() if req.params.get("live") == "true" else degraded_status(problems))

    @bp.function_name("health_details")
    @bp.route("health/details", methods=["GET"])
    async def health_details(req: func.HttpRequest) -> func.HttpResponse:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        return answer(degraded_details(problems))

    @bp.function_name("health_timer")
    @bp.timer_trigger("timer", "0 */1 * * * *", run_on_startup=True)
    async def health_timer(timer: func.TimerRequest) -> None:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        for found in problems:
            log.error("configuration: %s", found)

    return bp


def _anonymous(problems: Sequence[Problem]) -> ConfigurationError:
    """Say that there are problems without naming them: the caller may be anyone."""
    count = len(problems)
    return ConfigurationError([Problem("configuration", f"{count} problem{'s' if count != 1 else ''}")])
