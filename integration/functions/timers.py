"""The timers: the health watch, and the worker's own housekeeping."""

import azure.functions as func

from integration.config import Configuration
from integration.functions.workers import Workers

# Rows that are due within ten minutes are moved, so every five minutes none is late.
DUE = "0 */5 * * * *"
RETENTION = "0 17 3 * * *"


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the timers."""
    bp = func.Blueprint()

    @bp.function_name("health_timer")
    @bp.timer_trigger("timer", configuration.health.schedule)
    async def health_timer(timer: func.TimerRequest, context: func.Context) -> None:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        await worker(context).watch.run()

    @bp.function_name("retries_timer")
    @bp.timer_trigger("timer", DUE)
    async def retries_timer(timer: func.TimerRequest, context: func.Context) -> None:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        await worker(context).move_due()

    @bp.function_name("journal_timer")
    @bp.timer_trigger("timer", RETENTION)
    async def journal_timer(timer: func.TimerRequest, context: func.Context) -> None:  # pyright: ignore[reportUnusedFunction]  # noqa: ARG001
        await worker(context).retain()

    return bp
