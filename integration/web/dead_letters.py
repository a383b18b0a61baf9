"""Dead letters over HTTP: list, show, replay, purge. Long work is only ordered here."""

from integration.dead_letters import Job
from integration.operations.dead_letters import DeadLetterOperations, DeadLetterOrder
from integration.operations.kept import QUERY, read_query
from integration.web.answers import refusing
from integration.web.message import Request, Response
from integration.web.query import known


class DeadLetterPages:
    """`/api/dead-letters` and below.

    Args:
        operations: What can be asked and ordered of them.
    """

    def __init__(self, operations: DeadLetterOperations) -> None:
        self._operations = operations

    @refusing()
    async def list(self, request: Request) -> Response:
        """List dead letters, oldest first, one page; `next` is the `after` of the following page."""
        return Response.json(200, await self._operations.list(read_query(known(request.query, QUERY))))

    @refusing()
    async def show(self, id_: str) -> Response:
        """Show one dead letter with its event or body."""
        return Response.json(200, await self._operations.show(id_))

    @refusing()
    async def replay(self, request: Request) -> Response:
        """Order a replay; 202 with the job."""
        return accepted(await self._operations.replay(DeadLetterOrder.read(request.measured())))

    @refusing()
    async def purge(self, request: Request) -> Response:
        """Count what a purge would remove; with `"dryRun": false` order it."""
        order = DeadLetterOrder.read(request.measured())
        if order.dry_run:
            return Response.json(200, await self._operations.count(order))
        return accepted(await self._operations.purge(order))

    @refusing()
    async def job(self, id_: str) -> Response:
        """Tell how far a replay or purge is."""
        return Response.json(200, await self._operations.job(id_), {"Cache-Control": "no-store"})

    @refusing()
    async def cancel(self, id_: str) -> Response:
        """Stop a replay or purge; 202 with the job."""
        return accepted(await self._operations.cancel(id_))


def accepted(job: Job) -> Response:
    """Answer with a job, and where to ask how far it is."""
    return Response.json(202, job, {"Location": f"/api/dead-letters/jobs/{job.id}"})
