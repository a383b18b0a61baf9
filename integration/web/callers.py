"""Callers with a token, at the door: let in, or answered so that they learn nothing."""

from typing import TYPE_CHECKING

import msgspec

from integration.callers import Caller, Gate
from integration.errors import CallerRefused, CallerUnknown, LinkUnknown
from integration.web.answers import refusal
from integration.web.message import Request, Response

if TYPE_CHECKING:
    from integration.config.keys.clients import Role

_KEYS = frozenset({"x-functions-key", "code"})
_CHALLENGE = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}


async def admitted(gate: Gate, request: Request, role: "Role") -> Caller | Response:
    """Say who asks, or answer why it is not let in: 401 or 403, the same for every reason.

    Args:
        gate: Checks what is shown.
        request: The request.
        role: What the caller must have.
    """
    try:
        return await gate.admit(request.headers, role)
    except (CallerUnknown, CallerRefused, LinkUnknown) as error:
        answer = refusal(error)
        more = _CHALLENGE if isinstance(error, CallerUnknown) else {"Cache-Control": "no-store"}
        return msgspec.structs.replace(answer, headers={**answer.headers, **more})


def named(request: Request, caller: Caller) -> Request:
    """Let a request say who asks by the checked name alone: an unchecked key, or a fresh token, is no other.

    Of people that one client brings, each is a caller.

    Args:
        request: As it came.
        caller: Who was let in.
    """
    headers = {name: value for name, value in request.headers.items() if name not in _KEYS}
    query = {name: value for name, value in request.query.items() if name.lower() not in _KEYS}
    return msgspec.structs.replace(request, headers={**headers, "authorization": caller.name}, query=query)


def moved(response: Response, prefix: str) -> Response:
    """Let an answer that names a place name it where this caller reaches it.

    Args:
        response: The answer.
        prefix: Before the routes of such callers, behind /api.
    """
    place = response.headers.get("Location", "")
    if not place.startswith("/api/"):
        return response
    headers = {**response.headers, "Location": f"/api/{prefix}/{place.removeprefix('/api/')}"}
    return msgspec.structs.replace(response, headers=headers)
