"""The timer trigger. Page "Timer trigger for Azure Functions"."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import msgspec
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient

from emulation.functions_host.errors import InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.listeners.listener import Listener, Services
from emulation.functions_host.log import first_line, host_log
from emulation.functions_host.schedule import parse
from emulation.functions_host.values import encode
from emulation.functions_host.worker import Call

CONTAINER = "azure-webjobs-hosts"
LONGEST_SLEEP = 60.0
SHORTEST_MONITORED = timedelta(minutes=1)


class Status(msgspec.Struct, frozen=True, rename="pascal"):
    """When a timer ran and runs next, as the real host keeps it in a blob of the host's storage."""

    last: datetime
    next: datetime
    last_updated: datetime


class TimerListener(Listener):
    """Runs one function by the clock."""

    def __init__(self, function: Function, services: Services) -> None:
        super().__init__(function, services)
        trigger = function.trigger
        text = services.settings.resolve(trigger.text("schedule"))
        self._schedule = parse(text, function.name, _now())
        frequent = self._schedule.interval(_now()) < SHORTEST_MONITORED
        self._monitored = not frequent and trigger.flag("useMonitor", default=True)
        self._status: Status | None = None

    async def listen(self) -> None:
        """Run at start where that is asked for or a run was missed, then by the schedule."""
        status = await self._kept_status()
        now = _now()
        due = status.next if status else self._schedule.next(now)
        self._status = status
        if status is not None and due < now:
            await self._fire("Timer fired: past due.", past_due=True)
        elif self.function.trigger.flag("runOnStartup"):
            await self._fire("Timer fired: run on startup.", past_due=False)
        else:
            await self._keep(Status(status.last if status else datetime.min.replace(tzinfo=UTC), due, now))
        while True:
            due = self._schedule.next(_now())
            await _sleep_until(due)
            await self._fire("Timer fired by its schedule.", past_due=False, due=due)

    def manual_call(self, text: str) -> Call:
        """Return what the function sees when it is run by hand."""
        del text
        return self._call(past_due=False)

    async def _fire(self, reason: str, *, past_due: bool, due: datetime | None = None) -> None:
        call = self._call(past_due=past_due)
        # Awaited, so that a timer never overlaps itself; shielded, so that a stop drains it instead of cutting it off.
        run = self.services.invocations.run_with_retries(self.function, call, reason)
        work = self.services.invocations.begin(run, f"Timer of {self.function.name}")
        with contextlib.suppress(InvocationFailed):  # logged; a timer has no other retry than its policy
            await asyncio.shield(work)
        now = max(_now(), due) if due else _now()
        await self._keep(Status(now, self._schedule.next(now), now))

    def _call(self, *, past_due: bool) -> Call:
        status = self._status or Status(datetime.min.replace(tzinfo=UTC), self._schedule.next(_now()), _now())
        return Call(
            encode(
                {
                    "Schedule": {"AdjustForDST": True},
                    "ScheduleStatus": msgspec.to_builtins(status),
                    "IsPastDue": past_due,
                }
            )
        )

    async def _blob(self) -> BlobClient:
        service = await self.services.storage.blobs(self.function.name)
        path = f"timers/{self.services.host_id}/Host.Functions.{self.function.name}/status"
        return service.get_blob_client(CONTAINER, path)

    async def _kept_status(self) -> Status | None:
        if not self._monitored:
            return None
        try:
            download = await (await self._blob()).download_blob()
            return msgspec.json.decode(await download.readall(), type=Status)
        except ResourceNotFoundError:
            return None
        except (AzureError, msgspec.DecodeError) as error:
            host_log.warning("Timer %s: its status cannot be read: %s", self.function.name, first_line(error))
            return None

    async def _keep(self, status: Status) -> None:
        self._status = status
        if not self._monitored:
            return
        content = msgspec.json.encode(status)
        try:
            blob = await self._blob()
            try:
                await blob.upload_blob(content, overwrite=True)
            except ResourceNotFoundError:
                container = (await self.services.storage.blobs(self.function.name)).get_container_client(CONTAINER)
                with contextlib.suppress(ResourceExistsError):  # another host was faster
                    await container.create_container()
                await blob.upload_blob(content, overwrite=True)
        except AzureError as error:
            host_log.warning("Timer %s: its status is not kept: %s", self.function.name, first_line(error))


async def _sleep_until(due: datetime) -> None:
    # In pieces: a machine that was suspended must not oversleep, and the monotonic clock may have stood still.
    while (remaining := (due - _now()).total_seconds()) > 0:  # noqa: ASYNC110 - it waits for a time, not for an event
        await asyncio.sleep(min(remaining, LONGEST_SLEEP))


def _now() -> datetime:
    return datetime.now(UTC)
