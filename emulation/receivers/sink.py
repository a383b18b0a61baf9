"""The receivers as one ASGI application: the first path segment names a receiver, which comes to be when it is used."""

import asyncio
import base64
import html
import json
import time
from collections import defaultdict
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulation.received import Received
from emulation.receivers import failures
from emulation.receivers.failures import Failure
from emulation.receivers.permits import Guard


class Receiver:
    """What one receiver got, and how it fails."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._counted: list[tuple[Failure, int]] = []
        self._lasting: Failure | None = None
        self.guard: Guard | None = None

    def fail(self, failure: Failure) -> None:
        """Set a failure; those for the next N requests come first, in the order in which they were set."""
        if failure.times is None:
            self._lasting = failure
        else:
            self._counted.append((failure, failure.times))

    def heal(self) -> None:
        """Drop every failure, and its protection."""
        self._counted, self._lasting, self.guard = [], None, None

    def take(self) -> Failure | None:
        """Return the failure that this request meets and count it."""
        if not self._counted:
            return self._lasting
        failure, left = self._counted[0]
        self._counted[:1] = [(failure, left - 1)] if left > 1 else []
        return failure


class Sinks:
    """Every receiver, and the control API's side of them.

    Args:
        reset: Resets the connection from this port of a client's.
    """

    def __init__(self, reset: Callable[[int], None]) -> None:
        self._reset = reset
        self._receivers: defaultdict[str, Receiver] = defaultdict(Receiver)
        self._arrivals = 0
        self._arrived = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        request = Request(scope, receive)
        body = await request.body()
        receiver = self._receivers[request.url.path.split("/")[1]]
        guarded = receiver.guard.answer(request.method, request.headers) if receiver.guard else None
        failure = receiver.take() if guarded is None else None
        status = _status(failure) if guarded is None else guarded.status_code
        async with self._arrived:
            self._arrivals += 1
            receiver.received.append(Received.of(request, body, sequence=self._arrivals, at=time.time(), status=status))
            self._arrived.notify_all()
        if guarded is not None:
            await guarded(scope, receive, send)
            return
        await self._answer(failure, status, scope, receive, send)

    async def carry_out(self, command: failures.AnyCommand) -> object:
        """Carry out a command of the control API and return its result."""
        match command:
            case failures.Fail(name, failure):
                self._receivers[name].fail(failure)
            case failures.Protect(name, permit):
                self._receivers[name].guard = Guard(permit)
            case failures.Heal(name):
                self._receivers[name].heal()
            case failures.Reset():
                self._receivers.clear()
            case failures.ReceivedBy(name, at_least, within):
                return await self._received(name, at_least, within)
        return None

    async def _received(self, name: str, at_least: int, within: float) -> list[Received]:
        try:
            async with asyncio.timeout(within), self._arrived:
                await self._arrived.wait_for(lambda: len(self._receivers[name].received) >= at_least)
        except TimeoutError:
            pass  # what did arrive is the answer
        return self._receivers[name].received

    async def _answer(self, failure: Failure | None, status: int, scope: Scope, receive: Receive, send: Send) -> None:
        if failure is None:
            await Response(status_code=status)(scope, receive, send)
            return
        if failure.effect == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await asyncio.sleep(failure.seconds)
        match failure.effect:
            case "drop":
                self._reset(scope["client"][1])
            case "cut":
                # Returning before the promised length is sent makes the server close the connection.
                headers = [(b"content-length", b"100")]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": b"cut", "more_body": True})
            case "echo":
                said = failure.body + _echo(Request(scope))
                await Response(said, status, failure.headers, "text/html")(scope, receive, send)
            case _:
                await Response(failure.body, status, failure.headers)(scope, receive, send)


class SinkControl:
    """The control API: `POST /` takes one command; the answer is its result as JSON, or 400 with `{"error"}`.

    Args:
        sinks: The receivers.
    """

    def __init__(self, sinks: Sinks) -> None:
        self._sinks = sinks
        self._decoder = msgspec.json.Decoder(failures.AnyCommand)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out one command."""
        body = await Request(scope, receive).body()
        try:
            command = self._decoder.decode(body)
        except msgspec.MsgspecError as error:
            answer = Response(msgspec.json.encode({"error": str(error)}), 400, media_type="application/json")
        else:
            result = await self._sinks.carry_out(command)
            answer = Response(msgspec.json.encode(result), media_type="application/json")
        await answer(scope, receive, send)


def _echo(request: Request) -> str:
    """Show a request as debug pages do."""
    headers = dict(request.headers)
    as_text = "\n".join(f"{name}: {value}" for name, value in headers.items())
    in_base64 = " ".join(base64.b64encode(value.encode()).decode() for value in headers.values())
    return "\n".join((str(request.url), as_text, json.dumps(headers), html.escape(as_text), in_base64))


def _status(failure: Failure | None) -> int:
    if failure is None or failure.effect == "delay":
        return 200
    return failure.status if failure.effect in {"answer", "echo"} else 0
