"""The publishing endpoint of a custom topic whose input schema is CloudEvents 1.0.

Sources: "Publish events to Azure Event Grid custom topics", "Post to custom topic for Azure Event Grid" (statuses, the
header aeg-sas-key, 1 MB), "Authenticate publishing clients with Microsoft Entra ID", "CloudEvents v1.0 schema".
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import jwt
import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

PATH = "/api/events"
API_VERSION = "2018-01-01"
MEGABYTE = 1024 * 1024
BATCH, SINGLE = "application/cloudevents-batch+json", "application/cloudevents+json"
AUDIENCES = ("https://eventgrid.azure.net", "https://eventgrid.azure.net/")
REQUIRED = ("specversion", "id", "source", "type")


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may publish.

    Args:
        keys: The topic's two access keys.
        issuer: Of the Microsoft Entra tokens that are accepted; empty: none are.
        signing_keys: The issuer's public keys as its JSON Web Key Set lists them.
        senders: Client ids with the role EventGrid Data Sender.
    """

    keys: tuple[str, ...] = ()
    issuer: str = ""
    signing_keys: tuple[Mapping[str, Any], ...] = ()
    senders: tuple[str, ...] = ()


class Refusal(Exception):
    """The topic does not take the request.

    Args:
        status: The HTTP status.
        code: Event Grid's error code.
        message: Why.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Fault(msgspec.Struct, frozen=True):
    """What happens to a request in place of an answer to it.

    Args:
        status: Answer with it; 0: hang.
        retry_after: Seconds for the header Retry-After; none leaves it out.
    """

    status: int
    retry_after: int | None = None


class Topic:
    """A topic, as an ASGI application.

    Attributes:
        events: The events accepted, in the order of their arrival.
        accepted: Content type and body of each request accepted.
        requests: How many requests came.

    Args:
        access: Who may publish.
    """

    def __init__(self, access: Access) -> None:
        self.events: list[dict[str, Any]] = []
        self.accepted: list[tuple[str, bytes]] = []
        self.requests = 0
        self._access = access
        self._keys = {str(key["kid"]): jwt.PyJWK.from_dict(dict(key), algorithm="RS256") for key in access.signing_keys}
        self._faults: list[Fault] = []

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
        try:
            _meet(fault)
            self._authorize(request)
            content_type = request.headers.get("content-type", "")
            self.events += _read(request, content_type, body)
        except Refusal as refusal:
            wait = None if fault is None or fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return JSONResponse({"error": {"code": refusal.code, "message": str(refusal)}}, refusal.status, wait)
        self.accepted.append((content_type, body))
        return Response(status_code=200)

    def _authorize(self, request: Request) -> None:
        key = request.headers.get("aeg-sas-key")
        if key is not None:
            if not any(hmac.compare_digest(key.encode(), known.encode()) for known in self._access.keys):
                raise Refusal(401, "Unauthorized", "The request authorization key is not authorized for the topic.")
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refusal(401, "Unauthorized", "Request must contain aeg-sas-key, aeg-sas-token or authorization.")
        try:
            signed_by = self._keys[jwt.get_unverified_header(token).get("kid", "")]
            claims: dict[str, Any] = jwt.decode(
                token, signed_by, algorithms=["RS256"], audience=AUDIENCES, issuer=self._access.issuer
            )
        except (jwt.InvalidTokenError, KeyError) as error:
            raise Refusal(401, "Unauthorized", f"The token is not valid: {error}") from error
        if claims.get("appid") not in self._access.senders:
            raise Refusal(403, "Forbidden", "The principal does not have the role EventGrid Data Sender.")


def _meet(fault: Fault | None) -> None:
    if fault is not None:
        raise Refusal(fault.status, "Fault", "The topic was told to fail.")


def _read(request: Request, content_type: str, body: bytes) -> Sequence[dict[str, Any]]:
    if request.method != "POST" or request.url.path != PATH:
        raise Refusal(404, "NotFound", f"Events are posted to {PATH}.")
    if request.query_params.get("api-version") != API_VERSION:
        raise Refusal(400, "BadRequest", f"The api-version must be {API_VERSION}.")
    if len(body) > MEGABYTE:
        raise Refusal(413, "RequestEntityTooLarge", f"The maximum size ({MEGABYTE}) has been exceeded.")
    media = content_type.partition(";")[0].strip().lower()
    if media not in {BATCH, SINGLE}:
        raise Refusal(400, "BadRequest", f"The content type {media!r} does not fit the topic's schema CloudEventV10.")
    try:
        document: object = json.loads(body)
    except ValueError as error:
        raise Refusal(400, "BadRequest", "The body is not JSON.") from error
    events: list[object] = document if media == BATCH and isinstance(document, list) else [document]  # pyright: ignore[reportUnknownVariableType]  (decoded JSON)
    for event in events:
        _check(event)
    return cast("list[dict[str, Any]]", events)


def _check(event: object) -> None:
    if not isinstance(event, dict):
        raise Refusal(400, "BadRequest", "An event is not an object.")
    attributes = cast("dict[str, Any]", event)
    missing = [name for name in REQUIRED if not attributes.get(name)]
    if missing or attributes["specversion"] != "1.0":
        raise Refusal(400, "BadRequest", f"An event is not CloudEvents 1.0; it lacks {missing or 'that version'}.")
    odd = [name for name in attributes if name != "data_base64" and not (name.isalnum() and name.islower())]
    if odd:
        raise Refusal(400, "BadRequest", f"Attributes may be of a-z and 0-9 only: {odd}.")
