"""Dataverse as somebody uses it who works there: changes rows, and sees what became of them. Plain HTTP."""

import ssl
from types import TracebackType
from typing import Any, Self

import httpx

from emulation.demo.changes import CUSTOM_API, Change
from emulation.demo.world import ORGANIZATION, LocalWorld

API = "/api/data/v9.2/"
URL = f"https://{ORGANIZATION}.crm.dynamics.com"
FAILED = 31
LIMIT = 120.0


class Refused(Exception):
    """Dataverse did not do what it was asked; the message is its own."""


class Dataverse:
    """A user of Dataverse who may change rows.

    Args:
        world: Where it is.
    """

    def __init__(self, world: LocalWorld) -> None:
        self._world = world
        environ = world.dynamics.environ
        trusted = ssl.create_default_context(cafile=environ["SSL_CERT_FILE"])
        self._http = httpx.Client(
            base_url=URL + API, proxy=environ["HTTPS_PROXY"], verify=trusted, trust_env=False, timeout=LIMIT
        )

    def __enter__(self) -> Self:
        self._http.headers["authorization"] = f"Bearer {self._token()}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def make(self, change: Change) -> bool:
        """Make a change; return whether Dataverse has taken it."""
        control = self._world.dynamics.control
        if change.doing == "custom_api":
            control.raise_event(ORGANIZATION, CUSTOM_API, {"ItemId": change.marker, "Currency": "EUR"})
            return True
        if before := change.before():
            control.add_rows(ORGANIZATION, change.table, [before])
        row = f"{change.table}({change.key})"
        match change.doing:
            case "create":
                answer = self._http.post(change.table, json=change.given())
            case "delete":
                answer = self._http.delete(row)
            case _:
                answer = self._http.patch(row, json=change.given(), headers={"If-Match": "*"})
        return answer.is_success

    def jobs(self, status: int) -> list[dict[str, Any]]:
        """Return the system jobs of this status."""
        columns = "message,_regardingobjectid_value,messagename"
        answer = self._http.get(f"asyncoperations?$filter=statuscode eq {status}&$select={columns}")
        return self._checked(answer).json()["value"]

    def _token(self) -> str:
        client_id, secret = self._world.colleague
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": f"{URL}/.default",
        }
        where = "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token"
        return self._checked(self._http.post(where, data=form)).json()["access_token"]

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if not answer.is_success:
            raise Refused(answer.text)
        return answer
