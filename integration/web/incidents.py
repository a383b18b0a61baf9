"""Incidents over HTTP: list, show, acknowledge, mute."""

from integration.operations.incident_pages import QUERY, read_query
from integration.operations.incidents import AcknowledgeOrder, IncidentOperations, MuteOrder
from integration.web.answers import refusing
from integration.web.message import Request, Response
from integration.web.query import known


class IncidentPages:
    """`/api/incidents` and below.

    Args:
        operations: What can be asked and ordered of them.
    """

    def __init__(self, operations: IncidentOperations) -> None:
        self._operations = operations

    @refusing()
    async def list(self, request: Request) -> Response:
        """List incidents, open ones first, one page; `next` is the `after` of the following page."""
        return Response.json(200, await self._operations.list(read_query(known(request.query, QUERY))))

    @refusing()
    async def show(self, id_: str) -> Response:
        """Show one incident whole."""
        return Response.json(200, await self._operations.show(id_))

    @refusing()
    async def acknowledge(self, id_: str, request: Request) -> Response:
        """Say that somebody works on it."""
        order = AcknowledgeOrder.read(request.measured())
        return Response.json(200, await self._operations.acknowledge(id_, order))

    @refusing()
    async def mute(self, id_: str, request: Request) -> Response:
        """Tell nothing of its subject for a while, or tell it again."""
        return Response.json(200, await self._operations.mute(id_, MuteOrder.read(request.measured())))
