"""HTTP triggers: from a request to an invocation and back. Page "Azure Functions HTTP trigger"."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emulation.functions_host.errors import HostError, InvocationFailed
from emulation.functions_host.function import RETURN, Function
from emulation.functions_host.invocations import Invocations
from emulation.functions_host.keys import Level
from emulation.functions_host.outputs import HTTP
from emulation.functions_host.protos import TypedData
from emulation.functions_host.routes import Route, decoded, parse
from emulation.functions_host.worker import Call, Returned

TRIGGER = "httpTrigger"
OK, NO_CONTENT, FAILED, GATEWAY_TIMEOUT = 200, 204, 500, 504


CONTENT_LENGTH, TRANSFER_ENCODING = "content-length", "transfer-encoding"


class Endpoint(msgspec.Struct, frozen=True):
    """A function behind a route.

    Args:
        function: The function.
        route: Its template under the route prefix.
        methods: Upper-case; empty admits all.
        level: The key that it asks for.
        disabled: Switched off: it keeps its place among the routes, and is not run.
    """

    function: Function
    route: Route
    methods: frozenset[str]
    level: Level
    disabled: bool = False


def endpoints(
    functions: Iterable[Function], prefix: str, resolve: Any, *, disabled: Collection[str] = ()
) -> list[Endpoint]:
    """Return the HTTP functions in the order in which their routes are tried: that of their names, ignoring case.

    `FunctionMetadataManager.LoadFunctionMetadata` sorts by `StringComparer.OrdinalIgnoreCase`, which compares upper
    case: `_` stands behind the letters.

    Args:
        functions: All functions of the app, those too that are switched off.
        prefix: The route prefix of host.json.
        resolve: Replaces `%NAME%` in a route.
        disabled: The names of those that are switched off.

    Raises:
        HostError: A route or an authorization level is wrong, or a route belongs to the host.
    """
    found = [
        msgspec.structs.replace(_endpoint(function, prefix, resolve), disabled=function.name in disabled)
        for function in functions
        if function.trigger.type == TRIGGER
    ]
    return sorted(found, key=lambda endpoint: endpoint.function.name.upper())


def find(all_endpoints: Iterable[Endpoint], method: str, raw_path: str) -> tuple[Endpoint, dict[str, str]] | None:
    """Return the first endpoint that takes a request, and its route values.

    None is the real host's 404, for a wrong method too: a method is a constraint of the route
    (`HttpMethodRouteConstraint`), so that the next route is tried.
    """
    path = decoded(raw_path)
    for endpoint in all_endpoints:
        if endpoint.methods and method not in endpoint.methods:
            continue
        values = endpoint.route.match(path)
        if values is not None:
            return endpoint, values
    return None


async def answer(  # noqa: PLR0913 - a request is its parts
    invocations: Invocations,
    endpoint: Endpoint,
    values: Mapping[str, str],
    request: Request,
    *,
    body: bytes,
    limit: float,
) -> Response:
    """Run the function and return its answer.

    Args:
        invocations: Runs it.
        endpoint: What was found.
        values: The route's values.
        request: The request.
        body: Its body.
        limit: Seconds after which Azure's load balancer gives up; the function goes on.
    """
    call = Call(
        _trigger_data(request, body, values),
        trace_parent=request.headers.get("traceparent", ""),
        trace_state=request.headers.get("tracestate", ""),
    )
    reason = "This function was programmatically called via the host APIs."
    run = invocations.start(endpoint.function, call, reason)
    done, _ = await asyncio.wait((run,), timeout=limit)
    if not done:
        return Response(status_code=GATEWAY_TIMEOUT)
    try:
        returned = run.result()
    except InvocationFailed:
        return Response(status_code=FAILED)
    return _response(endpoint.function, returned)


def _endpoint(function: Function, prefix: str, resolve: Any) -> Endpoint:
    trigger = function.trigger
    template = resolve(trigger.text("route") or function.name).strip("/")
    route = parse("/".join(part for part in (prefix.strip("/"), template) if part))
    if route.template.split("/", 1)[0].lower() in {"admin", "runtime"}:
        msg = f"Function {function.name!r}: the route {route.template!r} belongs to the host."
        raise HostError(msg)
    try:
        level = Level(trigger.text("authLevel", Level.FUNCTION).lower())
    except ValueError as error:
        msg = f"Function {function.name!r}: {error}; use one of {', '.join(Level)}."
        raise HostError(msg) from error
    methods: Any = trigger.properties.get("methods") or ()
    return Endpoint(function, route, frozenset(str(method).upper() for method in methods), level)


def _trigger_data(request: Request, body: bytes, values: Mapping[str, str]) -> TypedData:
    headers: dict[str, str] = {}
    chunked = TRANSFER_ENCODING in request.headers
    for given, value in request.headers.items():
        # Kestrel's Http1MessageBody: of two lengths the coding counts, and the other is kept for who wants to look.
        name = f"x-{CONTENT_LENGTH}" if chunked and given == CONTENT_LENGTH else given
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    query: dict[str, str] = {}
    spelled: dict[str, str] = {}
    for given, value in request.query_params.multi_items():
        # ASP.NET's query has one name for those that differ by case: the first.
        name = spelled.setdefault(given.lower(), given)
        if value:
            query[name] = f"{query[name]},{value}" if name in query else value
    return TypedData(
        http=SimpleNamespace(
            method=request.method,
            url=_url(request),
            headers=headers,
            query=query,
            params=dict(values),
            body=TypedData(bytes=body) if body else TypedData(),
        )
    )


def _url(request: Request) -> str:
    # As it was sent: request.url has the path decoded.
    query = bytes(request.scope["query_string"]).decode("latin-1")
    path = bytes(request.scope["raw_path"]).decode("latin-1")
    host = request.headers.get("host") or ":".join(map(str, request.scope["server"]))
    return f"{request.scope['scheme']}://{host}{path}{'?' if query else ''}{query}"


def _response(function: Function, returned: Returned) -> Response:
    value = _http_value(function, returned)
    if value is None:
        return Response(status_code=NO_CONTENT)
    if value.WhichOneof("data") != HTTP:
        content: Any = value.value
        media_type = "application/json" if value.WhichOneof("data") == "json" else "text/plain; charset=utf-8"
        return Response(content, OK, media_type=media_type)
    http: Any = value.value
    response = Response(_bytes(http.body), int(http.status_code))
    for name, text in http.headers.items():
        if name.lower() != "content-length":
            response.headers[name] = text
    if "content-type" not in response.headers and response.body:
        response.headers["content-type"] = "text/plain; charset=utf-8"
    cookies: list[Any] = http.cookies or []
    for cookie in cookies:
        _set_cookie(response, cookie)
    return response


def _http_value(function: Function, returned: Returned) -> TypedData | None:
    for binding in function.outputs:
        if binding.type == HTTP:
            return returned.value if binding.name == RETURN else returned.outputs.get(binding.name)
    return None


def _bytes(body: TypedData | None) -> bytes:
    content: Any = None if body is None else body.value
    if content is None:
        return b""
    return content if isinstance(content, bytes) else str(content).encode()


def _set_cookie(response: Response, cookie: Any) -> None:
    def optional(field: Any) -> Any:
        return None if field is None else field.value

    expires, age = optional(cookie.expires), optional(cookie.max_age)
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=None if age is None else int(age),
        expires=None if expires is None else datetime.fromtimestamp(expires.seconds, UTC),
        path=optional(cookie.path) or "/",
        domain=optional(cookie.domain),
        secure=bool(optional(cookie.secure)),
        httponly=bool(optional(cookie.http_only)),
        samesite=None if cookie.same_site is None else cookie.same_site.lower(),
    )
