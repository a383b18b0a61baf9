"""Between azure.functions and the framework-free handlers."""

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import azure.functions as func

from integration.web import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.events.inbound import Property


def request_of(req: func.HttpRequest) -> Request:
    """Read a request."""
    given = cast("Mapping[str, str]", req.headers)
    headers = {name.lower(): value for name, value in given.items()}
    query = dict(cast("Mapping[str, str]", req.params))
    return Request(method=(req.method or "GET").upper(), headers=headers, body=req.get_body(), query=query)


def answer(response: Response) -> func.HttpResponse:
    """Write an answer."""
    mimetype = response.headers.get("Content-Type", "application/json")
    headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return func.HttpResponse(response.body, status_code=response.status, headers=headers, mimetype=mimetype)


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
