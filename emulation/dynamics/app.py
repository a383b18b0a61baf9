"""The services behind the production host names, as one ASGI application."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from emulation.dynamics import administration, dataverse, entra, finance_operations, graph, power_platform
from emulation.dynamics.call import Call
from emulation.dynamics.clouds import ADMINISTRATION, GRAPHS, POWER_PLATFORM
from emulation.dynamics.elsewhere import hand_on
from emulation.dynamics.faults import Fault
from emulation.dynamics.misbehaviour import misbehave
from emulation.dynamics.sending.sender import Sender
from emulation.dynamics.state import State
from emulation.dynamics.world import ENTRA_HOSTS
from emulation.received import Received

CONCURRENCY = "Number of concurrent requests exceeded the limit."


class EmulatedServices:
    """Entra, Graph, Dataverse, F&O and the APIs of the Power Platform, told apart by the Host header.

    Args:
        state: The world.
        sender: Sends what registered steps send.
        reset: Resets the client connection whose far end in the proxy has this local port.
    """

    def __init__(self, state: State, sender: Sender, reset: Callable[[int], None]) -> None:
        self._state = state
        self._sender = sender
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        send = self._dated(request.url.hostname or "", send)
        body = await request.body()
        host = request.url.hostname or ""
        call = await self._understand(request, host)
        if call is None:
            await (await self._beyond(request, host, body))(scope, receive, send)
            return
        records, sequence = self._state.records, 0
        if request.method in ("POST", "PUT", "PATCH") and call.kind in ("fno", "row"):
            sequence = records.receive(Received.of(request, body, sequence=0, at=self._state.epoch(), status=0))
        status = await self._answer(call, scope, receive, send)
        if sequence:
            records.answered(sequence, status)

    def _dated(self, host: str, send: Send) -> Send:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("date", self._state.date(host))
            await send(message)

        return dated

    async def _beyond(self, request: Request, host: str, body: bytes) -> Response:
        if not self._state.elsewhere:
            return PlainTextResponse("no such host here", status_code=421)
        return await hand_on(request, body, f"{self._state.elsewhere}/{host}")

    async def _understand(self, request: Request, host: str) -> Call | None:
        if host in ENTRA_HOSTS:
            return await entra.understand(self._state, request, host)
        if host in GRAPHS:
            return graph.understand(self._state, request, host)
        if organization := self._state.by_dataverse_host(host):
            return dataverse.understand(self._state, self._sender, request, organization)
        if organization := self._state.by_environment_host(host):
            return finance_operations.understand(self._state, request, organization)
        return self._understand_platform(request, host)

    def _understand_platform(self, request: Request, host: str) -> Call | None:
        if host in POWER_PLATFORM:
            return power_platform.understand(self._state, request, host)
        if host in ADMINISTRATION:
            return administration.understand(self._state, request, host)
        return None

    async def _answer(self, call: Call, scope: Scope, receive: Receive, send: Send) -> int:
        organization = call.organization
        if call.kind != "fno" or organization is None:
            return await self._answer_alone(call, scope, receive, send)
        organization.busy += 1
        try:
            if organization.busy > organization.concurrency:
                response = call.refusal(Fault("throttled", "fno", message=CONCURRENCY))
                response.headers["Retry-After"] = "1"
                await response(scope, receive, send)
                return response.status_code
            return await self._answer_alone(call, scope, receive, send)
        finally:
            organization.busy -= 1

    async def _answer_alone(self, call: Call, scope: Scope, receive: Receive, send: Send) -> int:
        fault = None
        if call.organization:
            self._state.records.count(call.organization.name, call.kind)
            fault = call.organization.faults.take(call.kind, call.version)
        if fault:
            port: int = scope["client"][1]
            return await misbehave(fault, call, lambda: self._reset(port), (scope, receive, send))
        response = await call.answer()
        await response(scope, receive, send)
        return response.status_code
