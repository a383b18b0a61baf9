"""Tokens of a person who signs in in a browser while the command waits. Synchronous: for threads only.

Sources: the page "Microsoft identity platform and the OAuth 2.0 device authorization grant flow", and RFC 8628, section
3.5, by which a client that is told to slow down waits five seconds longer from then on.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from integration.errors import Unauthenticated
from integration.identity.entra import NONSENSE, is_sound, read_grant, told_of
from integration.identity.grants import Grant
from integration.identity.refusals import explain, refusal_code
from integration.identity.session import Session

SAMPLES = "51f81489-12ee-4a9e-aaae-a2591f45987d"
"""The application that Microsoft's samples for Dataverse sign in with, for development and tests (page "Use OAuth
authentication with Microsoft Dataverse"); every tenant has it."""

LIMIT_SECONDS = 960.0
"""A device code lives 15 minutes."""

SLOWER_SECONDS = 5
_AGAIN = "Run the command again, and sign in within the time that it names."
_WORDS = {
    "authorization_declined": ("the sign-in was declined", _AGAIN),
    "access_denied": ("the sign-in was declined", _AGAIN),
    "expired_token": ("nobody signed in before the code was too old", _AGAIN),
    "code_expired": ("nobody signed in before the code was too old", _AGAIN),
    "bad_verification_code": ("the code is not known any more", _AGAIN),
}


def _at_once(flow: object) -> bool:
    """Tell msal to ask once, and not to wait by itself: it could not be stopped."""
    del flow
    return True


class DeviceCode:
    """Signs a person in once, and gets tokens for each resource by that.

    Args:
        client_id: The application that the person signs in to.
        show: Shows the person where to go and what to type.
        limit: Seconds that the person may take, whatever Entra allows.
    """

    def __init__(self, client_id: str, show: Callable[[str], None], limit: float = LIMIT_SECONDS) -> None:
        self._client_id = client_id
        self._show = show
        self._limit = limit
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._applications: dict[str, Any] = {}

    def grant(self, authority: str, scope: str) -> Grant:
        """Get a token: by the sign-in that there was already, else after a new one.

        Args:
            authority: `https://login.microsoftonline.com/{tenant}`.
            scope: `{resource}/.default`.

        Raises:
            LinkUnknown: The sign-in was declined, was not made in time, or Entra gave no token for it.
        """
        client = f"whoever signs in to application {self._client_id} in tenant {authority.rsplit('/', 1)[-1]}"
        with self._lock, told_of(client):
            try:
                answer = self._answer(authority, scope, client)
            except NONSENSE:
                self._applications.pop(authority, None)
                raise
            if not is_sound(answer):
                self._applications.pop(authority, None)
            return read_grant(answer, client)

    def stop(self) -> None:
        """Wait no longer for a person."""
        self._stopped.set()

    def _answer(self, authority: str, scope: str, client: str) -> object:
        application = self._application(authority)
        accounts = application.get_accounts()
        if accounts:
            answer = application.acquire_token_silent_with_error([scope], accounts[0])
            if answer:
                return answer
        flow = application.initiate_device_flow([scope])
        if "user_code" not in flow:
            raise explain(client, refusal_code(flow))
        self._show(str(flow.get("message") or f"Open {flow.get('verification_uri')} and enter {flow['user_code']}."))
        return self._wait(application, flow, client)

    def _wait(self, application: Any, flow: dict[str, Any], client: str) -> object:
        ends = time.monotonic() + min(float(flow["expires_in"]), self._limit)
        interval = max(int(flow["interval"]), 1)
        while not self._stopped.wait(interval):
            answer: dict[str, Any] = application.acquire_token_by_device_flow(flow, exit_condition=_at_once)
            error = answer.get("error")
            if error == "slow_down":
                interval += SLOWER_SECONDS
            elif error in _WORDS:
                why, hint = _WORDS[str(error)]
                msg = f"Microsoft Entra gave no token for {client} ({refusal_code(answer)}): {why}."
                raise Unauthenticated(msg, remote_code=refusal_code(answer), hint=hint)
            elif error != "authorization_pending":
                return answer
            if time.monotonic() > ends:
                break
        msg = f"Nobody signed in to application {self._client_id} in time."
        raise Unauthenticated(msg, hint=_AGAIN)

    def _application(self, authority: str) -> Any:
        if authority not in self._applications:
            import msal  # pyright: ignore[reportMissingTypeStubs]  # noqa: PLC0415 (imported at first use: import budget)

            self._applications[authority] = msal.PublicClientApplication(
                self._client_id, authority=authority, http_client=Session()
            )
        return self._applications[authority]
