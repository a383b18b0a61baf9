"""Maintenance over HTTP: what is silent, and the calls of operators."""

from integration.operations.maintenance import MaintenanceOperations, MaintenanceOrder
from integration.web.answers import refusing
from integration.web.message import Request, Response


class MaintenancePages:
    """`/api/maintenance` and below.

    Args:
        operations: What can be asked and ordered of it.
    """

    def __init__(self, operations: MaintenanceOperations) -> None:
        self._operations = operations

    @refusing()
    async def list(self) -> Response:
        """Tell what is silent now and what will be."""
        return Response.json(200, await self._operations.list())

    @refusing()
    async def begin(self, request: Request) -> Response:
        """Begin a maintenance now."""
        return Response.json(200, await self._operations.begin(MaintenanceOrder.read(request.measured())))

    @refusing()
    async def end(self, id_: str) -> Response:
        """End a maintenance before its time."""
        return Response.json(200, await self._operations.end(id_))
