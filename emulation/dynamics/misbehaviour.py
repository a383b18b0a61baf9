"""How an answer goes wrong: the effects of a fault on one call."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulation.dynamics.call import Call
from emulation.dynamics.faults import Fault

type Exchange = tuple[Scope, Receive, Send]

PIECES = 10
OTHER_TENANT = "99999999-8888-7777-6666-555555555555"
UNTRUSTED_URL = "https://operations.contoso.example"


async def misbehave(fault: Fault, call: Call, reset: Callable[[], None], exchange: Exchange) -> int:
    """Answer a call as its fault says.

    Args:
        fault: What goes wrong.
        call: The call.
        reset: Resets the client's connection.
        exchange: The ASGI exchange; the request's body has been read.

    Returns:
        The status that was sent, 0 where none was.
    """
    scope, receive, send = exchange
    if fault.effect == "hang":
        await _until_the_client_leaves(receive)
        return 0
    if fault.effect != "slow":
        await asyncio.sleep(fault.seconds)
    if fault.effect == "reset":
        reset()
        return 0
    response = await _response(fault, call)
    if fault.effect == "slow":
        await _dribble(response, fault.seconds, send)
    elif fault.effect == "cut":
        await _start(response, send)
        half = bytes(response.body)[: len(response.body) // 2]
        # Returning before the promised length is sent makes the server close the connection.
        await send({"type": "http.response.body", "body": half, "more_body": True})
    else:
        await response(scope, receive, send)
    return response.status_code


async def _response(fault: Fault, call: Call) -> Response:
    match fault.effect:
        case "delay" | "slow" | "cut":
            return await call.answer()
        case "empty_url":
            return _changed(await call.answer(), {"Url": ""})
        case "other_tenant":
            return _changed(await call.answer(), {"TenantId": OTHER_TENANT})
        case "untrusted_host":
            return _changed(await call.answer(), {"Url": fault.message or UNTRUSTED_URL})
        case "malformed_json":
            honest = await call.answer()
            body = bytes(honest.body)
            return Response(body[: max(1, len(body) // 2)], honest.status_code, media_type="application/json")
        case "answer":
            media_type = "application/json" if fault.body.lstrip().startswith(("{", "[")) else "text/plain"
            response = Response(
                fault.raw or fault.body, fault.status or 200, media_type=media_type, headers=fault.headers
            )
        case _:
            response = call.refusal(fault)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = fault.retry_after
    return response


def _changed(honest: Response, changes: dict[str, Any]) -> Response:
    if honest.status_code != 200:  # noqa: PLR2004 (only a successful answer has the property)
        return honest
    return Response(json.dumps(json.loads(bytes(honest.body)) | changes), media_type="application/json")


async def _start(response: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})


async def _dribble(response: Response, seconds: float, send: Send) -> None:
    await _start(response, send)
    body = bytes(response.body)
    step = max(1, -(-len(body) // PIECES))
    for at in range(0, len(body), step):
        await asyncio.sleep(seconds)
        await send({"type": "http.response.body", "body": body[at : at + step], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_the_client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
