"""The managed-identity endpoint of App Service, plain HTTP on loopback.

Source: the page "How to use managed identities for App Service and Azure Functions", REST endpoint reference.
"""

import hmac
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from emulation.dynamics.call import Call
from emulation.dynamics.entra_errors import EntraError, refusal
from emulation.dynamics.misbehaviour import misbehave
from emulation.dynamics.state import State
from emulation.dynamics.tokens import issue
from emulation.dynamics.world import App

PATH = "/msi/token"


class ManagedIdentityEndpoint:
    """What IDENTITY_ENDPOINT names.

    Args:
        state: The world; its apps with `managed_identity` are the identities.
        header: The value of IDENTITY_HEADER.
        reset: Resets the connection from this port of a client's.
    """

    def __init__(self, state: State, header: str, reset: Callable[[int], None]) -> None:
        self._state = state
        self._header = header
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one token request."""
        request = Request(scope, receive)
        organization = self._state.by_resource(request.query_params.get("resource", ""))

        async def answer() -> Response:
            return self._answer(request)

        call = Call("token", organization, answer, refusal)
        fault = None
        if organization:
            self._state.records.count(organization.name, "token")
            fault = organization.faults.take("token")
        if fault:
            port: int = scope["client"][1]
            await misbehave(fault, call, lambda: self._reset(port), (scope, receive, send))
            return
        await (await answer())(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.url.path != PATH:
            return _error(404, "No such endpoint.")
        if not hmac.compare_digest(request.headers.get("X-IDENTITY-HEADER", ""), self._header):
            return _error(401, "X-IDENTITY-HEADER does not match IDENTITY_HEADER.")
        if request.query_params.get("api-version") != "2019-08-01":
            return _error(400, "The api-version is not 2019-08-01.")
        client_id = request.query_params.get("client_id", "")
        identity = self._identity(client_id)
        if identity is None:
            return _error(400, f"No User Assigned or Delegated Managed Identity found for client id {client_id!r}.")
        resource = request.query_params.get("resource", "")
        try:
            token = issue(self._state, self._state.tenant(identity.tenant), identity, resource)
        except EntraError as error:
            # The endpoint hides Entra's own words behind a 500 (msal notes the same).
            return _error(500, f"AADSTS{error.number}: {error.message}")
        expires = int(self._state.epoch()) + self._state.token_lifetime
        return JSONResponse(
            {
                "access_token": token,
                "expires_on": str(expires),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": identity.client_id,
            }
        )

    def _identity(self, client_id: str) -> App | None:
        if client_id:
            app = self._state.apps.get(client_id)
            return app if app and app.managed_identity else None
        return next((app for app in self._state.apps.values() if app.managed_identity == "system"), None)


def _error(status: int, message: str) -> Response:
    return JSONResponse({"statusCode": status, "message": message}, status_code=status)
