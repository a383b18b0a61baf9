"""Deliver by HTTPS POST, signed by the Standard Webhooks scheme.

Source: the Standard Webhooks specification (headers webhook-id, webhook-timestamp, webhook-signature); CloudEvents
HTTP protocol binding 1.0.2.
"""

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from integration.clock import Clock, SystemClock
from integration.config.keys.model import WebhookTarget
from integration.delivery.shipment import Receipt, Shipment, content
from integration.delivery.targets.batches import Batches
from integration.delivery.targets.permission import Permissions
from integration.delivery.targets.post import Request, post
from integration.errors import DeliveryFailed, TargetRejected
from integration.events.cloudevents import BATCH_TYPE, batch, binary
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

    Raises:
        ValueError: The receiver is to be asked first, and no storage is given.
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
        is_batch = target.mode == "batch" and target.body == "cloudevent"
        self._batches = Batches(self._send) if is_batch else None
        self._permissions = None
        if target.validate:
            if storage is None:
                msg = f"{target.name} is to be asked first, and there is nothing to remember its answer in"
                raise ValueError(msg)
            self._permissions = Permissions(target, http, storage, self._clock)
        self._secret = base64.b64decode(target.secret.removeprefix("whsec_"))

    async def deliver(self, shipment: Shipment) -> Receipt:
        """POST one event, in a batch with others where the target takes batches.

        Raises:
            TargetUnavailable: No answer, a 5xx, 408, 425 or 429.
            TargetRejected: Any other answer but a 2xx, or an event with an attribute that no header can hold.
            NotPermitted: The receiver was asked and did not permit deliveries; or NotPermittedYet.
            RateReached: It permits no more of them this minute.
            TemplateField: The URL names a field that the event does not have.
        """
        url = self._url.render(shipment.event)
        return await (self._batches.deliver(url, shipment) if self._batches else self._send(url, [shipment]))

    async def close(self) -> None:
        """End what is under way; the client belongs to the process."""
        if self._batches is not None:
            await self._batches.close()
        if self._permissions is not None:
            await self._permissions.close()

    async def _send(self, url: str, shipments: list[Shipment]) -> Receipt:
        headers, body = self._content(shipments)
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

    def _content(self, shipments: list[Shipment]) -> tuple[dict[str, str], bytes]:
        shipment = shipments[0]
        if self._batches is not None:
            headers, body = {"content-type": BATCH_TYPE}, batch(each.event for each in shipments)
        elif self._target.body == "cloudevent" and self._target.mode == "binary":
            headers, body = binary(shipment.event)
        else:
            body, content_type = content(shipment.event, self._target.body)
            headers = {"content-type": content_type}
        for name, value in headers.items():
            if not _FIELD_VALUE.fullmatch(value):
                msg = f"the event's {_NAMES.get(name, name)} cannot stand in a header: {value[:80]!r}"
                raise TargetRejected(msg)
        headers |= {name.lower(): value for name, value in self._target.headers.items()}
        headers["webhook-id"] = message_id = _id_of(shipments)
        now = self._clock.now()
        headers["webhook-timestamp"] = str(int(now.timestamp()))
        if self._secret:
            signed = f"{message_id}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.digest(self._secret, signed, "sha256")
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers, body


def _id_of(shipments: list[Shipment]) -> str:
    """Name a request: by its delivery; one of several by them all, so that the same again has the same name."""
    if len(shipments) == 1:
        return shipments[0].message_id
    return hashlib.sha256(",".join(each.message_id for each in shipments).encode()).hexdigest()
