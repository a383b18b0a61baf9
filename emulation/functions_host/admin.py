"""The admin surface, opened by the master key. Page "Manually run a non HTTP-triggered function"."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from emulation.functions_host import groups
from emulation.functions_host.errors import InvocationFailed
from emulation.functions_host.function import Function
from emulation.functions_host.invocations import Invocations
from emulation.functions_host.listeners import EventHubListener, Listener
from emulation.functions_host.listeners.event_hub import Feed
from emulation.functions_host.values import encode
from emulation.functions_host.worker import Call

ACCEPTED, BAD_REQUEST, NOT_FOUND, FAILED = 202, 400, 404, 500
WARMUP = "warmupTrigger"
FUNCTIONS = ["admin", "functions"]
FORWARD_WITHIN = 300.0
EVENT_HUBS = ["admin", "event-hubs"]


class _Manual(msgspec.Struct, frozen=True):
    input: str | None = None


class Admin:
    """What operators and tests ask of the host itself.

    Args:
        functions: All functions.
        listeners: Those that have a listener, by function name.
        invocations: Runs functions.
        host_id: The host's id.
        elsewhere: By scaling group: the URL of the process that takes its events, where each has one of its own.
    """

    def __init__(
        self,
        functions: tuple[Function, ...],
        listeners: Mapping[str, Listener],
        invocations: Invocations,
        host_id: str,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._listeners = listeners
        self._invocations = invocations
        self._host_id = host_id
        self._elsewhere = elsewhere
        self._began = time.monotonic()

    async def answer(self, request: Request, body: bytes) -> Response:  # noqa: PLR0911 - one for each address
        """Return the answer to a request below /admin/."""
        parts = request.url.path.strip("/").split("/")
        where = [part.lower() for part in parts]
        match request.method, where:
            case "GET" | "HEAD", ["admin", "host", "status"]:
                return JSONResponse(
                    {"id": self._host_id, "state": "Running", "version": "4.0-local", "processUptime": self._uptime}
                )
            case "GET" | "HEAD" | "POST", ["admin", "host", "ping"]:
                return Response()
            case "GET" | "POST", ["admin", "warmup"]:
                return await self._warm_up()
            case "GET" | "HEAD", ["admin", "functions"]:
                return JSONResponse([_described(function, request) for function in self._functions.values()])
            case method, [*kind, name] if kind in (FUNCTIONS, EVENT_HUBS) and name in self._functions:
                function = self._functions[name]
                if method == "GET" and kind == FUNCTIONS:
                    return JSONResponse(_described(function, request))
                if method == "POST":
                    done = self._run(function, body) if kind == FUNCTIONS else self._feed(function, request, body)
                    return await done
            case _:
                pass
        return Response(status_code=NOT_FOUND)

    @property
    def _uptime(self) -> int:
        return round((time.monotonic() - self._began) * 1000)

    async def _run(self, function: Function, body: bytes) -> Response:
        listener = self._listeners.get(function.name)
        if listener is None:
            return PlainTextResponse("An HTTP function is run by calling its URL.", BAD_REQUEST)
        try:
            manual = msgspec.json.decode(body, type=_Manual) if body.strip() else _Manual()
            call = listener.manual_call(manual.input or "")
        except ValueError as error:
            return PlainTextResponse(f'The body must be {{"input": "text"}}: {error}', BAD_REQUEST)
        self._invocations.begin(self._quietly(function, call), f"Manual run of {function.name}")
        return Response(status_code=ACCEPTED)

    async def _warm_up(self) -> Response:
        """Run the warm-up, as the platform has it done when it adds an instance; without one nothing is to be done."""
        for function in self._functions.values():
            if function.trigger.type == WARMUP:
                try:
                    await self._invocations.run(function, Call(encode({})), "Warmup.")
                except InvocationFailed:
                    return Response(status_code=FAILED)
        return Response()

    async def _quietly(self, function: Function, call: Any) -> None:
        try:
            reason = "This function was programmatically called via the host APIs."
            await self._invocations.run(function, call, reason)
        except InvocationFailed:
            pass

    async def _feed(self, function: Function, request: Request, body: bytes) -> Response:
        url = self._elsewhere.get(groups.group_of(function.name, function.trigger.type))
        if url is not None:
            return await _forward(f"{url}{request.url.path}", request, body)
        listener = self._listeners.get(function.name)
        if not isinstance(listener, EventHubListener):
            return PlainTextResponse(f"{function.name} has no Event Hubs trigger.", BAD_REQUEST)
        try:
            feed = msgspec.json.decode(body, type=Feed)
        except ValueError as error:
            return PlainTextResponse(f'The body must be {{"events": [{{"body": "text", …}}]}}: {error}', BAD_REQUEST)
        return JSONResponse({"outcomes": await listener.feed(feed.events)})


async def _forward(url: str, request: Request, body: bytes) -> Response:
    """Hand a request to another process of this host."""
    import httpx  # noqa: PLC0415 - needed for event hubs in a group of their own only

    key = {"x-functions-key": request.headers.get("x-functions-key", "")}
    async with httpx.AsyncClient(trust_env=False, timeout=FORWARD_WITHIN) as client:
        answer = await client.post(url, content=body, headers=key, params=dict(request.query_params))
    return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))


def _described(function: Function, request: Request) -> dict[str, Any]:
    bindings = [function.trigger.properties, *(binding.properties for binding in function.outputs)]
    return {
        "name": function.name,
        "href": str(request.url.replace(path=f"/admin/functions/{function.name}", query="")),
        "config": {"bindings": bindings},
        "language": "python",
        "isDisabled": False,
    }
