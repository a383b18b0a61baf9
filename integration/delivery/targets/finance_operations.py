"""Deliver to the linked Finance & Operations environment: a custom service, or an OData action.

Sources: "Custom service development" (POST /api/services/{group}/{service}/{operation} with the operation's parameters
as members of one JSON object), "Open Data Protocol (OData)" (actions), "Priority-based throttling" (429, Retry-After).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from integration.clock import Clock, SystemClock
from integration.config.keys.model import Delivery, FinanceOperationsTarget, Organization
from integration.dataverse.json_body import Unreadable, read
from integration.delivery.shipment import Receipt, Shipment
from integration.delivery.targets.pace import Pace
from integration.delivery.targets.post import Request, ask, judged
from integration.delivery.targets.xpp import READ, refusal
from integration.errors import LinkUnknown, TargetRejected, TargetUnavailable
from integration.events.cloudevents import structured
from integration.finance_operations import FinanceOperations as Client
from integration.links.values import Linked
from integration.routing.templates import Template

if TYPE_CHECKING:
    import httpx

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TOO_MANY = 429
_UNAVAILABLE = 503


class FinanceOperations:
    """The environment that the event's organization is linked to, whichever that is at the time.

    Args:
        target: Its configuration.
        organizations: The configured ones.
        client: Gives the tokens, each for one trusted environment.
        http: The process's client.
        clock: For a Retry-After that is a date.
        pace: The turns at the environments, of all targets of the process; None: of this one alone.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the composition root names each part once
        self,
        target: FinanceOperationsTarget,
        organizations: Mapping[str, Organization],
        client: Client,
        http: "httpx.AsyncClient",
        clock: Clock | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._target = target
        self._organizations = organizations
        self._client = client
        self._http = http
        self._clock = clock or SystemClock()
        self._pace = pace or Pace(Delivery().calls_per_environment, self._clock)
        self._path = Template.compile(target.path, landing="url_path", key=f"targets.{target.name}.path")

    async def deliver(self, shipment: Shipment) -> Receipt:
        """POST one event.

        Raises:
            CoolingDown: The environment asked for a pause, or has as many calls as it may have; nothing was sent.
            UntrustedLink: The environment is not trusted; no token was asked for and nothing was sent.
            TargetUnavailable: No token, no answer, a 5xx that is no refusal, 408, 425 or 429.
            TargetRejected: The service refused (HTTP 500 with an X++ exception that a repetition does not change), any
                other answer but a 2xx, or an event that this target cannot send.
            TemplateField: The path names a field that the event does not have.
        """
        link = shipment.link
        if link is None:
            msg = f"{self._target.name} is the linked environment, and the route does not need the link: none is known"
            raise TargetRejected(msg)
        self._client.check(link)
        path = self._path.render(shipment.event, link)
        body = self._body(shipment)
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self._target.idempotency_header:
            headers[self._target.idempotency_header.lower()] = shipment.delivery_id
        try:
            return await self._post(shipment, link, path, body, headers)
        except TargetRejected as rejected:
            if rejected.status != _UNAUTHORIZED:
                raise
        self._client.drop_token(link)  # it may have been revoked: once more with a new one
        try:
            return await self._post(shipment, link, path, body, headers)
        except TargetRejected as rejected:
            if rejected.status not in {_UNAUTHORIZED, _FORBIDDEN}:
                raise
            msg = (
                f"{link.url} refused the call ({rejected.status}): add the client id under System administration > "
                "Setup > Microsoft Entra applications and map it to a user"
            )
            raise TargetRejected(msg, status=rejected.status, response=rejected.response) from rejected

    async def close(self) -> None:
        """Nothing to close: the clients belong to the process."""

    async def _post(self, shipment: Shipment, link: Linked, path: str, body: bytes, headers: dict[str, str]) -> Receipt:
        organization = self._organizations[shipment.event.organization]
        try:
            token = await self._client.token(organization, link)
        except LinkUnknown as unknown:
            msg = f"no token for {link.url}: {unknown}"
            raise TargetUnavailable(msg, status=unknown.status, retry_after=unknown.retry_after) from unknown
        async with self._pace.turn(link.url):
            request = Request(
                url=f"{link.url}{path}",
                body=body,
                headers=headers | {"authorization": f"Bearer {token}"},
                name=self._target.name,
                timeout=self._target.timeout.total_seconds(),
                now=self._clock.now(),
                public=[self._target.idempotency_header],
                read=READ,
            )
            answer = await ask(self._http, request)
            if answer.status == _TOO_MANY or (answer.status == _UNAVAILABLE and answer.retry_after is not None):
                self._pace.pause(link.url, answer.retry_after)
        exception = refusal(answer.status, answer.body)
        if exception:
            msg = f"{self._target.name} refused the event: its service ended with {exception[:100]} ({answer.status})"
            raise TargetRejected(msg, status=answer.status, response=answer.text)
        return judged(answer, self._target.name)

    def _body(self, shipment: Shipment) -> bytes:
        event = shipment.event
        if self._target.body == "cloudevent":
            body = structured(event)
        elif event.data and event.is_json:
            body = bytes(event.data)
        else:
            msg = f"the event's data is {event.datacontenttype if event.data else 'empty'}, and F&O takes JSON"
            raise TargetRejected(msg)
        if self._target.wrapper:
            body = msgspec.json.encode({self._target.wrapper: msgspec.Raw(body)})
        if self._target.idempotency_field:
            body = insert(body, self._target.idempotency_field.split("."), shipment.delivery_id)
        return body


def insert(body: bytes, path: list[str], value: str) -> bytes:
    """Write a text into a JSON object and leave the rest byte for byte; objects on the way are made.

    Args:
        body: JSON text.
        path: Names of members, from outside in.
        value: What to write.

    Raises:
        TargetRejected: Something on the way is no object.
    """
    try:
        members = read(body, dict[str, msgspec.Raw])
    except Unreadable as error:
        msg = f"there is no object to write the idempotency key {path[-1]} into"
        raise TargetRejected(msg) from error
    name, *rest = path
    inner = insert(bytes(members.get(name, b"{}")), rest, value) if rest else msgspec.json.encode(value)
    return msgspec.json.encode(members | {name: msgspec.Raw(inner)})
