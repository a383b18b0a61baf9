"""The newest ControlNumbers over HTTP."""

from integration.operations.control_numbers import FILTERS, ControlNumberOperations, read_kinds
from integration.web.answers import refusing
from integration.web.message import Request, Response
from integration.web.query import flag, known

_QUERY = (*FILTERS, "all")


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
        query = known(request.query, _QUERY)
        wanted = read_kinds(query)
        flag(query, "all")
        return Response.json(200, await self._operations.list(wanted))

    @refusing()
    async def reset(self, request: Request) -> Response:
        """Forget the newest of kinds; of all only with `all=true`."""
        query = known(request.query, _QUERY)
        wanted = read_kinds(query)
        return Response.json(200, await self._operations.reset(wanted, everything=flag(query, "all")))
