"""Parked deliveries over HTTP."""

from integration.operations.kept import QUERY, read_query
from integration.operations.parked import ParkedOperations, ReleaseOrder
from integration.web.answers import refusing
from integration.web.message import Request, Response
from integration.web.query import known


class ParkedPages:
    """`/api/parked` and below.

    Args:
        operations: What can be asked and ordered of them.
    """

    def __init__(self, operations: ParkedOperations) -> None:
        self._operations = operations

    @refusing()
    async def list(self, request: Request) -> Response:
        """List parked deliveries, oldest first, one page; `next` is the `after` of the following page."""
        return Response.json(200, await self._operations.list(read_query(known(request.query, QUERY))))

    @refusing()
    async def show(self, id_: str) -> Response:
        """Show one parked delivery with its event."""
        return Response.json(200, await self._operations.show(id_))

    @refusing()
    async def release(self, request: Request) -> Response:
        """Release chosen ones, 200; or order the release of an organization's, 202."""
        order = ReleaseOrder.read(request.measured())
        return Response.json(202 if order.organization else 200, await self._operations.release(order))
