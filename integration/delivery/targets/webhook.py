"""Deliver by HTTPS POST, signed by the Standard Webhooks scheme.

Source: the Standard Webhooks specification (headers webhook-id, webhook-timestamp, webhook-signature); CloudEvents
HTTP protocol binding 1.0.2.
"""

import asyncio
import base64
import hmac
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from integration.clock import Clock, SystemClock
from integration.config.model import WebhookTarget
from integration.delivery.shipment import Receipt, Shipment, content
from integration.errors import TargetRejected, TargetUnavailable
from integration.events.cloudevents import binary
from integration.routing.templates import Template

if TYPE_CHECKING:
    import httpx

_RESPONSE = 500
_TRANSIENT = frozenset({408, 425, 429})


class Webhook:
    """An HTTPS endpoint.

    Args:
        target: Its configuration.
        http: The process's client; redirects are never followed, so that no receiver can pass an event on.
        clock: Dates the signature.
    """

    def __init__(self, target: WebhookTarget, http: "httpx.AsyncClient", clock: Clock | None = None) -> None:
        self._target = target
        self._http = http
        self._clock = clock or SystemClock()
        self._url = Template.compile(target.url, landing="url", key=f"targets.{target.name}.url")
        self._secret = base64.b64decode(target.secret.removeprefix("whsec_"))

    async def deliver(self, shipment: Shipment) -> Receipt:
        """POST one event.

        Raises:
            TargetUnavailable: No answer, a 5xx, 408, 425 or 429.
            TargetRejected: Any other answer but a 2xx.
            TemplateField: The URL names a field that the event does not have.
        """
        import httpx  # noqa: PLC0415  # imported at first use: import budget

        url = self._url.render(shipment.event)
        headers, body = self._request(shipment)
        timeout = self._target.timeout.total_seconds()
        try:
            # httpx limits each read; a receiver that drips its answer is limited here.
            async with (
                asyncio.timeout(timeout),
                self._http.stream(
                    "POST", url, content=body, headers=headers, timeout=timeout, follow_redirects=False
                ) as answer,
            ):
                response = await _first_bytes(answer)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeEncodeError) as error:
            msg = f"no request can be made to {self._target.name}: its URL or headers are not legal"
            raise TargetRejected(msg) from error
        except (httpx.HTTPError, TimeoutError) as error:
            msg = f"{self._target.name} gave no answer: {type(error).__name__}"
            raise TargetUnavailable(msg) from error
        return self._judge(answer, response)

    async def close(self) -> None:
        """Nothing to close: the client belongs to the process."""

    def _judge(self, answer: "httpx.Response", response: str) -> Receipt:
        status = answer.status_code
        if answer.is_success:
            return Receipt(status, response)
        msg = f"{self._target.name} answered {status}"
        if answer.is_redirect:
            msg += ", a redirect, and redirects are not followed"
        if answer.is_server_error or status in _TRANSIENT:
            wait = _retry_after(answer.headers.get("retry-after", ""), self._clock.now())
            raise TargetUnavailable(msg, status=status, response=response, retry_after=wait)
        raise TargetRejected(msg, status=status, response=response)

    def _request(self, shipment: Shipment) -> tuple[dict[str, str], bytes]:
        if self._target.body == "cloudevent" and self._target.mode == "binary":
            headers, body = binary(shipment.event)
        else:
            body, content_type = content(shipment.event, self._target.body)
            headers = {"content-type": content_type}
        headers |= {name.lower(): value for name, value in self._target.headers.items()}
        headers["accept-encoding"] = "identity"  # a few bytes must not unfold into many
        headers["webhook-id"] = shipment.message_id
        now = self._clock.now()
        headers["webhook-timestamp"] = str(int(now.timestamp()))
        if self._secret:
            signed = f"{shipment.message_id}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.digest(self._secret, signed, "sha256")
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers, body


async def _first_bytes(answer: "httpx.Response") -> str:
    """Read the beginning of an answer; the rest of a long one is not worth waiting for."""
    read = b""
    async for chunk in answer.aiter_raw():
        read += chunk
        if len(read) >= _RESPONSE:
            break
    return read[:_RESPONSE].decode(errors="replace")


def _retry_after(header: str, now: datetime) -> float | None:
    """Read Retry-After: seconds, or an HTTP date."""
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds()) if header else None
    except (ValueError, TypeError):
        return None
