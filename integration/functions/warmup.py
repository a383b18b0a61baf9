"""What a new instance does before it is given requests: open what intake needs.

The platform calls it by the route `admin/warmup` when it adds an instance, not when it starts one anew, and not on the
Consumption plan: a warm start is never relied upon. Sources: the page "Azure Functions warmup trigger" (the function's
name must be `warmup`), WebScriptHostHttpRoutesManager of azure-functions-host.
"""

from typing import Any

import azure.functions as func
from azure.functions.warmup import WarmUpContext

from integration.errors import StorageUnavailable
from integration.functions.workers import Workers
from integration.loggers import logger

log = logger("functions")


def blueprint(worker: Workers) -> func.Blueprint:
    """Register the warm-up."""
    bp = func.Blueprint()

    async def warm(warmup: WarmUpContext, context: func.Context) -> None:  # noqa: ARG001
        try:
            await worker(context).intake.warm()
        except StorageUnavailable as unavailable:
            log.warning("this instance starts cold: %s", unavailable)

    decorated: Any = bp
    bp.function_name("warmup")(decorated.warm_up_trigger("warmup")(warm))
    return bp
