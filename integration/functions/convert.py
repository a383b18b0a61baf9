"""Between azure.functions and the framework-free handlers."""

import base64
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

import azure.functions as func

from integration.web import Request, Response, unforeseen_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from integration.events.inbound import Property

type Handler = Callable[[func.HttpRequest, func.Context], Awaitable[func.HttpResponse]]
"""One function behind a route. The worker passes a context to who names it so."""


def request_of(req: func.HttpRequest) -> Request:
    """Read a request."""
    given = cast("Mapping[str, str]", req.headers)
    headers = {name.lower(): _whole(value) for name, value in given.items()}
    query = {name: _whole(value) for name, value in cast("Mapping[str, str]", req.params).items()}
    return Request(method=(req.method or "GET").upper(), headers=headers, body=req.get_body(), query=query)


def part_of(req: func.HttpRequest, name: str) -> str:
    """Read a named part of the path."""
    return _whole(req.route_params.get(name) or "")


def _whole(text: str) -> str:
    """Return a text that can be written as UTF-8: half a character of UTF-16 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def answer(response: Response) -> func.HttpResponse:
    """Write an answer."""
    # The worker adds the charset itself: a type that has one would have it twice.
    mimetype = response.headers.get("Content-Type", "application/json").partition(";")[0]
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return func.HttpResponse(response.body, status_code=response.status, headers=headers, mimetype=mimetype)


def problems(handler: Handler, *, status: int = 500) -> Handler:
    """Answer what a handler has not foreseen with problem details, where the host would answer a bare 500.

    Args:
        handler: Of one operation.
        status: 500; 503 where the sender is to keep its message.
    """

    @wraps(handler)
    async def handle(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        try:
            return await handler(req, context)
        except Exception as error:  # noqa: BLE001  # the net under every operation
            return answer(unforeseen_problem(error, status=status))

    return handle


def properties_of(given: object) -> "dict[str, Property]":
    """Read the application properties of a message; what is no scalar is text, as CloudEvents writes its type.

    The host passes them as JSON, where a timestamp is its text and bytes are base64 already.
    """
    if not isinstance(given, dict):
        return {}
    properties = cast("dict[Any, Any]", given)
    return {str(name): _scalar(value) for name, value in properties.items()}


def _scalar(value: Any) -> "Property":
    match value:
        case None | str() | int() | float():
            return value
        case bytes() | bytearray():
            return base64.b64encode(value).decode("ascii")
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        case _:
            return str(value)
