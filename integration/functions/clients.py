"""The operations for who shows a token of Entra: at `/api/entra/…`, without a key, the gate before each.

The host refuses a request without a key before any code of ours runs (`FunctionInvocationMiddleware` and
`AuthUtility` of azure-functions-host: only its own keys make the claim that a level asks for; what App Service
authentication says is an identity beside it). So these are functions of their own, and the ones with keys stay as they
are.
"""

from typing import TYPE_CHECKING, cast

import azure.functions as func

from integration.config import Configuration
from integration.functions.convert import Handler, answer, part_of, problems, request_of
from integration.functions.http import ENTRA, OPERATIONS, Operation, dressed
from integration.functions.workers import Workers
from integration.web import Response

if TYPE_CHECKING:
    from integration.config.keys.clients import Role
    from integration.worker import Worker

PREFIX = ENTRA


def blueprint(configuration: Configuration, worker: Workers) -> func.Blueprint:
    """Register the operations that take a token, where the configuration has clients."""
    bp = func.Blueprint()
    for operation in OPERATIONS if configuration.clients else ():
        if operation.role is not None:
            where = f"{PREFIX}/{operation.route}"
            route = bp.route(where, methods=(operation.method,), auth_level=func.AuthLevel.ANONYMOUS)
            bp.function_name(f"{PREFIX}_{operation.name}")(route(_function(operation, operation.role, worker)))
    return bp


def _function(operation: Operation, role: "Role", worker: Workers) -> Handler:
    async def handle(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        from integration.web.callers import admitted, moved, named  # noqa: PLC0415  # imported with the first: import budget

        request, whole = request_of(req), worker(context)
        caller = await admitted(whole.gate, request, role)
        if isinstance(caller, Response):
            return answer(caller)
        # It has the pages of these operations, over what the caller may see.
        faces = whole if caller.sees is None else cast("Worker", whole.narrowed(caller.sees))
        asked = named(request, caller)
        told = moved(await operation.ask(faces, asked, lambda name: part_of(req, name)), PREFIX)
        return answer(dressed(operation, request, told))

    return problems(handle)
