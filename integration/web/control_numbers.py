"""The newest ControlNumbers over HTTP."""

from integration.operations.control_numbers import (
    QUERY,
    RESET_QUERY,
    ControlNumberOperations,
    read_everything,
    read_kinds,
)
from integration.web.answers import refusing
from integration.web.message import Request, Response
from integration.web.query import known


class ControlNumberPages:
    """`/api/control-numbers` and below.

    Args:
        operations: What can be asked and ordered of them.
    """

    def __init__(self, operations: ControlNumberOperations) -> None:
        self._operations = operations

    @refusing()
    async def list(self, request: Request) -> Response:
        """List the newest of each kind."""
        return Response.json(200, await self._operations.list(read_kinds(known(request.query, QUERY))))

    @refusing()
    async def reset(self, request: Request) -> Response:
        """Forget the newest of kinds; of all only with `all=true`."""
        query = known(request.query, RESET_QUERY)
        done = await self._operations.reset(read_kinds(query), everything=read_everything(query))
        return Response.json(200, done)
