"""Dataverse as somebody uses it who works there: registers what sends, and changes rows. Plain HTTP."""

import ssl
from types import TracebackType
from typing import Any, Self

import httpx

from emulation.demo.changes import CUSTOM_API, Change
from emulation.demo.world import INTAKE_HOST, NAMESPACE, ORGANIZATION, LocalWorld

API = "/api/data/v9.2/"
URL = f"https://{ORGANIZATION}.crm.dynamics.com"
TOPIC = "crm-events"
WEBHOOK, TOPIC_CONTRACT, WEBHOOK_KEY, SAS_KEY, JSON = 8, 5, 4, 2, 2
BEFORE, POST = 20, 40
FAILED, SUCCEEDED = 31, 30
LIMIT = 120.0


class Refused(Exception):
    """Dataverse did not do what it was asked; the message is its own."""


class Dataverse:
    """A user of Dataverse who may register steps.

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

    def register(self) -> None:
        """Register the sender of the sources `crm` (accounts, by a webhook) and `crm-bus` (contacts, by a topic)."""
        webhook = self._created("serviceendpoints", self._webhook())
        self._step(webhook, "Create", "account")
        step = self._step(webhook, "Update", "account", filteringattributes="name,creditlimit")
        self._image(step, "name,creditlimit")
        step = self._step(webhook, "Update", "account", filteringattributes="fax")
        self._image(step, "description")
        self._step(webhook, "Update", "account", filteringattributes="telephone1", mode=0, stage=BEFORE)
        self._step(webhook, "Delete", "account")
        self._step(webhook, CUSTOM_API)
        if self._world.send_key:
            topic = self._created("serviceendpoints", self._topic(*self._world.send_key))
            self._step(topic, "Create", "contact")
            self._step(topic, "Update", "contact", filteringattributes="firstname,lastname")
            self._step(topic, "Delete", "contact")

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

    def _webhook(self) -> dict[str, Any]:
        return {
            "name": "fno-link crm",
            "url": f"https://{INTAKE_HOST}/api/events/crm",
            "contract": WEBHOOK,
            "authtype": WEBHOOK_KEY,
            "authvalue": self._world.host.key,
            "connectionmode": 1,
        }

    def _topic(self, name: str, key: str) -> dict[str, Any]:
        return {
            "name": "fno-link crm-bus",
            "contract": TOPIC_CONTRACT,
            "authtype": SAS_KEY,
            "namespaceformat": 2,
            "namespaceaddress": f"sb://{NAMESPACE}/",
            "path": TOPIC,
            "saskeyname": name,
            "saskey": key,
            "messageformat": JSON,
            "userclaim": 1,
            "connectionmode": 1,
        }

    def _step(self, endpoint: str, message: str, table: str = "", **changes: object) -> str:
        message_id = self._first("sdkmessages", f"name eq '{message}'")["sdkmessageid"]
        step: dict[str, Any] = {
            "name": f"fno-link: {message} of {table or 'no table'}",
            "stage": POST,
            "mode": 1,
            "rank": 1,
            "supporteddeployment": 0,
            "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({endpoint})",
            "sdkmessageid@odata.bind": f"/sdkmessages({message_id})",
        }
        if table:
            wanted = f"primaryobjecttypecode eq '{table}' and _sdkmessageid_value eq {message_id}"
            found = self._first("sdkmessagefilters", wanted)["sdkmessagefilterid"]
            step["sdkmessagefilterid@odata.bind"] = f"/sdkmessagefilters({found})"
        return self._created("sdkmessageprocessingsteps", step | changes)

    def _image(self, step: str, attributes: str) -> None:
        image = {
            "name": "before",
            "entityalias": "before",
            "imagetype": 0,
            "messagepropertyname": "Target",
            "attributes": attributes,
            "sdkmessageprocessingstepid@odata.bind": f"/sdkmessageprocessingsteps({step})",
        }
        self._created("sdkmessageprocessingstepimages", image)

    def _first(self, entity_set: str, wanted: str) -> dict[str, Any]:
        answer = self._checked(self._http.get(entity_set, params={"$filter": wanted, "$top": "1"}))
        found: list[dict[str, Any]] = answer.json()["value"]
        if not found:
            msg = f"there is no row of {entity_set} where {wanted}"
            raise Refused(msg)
        return found[0]

    def _created(self, entity_set: str, row: dict[str, Any]) -> str:
        answer = self._checked(self._http.post(entity_set, json=row))
        return answer.headers["OData-EntityId"].rpartition("(")[2].rstrip(")")

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if not answer.is_success:
            raise Refused(answer.text)
        return answer
