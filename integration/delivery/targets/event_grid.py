"""Deliver to an Event Grid custom topic as CloudEvents.

Source: "Publish events to Azure Event Grid custom topics", "Authenticate publishing clients".
"""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from integration.clock import Clock, SystemClock
from integration.config.keys.model import EventGridTarget
from integration.delivery.shipment import Receipt, Shipment
from integration.delivery.targets.post import Request, post
from integration.errors import TargetRejected, TargetUnavailable
from integration.events.cloudevents import BATCH_TYPE, batch

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from azure.core.credentials_async import AsyncTokenCredential

API_VERSION = "2018-01-01"
# The token audience of each cloud by its topic hosts; all others are the public one's.
_AUDIENCES = {".azure.us": "https://eventgrid.azure.us", ".azure.cn": "https://eventgrid.azure.cn"}
_PUBLIC = "https://eventgrid.azure.net"
# What an operator can mend without touching the event: it waits, and goes on by itself.
_MENDABLE = {
    401: "the topic refused the key or identity; correct it",
    403: "the topic refused the identity; it needs the role EventGrid Data Sender, and the topic this network",
    404: "there is no such topic; create it, or correct the target's endpoint",
}


class EventGrid:
    """A custom topic whose input schema is CloudEvents 1.0.

    Args:
        target: Its configuration.
        http: The process's client.
        credential: Gives the TokenCredential of a managed identity by its client id ("" for the system-assigned).
        clock: Time.
    """

    def __init__(
        self,
        target: EventGridTarget,
        http: "httpx.AsyncClient",
        credential: "Callable[[str], AsyncTokenCredential]",
        clock: Clock | None = None,
    ) -> None:
        self._target = target
        self._http = http
        self._credential = credential
        self._clock = clock or SystemClock()
        endpoint = urlsplit(target.endpoint)
        self._url = target.endpoint if endpoint.query else f"{target.endpoint}?api-version={API_VERSION}"
        host = endpoint.hostname or ""
        audience = next((each for suffix, each in _AUDIENCES.items() if host.endswith(suffix)), _PUBLIC)
        self._scope = f"{audience}/.default"

    async def deliver(self, shipment: Shipment) -> Receipt:
        """POST a batch of one event.

        Raises:
            TargetUnavailable: No token, no answer, a 5xx, 408, 425 or 429, and what can be mended without the event:
                a refused key or identity, a topic that does not exist.
            TargetRejected: Any other answer but a 2xx: the event is too large, or is not what the topic takes.
        """
        headers = {"content-type": BATCH_TYPE, **await self._authorization()}
        try:
            return await post(self._http, self._request(batch([shipment.event]), headers))
        except TargetRejected as rejected:
            if rejected.status not in _MENDABLE:
                raise
            msg = f"{rejected}: {_MENDABLE[rejected.status]}"
            raise TargetUnavailable(msg, status=rejected.status, response=rejected.response) from rejected

    async def close(self) -> None:
        """Nothing to close: client and identity belong to the process."""

    def _request(self, body: bytes, headers: dict[str, str]) -> Request:
        return Request(
            url=self._url,
            body=body,
            headers=headers,
            name=self._target.name,
            timeout=self._target.timeout.total_seconds(),
            now=self._clock.now(),
            configured=self._url,
        )

    async def _authorization(self) -> dict[str, str]:
        if self._target.key:
            return {"aeg-sas-key": self._target.key}
        from azure.core.exceptions import AzureError  # noqa: PLC0415  # imported at first use: import budget

        try:
            token = await self._credential(self._target.client_id).get_token(self._scope)
        except AzureError as error:
            msg = f"no token of the managed identity for {self._target.name}: {type(error).__name__}"
            raise TargetUnavailable(msg) from error
        return {"authorization": f"Bearer {token.token}"}
