"""What became of each event, over HTTP; replay and purge."""

from integration.dead_letters import Job
from integration.operations.event_orders import PURGE_QUERY, EventOrders, read_purge
from integration.operations.events import QUERY, EventOperations, read_query
from integration.operations.query import ORGANIZATION, Flag
from integration.web.answers import refusing
from integration.web.dead_letters import accepted
from integration.web.message import Request, Response
from integration.web.query import known

_PAYLOAD = Flag("payload", "With the event itself, where it was kept.")
SHOW_QUERY = (ORGANIZATION, _PAYLOAD)
"""What showing one event takes."""
REPLAY_QUERY = (ORGANIZATION,)
"""What replaying one takes."""


class EventPages:
    """`/api/events` and below; its POST is the intake's.

    Args:
        operations: What can be asked of events.
        orders: What can be ordered of them.
    """

    def __init__(self, operations: EventOperations, orders: EventOrders) -> None:
        self._operations = operations
        self._orders = orders

    @refusing()
    async def list(self, request: Request) -> Response:
        """List events, one page; `next` is the `after` of the following page."""
        return Response.json(200, await self._operations.list(read_query(known(request.query, QUERY))))

    @refusing()
    async def show(self, id_: str, request: Request) -> Response:
        """Show one event with its deliveries, by its id or its key; with `payload=true` as it came in, too."""
        query = known(request.query, SHOW_QUERY)
        shown = await self._operations.show(id_, ORGANIZATION.text(query), payload=_PAYLOAD.read(query))
        return Response.json(200, shown)

    @refusing()
    async def replay(self, id_: str, request: Request) -> Response:
        """Order the replay of an event's dead letters, 202 with the job, or of the event itself."""
        begun = await self._orders.replay(id_, ORGANIZATION.text(known(request.query, REPLAY_QUERY)))
        if isinstance(begun, Job):
            return accepted(begun)
        return Response.json(202, begun, {"Location": f"/api/events/{begun.event}?organization={begun.organization}"})

    @refusing()
    async def purge(self, request: Request) -> Response:
        """Count what a purge would forget; with `dryRun=false` do it, for a while."""
        return Response.json(200, await self._orders.purge(read_purge(known(request.query, PURGE_QUERY))))
