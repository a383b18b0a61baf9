"""Where the dead-letter commands work: a deployed app over HTTP, or the storage account from this process."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

from integration.cli import shapes
from integration.cli.here import as_json, open_worker
from integration.cli.remote import App
from integration.errors import Busy, FnoLinkError

if TYPE_CHECKING:
    from integration.dead_letters import Job
    from integration.web.dead_letters import DeadLetterPages
    from integration.worker import Worker

_ASK_EVERY = 2.0
_TRIES = 40

type Tell = Callable[[dict[str, Any]], None]


class Follower(Protocol):
    """Who can wait for the end of a job."""

    async def follow(self, job: dict[str, Any], tell: Tell) -> dict[str, Any]:
        """Wait until a job is done, or do it."""
        ...


class DeadLetterDesk(Follower, Protocol):
    """What the commands need; everything is JSON as the HTTP endpoints write it."""

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        ...

    async def show(self, id_: str) -> dict[str, Any]:
        """Read one."""
        ...

    async def count(self, order: dict[str, Any]) -> dict[str, Any]:
        """Count what an order means."""
        ...

    async def replay(self, order: dict[str, Any], *, wait: bool) -> dict[str, Any]:
        """Begin a replay; without `wait`, leave it to the function app."""
        ...

    async def purge(self, order: dict[str, Any]) -> dict[str, Any]:
        """Begin a purge."""
        ...

    async def job(self, id_: str) -> dict[str, Any]:
        """Read a job."""
        ...

    async def cancel(self, id_: str) -> dict[str, Any]:
        """Stop a job."""
        ...


class Remote:
    """A deployed app.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self._app = App(url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing stays open."""

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        return await self._app.get("dead-letters", shapes.DeadLetterPage, query)

    async def show(self, id_: str) -> dict[str, Any]:
        """Read one."""
        from urllib.parse import quote  # noqa: PLC0415 - only this needs it

        return await self._app.get(f"dead-letters/{quote(id_, safe='')}", shapes.Kept)

    async def count(self, order: dict[str, Any]) -> dict[str, Any]:
        """Count what an order means."""
        return await self._app.post("dead-letters/purge", shapes.Count, order | {"dryRun": True})

    async def replay(self, order: dict[str, Any], *, wait: bool) -> dict[str, Any]:  # noqa: ARG002 - the app always does it
        """Begin a replay."""
        return await self._app.post("dead-letters/replay", shapes.JobState, order)

    async def purge(self, order: dict[str, Any]) -> dict[str, Any]:
        """Begin a purge."""
        return await self._app.post("dead-letters/purge", shapes.JobState, order | {"dryRun": False})

    async def job(self, id_: str) -> dict[str, Any]:
        """Read a job."""
        from urllib.parse import quote  # noqa: PLC0415 - only this needs it

        return await self._app.get(f"dead-letters/jobs/{quote(id_, safe='')}", shapes.JobState)

    async def cancel(self, id_: str) -> dict[str, Any]:
        """Stop a job."""
        from urllib.parse import quote  # noqa: PLC0415 - only this needs it

        return await self._app.post(f"dead-letters/jobs/{quote(id_, safe='')}/cancel", shapes.JobState, {})

    async def follow(self, job: dict[str, Any], tell: Tell) -> dict[str, Any]:
        """Wait until a job is over."""
        while job["state"] not in ("done", "cancelled"):
            await asyncio.sleep(_ASK_EVERY)
            job = await self.job(job["id"])
            tell(job)
        return job


class Direct:
    """The storage account of the app settings; replays are done by this process."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    async def __aenter__(self) -> Self:
        self._worker = open_worker()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        if self._worker is not None:
            await self._worker.close()

    async def list(self, query: dict[str, str]) -> dict[str, Any]:
        """Read one page."""
        from integration.web.dead_letters import read_query  # noqa: PLC0415 - not for --app

        return as_json(await self._pages.page(*read_query(query)))

    async def show(self, id_: str) -> dict[str, Any]:
        """Read one."""
        return as_json(await self._pages.one(id_))

    async def count(self, order: dict[str, Any]) -> dict[str, Any]:
        """Count what an order means."""
        from integration.web.dead_letters import read_order  # noqa: PLC0415 - not for --app

        return await self._pages.count(read_order(msgspec.json.encode(order)))

    async def replay(self, order: dict[str, Any], *, wait: bool) -> dict[str, Any]:
        """Begin a replay."""
        return as_json(await self._ask("replay", order, order_it=not wait))

    async def purge(self, order: dict[str, Any]) -> dict[str, Any]:
        """Begin a purge."""
        return as_json(await self._ask("purge", order, order_it=False))

    async def job(self, id_: str) -> dict[str, Any]:
        """Read a job."""
        return as_json(await self.worker.replays.job(id_))

    async def cancel(self, id_: str) -> dict[str, Any]:
        """Stop a job."""
        return as_json(await self.worker.replays.cancel(id_))

    async def follow(self, job: dict[str, Any], tell: Tell) -> dict[str, Any]:
        """Do a job until it is over.

        Raises:
            Busy: Another replay or purge is at work, for longer than a dead one's lease lasts.
        """
        for _ in range(_TRIES):
            done = await self.worker.replays.run(job["id"], lasting=float("inf"), seen=lambda now: tell(as_json(now)))
            if done is not None and done.over:
                return as_json(done)
            await asyncio.sleep(_ASK_EVERY)
        msg = f"another replay or purge is at work; go on later with --job {job['id']}"
        raise Busy(msg)

    async def _ask(self, kind: Any, order: dict[str, Any], *, order_it: bool) -> "Job":
        from integration.web.dead_letters import read_order  # noqa: PLC0415 - not for --app

        wanted = read_order(msgspec.json.encode(order))
        return await self.worker.replays.ask(
            kind,
            wanted.filter,
            wanted.ids,
            per_second=wanted.per_second,
            current_environment=wanted.current_environment,
            order=order_it,
        )

    @property
    def worker(self) -> "Worker":
        """The worker that the app settings describe."""
        if self._worker is None:
            msg = "the desk is not open"
            raise FnoLinkError(msg)
        return self._worker

    @property
    def _pages(self) -> "DeadLetterPages":
        return self.worker.dead_letter_pages
