"""Runs the steps that a change concerns: synchronous ones before it is kept, the others as system jobs.

Sources: the pages "Event framework", "Use webhooks to create external handlers for server events" (60 seconds; one more
attempt after 502, 503 and 504 only) and "Azure integration" (a bus that is down lets the job wait, longer each time).
"""

import asyncio
from typing import TYPE_CHECKING

from emulation.dynamics.sending.context import Happened, context_for
from emulation.dynamics.sending.envelope import JSON, sealed
from emulation.dynamics.sending.failure import NotSent
from emulation.dynamics.sending.jobs import Job
from emulation.dynamics.sending.step import Step, steps_for
from emulation.dynamics.sending.where import Where
from emulation.dynamics.tables.refused import Refused
from emulation.dynamics.tables.rules import EVENT_GRID, WEBHOOK

if TYPE_CHECKING:
    from emulation.dynamics.sending.transport import Transport

AT_ONCE = 32
"""Jobs that the asynchronous service runs side by side."""


class Sender:
    """Sends for all organizations of a world."""

    def __init__(self) -> None:
        self._transport: Transport | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def send_now(self, where: Where, happened: Happened, changed: frozenset[str]) -> None:
        """Run the synchronous steps, in order; the first that fails ends the operation.

        Args:
            where: The organization, and who called it.
            happened: What is about to be.
            changed: Logical names of the columns given.

        Raises:
            Refused: A receiver did not take it.
        """
        for step in steps_for(where.store, happened.message, happened.table, changed):
            if not step.asynchronous:
                try:
                    await self._attempt(where, happened, step, "")
                except NotSent as failure:
                    raise Refused(400, failure.code, str(failure)) from failure

    def send_later(self, where: Where, happened: Happened, changed: frozenset[str]) -> None:
        """Begin the system jobs of the asynchronous steps.

        Args:
            where: The organization, and who called it.
            happened: What has been done.
            changed: Logical names of the columns given.
        """
        for step in steps_for(where.store, happened.message, happened.table, changed):
            if step.asynchronous:
                job = Job(where.store, step, happened, where.caller.user)
                task = asyncio.create_task(self._run(where, happened, step, job))
                self._jobs.add(task)
                task.add_done_callback(self._jobs.discard)

    async def aclose(self) -> None:
        """End every job and the connections."""
        for task in self._jobs:
            task.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        if self._transport:
            await self._transport.aclose()

    async def _run(self, where: Where, happened: Happened, step: Step, job: Job) -> None:
        pauses = iter(where.pace.bus_pauses)
        once = False
        while where.is_current():
            failure = None
            async with self._turns:
                job.begin()
                try:
                    await self._attempt(where, happened, step, job.id)
                except NotSent as error:
                    failure = error
            if failure is None:
                job.succeed()
                return
            pause = where.pace.webhook_pause if failure.again == "once" else next(pauses, None)
            if failure.again == "never" or pause is None or once:
                job.fail(failure)
                return
            once = failure.again == "once"
            if not once:
                job.wait(failure, pause)
            await asyncio.sleep(pause)

    async def _attempt(self, where: Where, happened: Happened, step: Step, operation: str) -> None:
        # Imported at first use: the world stands without these clients.
        from emulation.dynamics.sending.transport import Transport  # noqa: PLC0415

        contract, endpoint = step.endpoint["contract"], step.endpoint
        context = context_for(happened, where.caller, step, operation)
        message_format = JSON if contract == EVENT_GRID else endpoint.get("messageformat") or 1
        envelope = sealed(context, where.host, message_format, webhook=contract == WEBHOOK)
        if self._transport is None:
            self._transport = Transport()
        await self._transport.send(where, endpoint, envelope)
