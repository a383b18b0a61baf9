"""The host's HTTP front: functions, webhooks and the admin surface, as one ASGI app."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import lru_cache, partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from emulation.functions_host import http_trigger
from emulation.functions_host.admin import Admin
from emulation.functions_host.cors import Cors
from emulation.functions_host.host_json import Http
from emulation.functions_host.http_trigger import Endpoint
from emulation.functions_host.invocations import Invocations
from emulation.functions_host.keys import EVENT_GRID, Level
from emulation.functions_host.listeners import EventGridListener
from emulation.functions_host.log import host_log
from emulation.functions_host.vault import KeysUnreadable, Vault

UNAUTHORIZED, NOT_FOUND, TOO_MANY, FAILED = 401, 404, 429, 500
# For this many paths it is remembered which function answers.
KNOWN_PATHS = 256
EVENT_GRID_PATH = "/runtime/webhooks/eventgrid"


class BodyTooLarge(Exception):
    """A request body is above the limit of the host."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Request body too large. The max request body size is {limit} bytes.")


class Throttle:
    """`maxConcurrentRequests` and `maxOutstandingRequests` of host.json: the rest waits, what is beyond gets 429.

    Args:
        options: The limits; negative ones are none.
    """

    def __init__(self, options: Http) -> None:
        self._outstanding = options.max_outstanding_requests
        self._slots = (
            asyncio.Semaphore(options.max_concurrent_requests) if options.max_concurrent_requests > 0 else None
        )
        self._now = 0

    @property
    def full(self) -> bool:
        """Whether one more request would be too many."""
        return 0 < self._outstanding <= self._now

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None]:
        """Hold a place among the outstanding requests, and wait for one among the concurrent ones."""
        self._now += 1
        try:
            if self._slots is None:
                yield
            else:
                async with self._slots:
                    yield
        finally:
            self._now -= 1


class Front:
    """Answers every request.

    Args:
        invocations: Runs functions.
        endpoints: The HTTP functions in the order of their routes.
        event_grid: The Event Grid functions by lower-case name.
        admin: The admin surface.
        vault: Admits by keys.
        http: The limits on requests.
        largest_body: Bytes that a request body may have.
        response_limit: Seconds that a function may take to answer.
        cors: Who may read answers from a browser.
    """

    def __init__(  # noqa: PLR0913 - keyword-only parts, put together in one place
        self,
        *,
        invocations: Invocations,
        endpoints: list[Endpoint],
        event_grid: dict[str, EventGridListener],
        admin: Admin,
        vault: Vault,
        http: Http,
        largest_body: int,
        response_limit: float,
        cors: Cors,
    ) -> None:
        self._invocations = invocations
        self._find = lru_cache(KNOWN_PATHS)(partial(http_trigger.find, endpoints))
        self._event_grid = event_grid
        self._admin = admin
        self._vault = vault
        self._throttle = Throttle(http)
        self._largest_body = largest_body
        self._response_limit = response_limit
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive, send)
        try:
            response = await self._answer(request)
        except BodyTooLarge as error:
            # Not 413: the exception meets the function's invocation, and ExceptionMiddleware makes 500 of it (host
            # #10519). The rest of the body is not read.
            host_log.error("%s", error)
            response = Response(status_code=FAILED, headers={"connection": "close"})
        except KeysUnreadable:
            response = Response(status_code=FAILED)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = str(request.scope["path"]).lower().rstrip("/")
        if not path:
            return PlainTextResponse("Your Functions app is up and running.")
        if path.startswith("/admin/"):
            if not await self._vault.admit(_key(request), Level.ADMIN):
                return Response(status_code=UNAUTHORIZED)
            return await self._admin.answer(request, await self._body(request))
        # HttpThrottleMiddleware stands before routing and keys.
        if self._throttle.full:
            return Response(status_code=TOO_MANY)
        async with self._throttle.slot():
            # JobHostPipelineMiddleware, behind the throttle: before keys and functions.
            preflight = self._cors.preflight(request)
            if preflight is not None:
                return preflight
            known = path == EVENT_GRID_PATH
            answer = await (self._answer_event_grid(request) if known else self._answer_function(request))
            for name, value in self._cors.headers(request).items():
                answer.headers[name] = f"{answer.headers[name]},{value}" if name in answer.headers else value
            return answer

    async def _answer_function(self, request: Request) -> Response:
        raw_path = bytes(request.scope["raw_path"]).decode("ascii", "replace").split("?", 1)[0]
        found = self._find(request.method, raw_path)
        if found is None:
            return Response(status_code=NOT_FOUND)
        endpoint, values = found
        key = _key(request)
        # FunctionInvocationMiddleware: keys first; the body is read for the invocation, so never for a stranger.
        if not await self._vault.admit(key, endpoint.level, endpoint.function.name):
            return Response(status_code=UNAUTHORIZED)
        if endpoint.disabled and not await self._vault.admit(key, Level.ADMIN):
            return Response(status_code=NOT_FOUND)
        body = await self._body(request) if _has_length(request) else b""
        return await http_trigger.answer(
            self._invocations, endpoint, values, request, body=body, limit=self._response_limit
        )

    async def _answer_event_grid(self, request: Request) -> Response:
        if not await self._vault.admit(_key(request), Level.SYSTEM, system=EVENT_GRID):
            return Response(status_code=UNAUTHORIZED)
        name = request.query_params.get("functionName", "")
        listener = self._event_grid.get(name.lower())
        if listener is None:
            return PlainTextResponse(f"cannot find function: '{name}'", NOT_FOUND)
        return await listener.answer(request, await self._body(request))

    async def _body(self, request: Request) -> bytes:
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._largest_body:
            raise BodyTooLarge(self._largest_body)
        chunks, size = list[bytes](), 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > self._largest_body:
                raise BodyTooLarge(self._largest_body)
            chunks.append(chunk)
        return b"".join(chunks)


def _has_length(request: Request) -> bool:
    """Tell whether the host hands the body to the worker: only with a Content-Length above 0.

    `GrpcMessageConversionExtensions.ToRpcHttp` (host #4926, #7930). A chunked body never arrives, nor one of which a
    proxy says both: there Kestrel takes the Content-Length away.
    """
    length = request.headers.get(http_trigger.CONTENT_LENGTH, "")
    return http_trigger.TRANSFER_ENCODING not in request.headers and length.isdigit() and int(length) > 0


def _key(request: Request) -> str | None:
    # AuthenticationLevelHandler: a header that is there counts, even an empty one; of several the first. ASP.NET's
    # query knows its names without regard to case.
    header = request.headers.get("x-functions-key")
    if header is not None or not request.scope["query_string"]:
        return header
    return next((value for name, value in request.query_params.multi_items() if name.lower() == "code"), None)
