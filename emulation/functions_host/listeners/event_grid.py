"""The Event Grid trigger's webhook: `/runtime/webhooks/EventGrid?functionName=NAME&code=KEY`.

Pages "Azure Event Grid trigger for Azure Functions", "Endpoint validation with Event Grid event schema" and "Endpoint
validation with CloudEvents schema"; `HttpRequestProcessor` and `EventGridTriggerAttributeBindingProvider` of
Microsoft.Azure.WebJobs.Extensions.EventGrid: an event is read and written again by Json.NET, so that its dates and
numbers are spelled another way.
"""

import asyncio
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from emulation.functions_host import trigger_data
from emulation.functions_host.errors import InvocationFailed
from emulation.functions_host.json_net import parse, written
from emulation.functions_host.listeners.listener import Listener
from emulation.functions_host.protos import TypedData
from emulation.functions_host.worker import Call

ACCEPTED, BAD_REQUEST, FAILED = 202, 400, 500


class EventGridListener(Listener):
    """Runs one function for each event of a request, in either schema."""

    async def listen(self) -> None:
        """Wait: events come through `answer`."""
        await asyncio.Event().wait()

    def manual_call(self, text: str) -> Call:
        """Return one event given as JSON."""
        return _call(_event(parse(text)))

    async def answer(self, request: Request, body: bytes) -> Response:
        """Return the answer to a request of Event Grid."""
        if request.method == "OPTIONS":
            origin = request.headers.get("webhook-request-origin", "*")
            return Response(status_code=200, headers={"WebHook-Allowed-Origin": origin})
        kind = request.headers.get("aeg-event-type", "").lower()
        if kind == "unsubscribe":
            return Response(status_code=ACCEPTED)
        try:
            events = _events(body)
            if kind == "subscriptionvalidation":
                return JSONResponse({"validationResponse": _validation_code(events)})
        except ValueError as error:
            return PlainTextResponse(str(error), BAD_REQUEST)
        if kind != "notification":
            return PlainTextResponse(f"aeg-event-type {kind!r} is not known.", BAD_REQUEST)
        return await self._notify(events)

    async def _notify(self, events: list[dict[str, Any]]) -> Response:
        reason = "EventGrid trigger fired."
        runs = [self.services.invocations.run(self.function, _call(event), reason) for event in events]
        failed = False
        for result in await asyncio.gather(*runs, return_exceptions=True):
            if isinstance(result, InvocationFailed):
                failed = True
            elif isinstance(result, BaseException):
                raise result
        return PlainTextResponse("Function execution failed.", FAILED) if failed else Response(status_code=ACCEPTED)


def _call(event: dict[str, Any]) -> Call:
    # A member that is no object is one all the same to the worker: JSON.
    data = event.get("data")
    call = trigger_data.call_with_json(written(event), {})
    return call if data is None else Call(call.data, {"data": TypedData(json=written(data))})


def _events(body: bytes) -> list[dict[str, Any]]:
    try:
        parsed = parse(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        msg = f"The body is not UTF-8: {error}"
        raise ValueError(msg) from error
    return list(map(_event, cast("list[Any]", parsed) if isinstance(parsed, list) else [parsed]))


def _event(parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        msg = f"An event is a JSON object, not {type(parsed).__name__}."
        raise ValueError(msg)  # noqa: TRY004 - the body's fault, not the caller's
    return cast("dict[str, Any]", parsed)


def _validation_code(events: list[dict[str, Any]]) -> str:
    match events:
        case [{"data": {"validationCode": str(code)}}]:
            return code
        case _:
            raise ValueError("The validation event has no data.validationCode.")
