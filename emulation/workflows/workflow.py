"""The webhook of a workflow "Post to a channel when a webhook request is received", as an ASGI application.

The trigger answers 202 when the workflow has begun. What happens then, the caller does not learn: a card that cannot be
posted is a failed run in the history, and nothing in the channel. Sources: "Receive and respond to inbound HTTPS calls
to workflows in Azure Logic Apps" (202 without a Response action, 429 beyond the limits), "Handle throttling problems in
Azure Logic Apps"; the codes of errors as callers report them (issues 203 of bgptools/issues, 1161 of caronc/apprise,
4 of ffind-dev/pve-ups).
"""

import hmac
import json
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from emulation.workflows.cards import Refused, cards_of

API_VERSION = "2016-06-01"
PERMISSION = "/triggers/manual/run"


class Fault(msgspec.Struct, frozen=True):
    """What happens to a request in place of an answer to it.

    Args:
        status: Answer with it; 0: hang.
        retry_after: The header Retry-After; empty leaves it out.
    """

    status: int
    retry_after: str = ""


class Run(msgspec.Struct, frozen=True):
    """One entry of the run history.

    Args:
        status: Whether every card was posted.
        cards: The cards that were.
        code: Of the error.
        message: The same in words.
    """

    status: Literal["Succeeded", "Failed"]
    cards: tuple[dict[str, Any], ...] = ()
    code: str = ""
    message: str = ""


class Workflow:
    """A workflow.

    Attributes:
        runs: Its run history, oldest first.
        requests: How many requests came.
        state: `Disabled`: switched off, `Deleted`: gone.

    Args:
        id: Its id.
        signature: What stands behind `sig=` in its URL.
    """

    def __init__(self, id: str = "3d7b2c1a", signature: str = "the-signature-of-a-workflow") -> None:  # noqa: A002
        self.runs: list[Run] = []
        self.requests = 0
        self.state: Literal["Enabled", "Disabled", "Deleted"] = "Enabled"
        self._id = id
        self._signature = signature
        self._faults: list[Fault] = []

    @property
    def posted(self) -> list[dict[str, Any]]:
        """The cards in the channel, oldest first."""
        return [card for run in self.runs for card in run.cards]

    @property
    def path(self) -> str:
        """Path and query of its URL; whoever knows them may post."""
        query = f"api-version={API_VERSION}&sp={quote(PERMISSION, safe='')}&sv=1.0&sig={self._signature}"
        return f"/workflows/{self._id}/triggers/manual/paths/invoke?{query}"

    def fail(self, *faults: Fault) -> None:
        """Let the next requests meet these faults, one each."""
        self._faults.extend(faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        request = Request(scope, receive)
        body = await request.body()
        self.requests += 1
        fault = self._faults.pop(0) if self._faults else None
        if fault is not None and not fault.status:
            await receive()  # the body is read: what comes next is that the client has gone
            return
        await self._answer(request, body, fault)(scope, receive, send)

    def _answer(self, request: Request, body: bytes, fault: Fault | None) -> Response:
        if fault is not None:
            wait = {"Retry-After": fault.retry_after} if fault.retry_after else None
            code = "WorkflowRunActionThrottled" if fault.status == 429 else "ServiceUnavailable"  # noqa: PLR2004
            return _error(fault.status, code, "The workflow was told to fail.", wait)
        return self._refused(request) or self._begun(request, body)

    def _refused(self, request: Request) -> Response | None:
        if request.url.path != self.path.partition("?")[0] or self.state == "Deleted":
            return _error(404, "WorkflowNotFound", "The workflow could not be found.")
        if request.method != "POST":
            return _error(405, "MethodNotAllowed", "The trigger takes POST.")
        query = request.query_params
        if query.get("api-version") != API_VERSION:
            return _error(
                400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required."
            )
        if not hmac.compare_digest(query.get("sig", "").encode(), self._signature.encode()):
            return _error(401, "DirectApiAuthorizationRequired", "The request must be authenticated by its signature.")
        if self.state == "Disabled":
            return _error(400, "WorkflowTriggerIsNotEnabled", "The workflow is in the state 'Disabled'.")
        return None

    def _begun(self, request: Request, body: bytes) -> Response:
        message: object = body.decode("utf-8", "replace")
        if request.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
            try:
                message = json.loads(body)
            except ValueError:
                return _error(400, "InvalidRequestContent", "The request content could not be deserialized.")
        try:
            self.runs.append(Run("Succeeded", tuple(cards_of(message))))
        except Refused as refused:
            self.runs.append(Run("Failed", code=refused.code, message=str(refused)))
        return Response(status_code=202, headers={"x-ms-workflow-run-id": f"run-{len(self.runs)}"})


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)
