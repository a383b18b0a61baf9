"""Deliver by HTTPS POST, signed by the Standard Webhooks scheme.

Source: the Standard Webhooks specification (headers webhook-id, webhook-timestamp, webhook-signature); CloudEvents
HTTP protocol binding 1.0.2.
"""

import base64
import hmac
import re
from typing import TYPE_CHECKING

from integration.clock import Clock, SystemClock
from integration.config.keys.model import WebhookTarget
from integration.delivery.shipment import Receipt, Shipment, content
from integration.delivery.targets.permission import Permissions
from integration.delivery.targets.post import Request, post
from integration.errors import DeliveryFailed, TargetRejected
from integration.events.cloudevents import binary
from integration.routing.templates import Template
from integration.storage import Storage

if TYPE_CHECKING:
    import httpx

_FIELD_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?|")
"""RFC 9110 §5.5, in ASCII."""

_NAMES = {"content-type": "content type"}


class Webhook:
    """An HTTPS endpoint.

    Args:
        target: Its configuration.
        http: The process's client; redirects are never followed, so that no receiver can pass an event on.
        clock: Dates the signature.
        storage: Remembers what receivers have permitted; needed with `validate`.
    """

    def __init__(
        self,
        target: WebhookTarget,
        http: "httpx.AsyncClient",
        clock: Clock | None = None,
        *,
        storage: Storage | None = None,
    ) -> None:
        self._target = target
        self._http = http
        self._clock = clock or SystemClock()
        self._url = Template.compile(target.url, landing="url", key=f"targets.{target.name}.url")
        self._permissions = None
        if target.validate and storage is not None:
            self._permissions = Permissions(target, http, storage, self._clock)
        self._secret = base64.b64decode(target.secret.removeprefix("whsec_"))

    async def deliver(self, shipment: Shipment) -> Receipt:
        """POST one event.

        Raises:
            TargetUnavailable: No answer, a 5xx, 408, 425 or 429.
            TargetRejected: Any other answer but a 2xx, or an event with an attribute that no header can hold.
            NotPermitted: The receiver was asked and did not permit deliveries; or NotPermittedYet.
            RateReached: It permits no more of them this minute.
            TemplateField: The URL names a field that the event does not have.
        """
        url = self._url.render(shipment.event)
        headers, body = self._content(shipment)
        if self._permissions is not None:
            headers |= await self._permissions.permit(url)
        request = Request(
            url=url,
            body=body,
            headers=headers,
            name=self._target.name,
            timeout=self._target.timeout.total_seconds(),
            now=self._clock.now(),
            configured=self._target.url,
        )
        try:
            return await post(self._http, request)
        except DeliveryFailed as failure:
            if self._permissions is not None:
                await self._permissions.refused(url, failure)
            raise

    async def close(self) -> None:
        """End what is being asked; the client belongs to the process."""
        if self._permissions is not None:
            await self._permissions.close()

    def _content(self, shipment: Shipment) -> tuple[dict[str, str], bytes]:
        if self._target.body == "cloudevent" and self._target.mode == "binary":
            headers, body = binary(shipment.event)
        else:
            body, content_type = content(shipment.event, self._target.body)
            headers = {"content-type": content_type}
        for name, value in headers.items():
            if not _FIELD_VALUE.fullmatch(value):
                msg = f"the event's {_NAMES.get(name, name)} cannot stand in a header: {value[:80]!r}"
                raise TargetRejected(msg)
        headers |= {name.lower(): value for name, value in self._target.headers.items()}
        headers["webhook-id"] = shipment.message_id
        now = self._clock.now()
        headers["webhook-timestamp"] = str(int(now.timestamp()))
        if self._secret:
            signed = f"{shipment.message_id}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.digest(self._secret, signed, "sha256")
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers, body
