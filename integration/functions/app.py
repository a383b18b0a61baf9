"""From the app settings to a FunctionApp. Never raises: a wrong configuration must not take intake down."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import azure.functions as func

from integration.background import Unheard
from integration.config import Configuration, check
from integration.errors import ConfigurationError, Problem
from integration.functions import clients, event_grid, event_hubs, http, intake, queues, service_bus, timers, warmup
from integration.functions.workers import Workers
from integration.routing.table import RouteTable
from integration.telemetry import quieten
from integration.telemetry.invocation import enter

if TYPE_CHECKING:
    from integration.worker import Worker


def build(environ: Mapping[str, str]) -> func.FunctionApp:
    """Register what the configuration asks for.

    Args:
        environ: The app settings.

    Returns:
        The app. With configuration problems only health, an intake that answers 503 and the timer are registered:
        queue messages wait, HTTP senders try again.
    """
    quieten()
    unheard = Unheard()
    unheard.attach()
    configuration, table, problems = _checked(environ)
    if configuration is None or table is None or problems:
        from integration.functions import degraded  # noqa: PLC0415  # imported only where it is needed

        app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
        app.register_functions(degraded.blueprint(problems))
        return app

    def worker(context: func.Context) -> "Worker":
        # Every function calls this first: what background work has logged is written within its invocation.
        unheard.tell()
        traced = context.trace_context
        enter(context.function_name, context.invocation_id, traced.trace_parent, traced.trace_state)
        return built()

    @cache
    def built() -> "Worker":
        from integration.worker import Worker  # noqa: PLC0415  # imported with the first invocation: import budget

        return Worker(configuration, table, environ)

    return registered(configuration, worker)


def registered(configuration: Configuration, worker: Workers) -> func.FunctionApp:
    """Register what a configuration without problems asks for.

    Args:
        configuration: The configuration.
        worker: Gives the worker of the process, at the first invocation.
    """
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
    app.register_functions(intake.blueprint(configuration, worker))
    app.register_functions(queues.blueprint(configuration, worker))
    app.register_functions(service_bus.blueprint(configuration, worker))
    app.register_functions(event_hubs.blueprint(configuration, worker))
    app.register_functions(event_grid.blueprint(configuration, worker))
    app.register_functions(http.blueprint(configuration, worker))
    app.register_functions(clients.blueprint(configuration, worker))
    app.register_functions(timers.blueprint(configuration, worker))
    app.register_functions(warmup.blueprint(worker))
    return app


def _checked(environ: Mapping[str, str]) -> tuple[Configuration | None, RouteTable | None, tuple[Problem, ...]]:
    checked = check(environ)
    if checked.configuration is None:
        return None, None, checked.problems
    try:
        table = RouteTable.of(checked.configuration)
    except ConfigurationError as error:
        return None, None, (*checked.problems, *error.problems)
    return checked.configuration, table, checked.problems
