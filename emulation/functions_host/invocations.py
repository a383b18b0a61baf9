"""Running functions: log, time limit, output bindings, retry policy, and the drain at the end."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

from emulation.functions_host.errors import InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.log import host_log, running
from emulation.functions_host.outputs import Outputs
from emulation.functions_host.tracing import Tracing
from emulation.functions_host.worker import Attempt, Call, Returned, Worker


class Invocations:
    """All work in progress.

    Args:
        worker: The app.
        outputs: Where output bindings write.
        timeout: Longest run of one invocation in seconds; None is without limit.
        tracing: Makes the host's spans; None: of those that nobody takes.
    """

    def __init__(self, worker: Worker, outputs: Outputs, timeout: float | None, tracing: Tracing | None = None) -> None:
        self._worker = worker
        self._outputs = outputs
        self._timeout = timeout
        self._tracing = tracing or Tracing(None)
        self._work: set[asyncio.Task[Any]] = set()

    def begin[T](self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start work that a stop of the host waits for."""
        task = asyncio.create_task(work, name=name)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    def start(self, function: Function, call: Call, reason: str) -> asyncio.Task[Returned]:
        """Invoke once, in a task of its own: the worker never detaches the trace context that it attaches.

        Returns:
            The task. `InvocationFailed` in it: the function or one of its output bindings failed, or time ran out.
        """
        return self._start(function, call, reason, Attempt())

    async def run(self, function: Function, call: Call, reason: str) -> Returned:
        """Invoke once and wait for the end, as `start`.

        Raises:
            InvocationFailed: The function or one of its output bindings failed, or time ran out.
        """
        return await self.start(function, call, reason)

    async def run_with_retries(self, function: Function, call: Call, reason: str) -> Returned:
        """Invoke until it succeeds or the function's own retry policy is used up.

        Page "Azure Functions error handling and retries": only Timer, Event Hubs, Kafka and Cosmos DB have them.

        Raises:
            InvocationFailed: The last invocation failed.
        """
        policy = function.retry
        retries, last = 0, None
        while True:
            limit = policy.max_retry_count if policy else 0
            try:
                return await self._start(function, call, reason, Attempt(retries, limit, last))
            except InvocationFailed as failed:
                if policy is None or (limit != -1 and retries >= limit):
                    raise
                last = failed.message
            delay = policy.delay(retries)
            retries += 1
            host_log.info("Functions.%s: retry %d of %d after %g s.", function.name, retries, limit, delay)
            await asyncio.sleep(delay)

    async def drain(self, seconds: float) -> None:
        """Wait for all work; what is not done in time is cancelled."""
        if not self._work:
            return
        host_log.info("Waiting for %d pieces of work, %g s at most.", len(self._work), seconds)
        _, late = await asyncio.wait(self._work, timeout=seconds)
        for task in late:
            host_log.warning("%s was not done in time and is cancelled.", task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1)

    def _start(self, function: Function, call: Call, reason: str, attempt: Attempt) -> asyncio.Task[Returned]:
        return self.begin(self._invoke(function, call, reason, attempt), f"Functions.{function.name}")

    async def _invoke(self, function: Function, call: Call, reason: str, attempt: Attempt) -> Returned:
        invocation_id = str(uuid4())
        host_log.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function.name, reason, invocation_id)
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                with running(invocation_id), self._tracing.invocation(function, call) as traced:
                    returned = await self._worker.invoke(function, traced, invocation_id, attempt)
            await self._outputs.write(function, returned)
        except TimeoutError as error:
            msg = f"Timeout value of {self._timeout:g} s exceeded by function 'Functions.{function.name}'."
            self._log_end(function, invocation_id, began, msg)
            raise InvocationFailed(msg) from error
        except InvocationFailed as failed:
            self._log_end(function, invocation_id, began, f"{failed.message}\n{failed.stack_trace}".rstrip())
            raise
        self._log_end(function, invocation_id, began, None)
        return returned

    def _log_end(self, function: Function, invocation_id: str, began: float, failure: str | None) -> None:
        took = (time.perf_counter() - began) * 1000
        if failure is None:
            host_log.info(
                "Executed 'Functions.%s' (Succeeded, Id=%s, Duration=%.1fms)", function.name, invocation_id, took
            )
        else:
            text = "Executed 'Functions.%s' (Failed, Id=%s, Duration=%.1fms) %s"
            host_log.error(text, function.name, invocation_id, took, failure)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) and not isinstance(error, InvocationFailed):
            host_log.error("%s failed inside the host.", task.get_name(), exc_info=error)
