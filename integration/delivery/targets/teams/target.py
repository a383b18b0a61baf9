"""Post cards by the webhook of a workflow ("Post to a channel when a webhook request is received").

The workflow answers 202 as soon as it has begun; whether the card is then shown, it tells nobody but its own run
history. So the card is made such that it is: see `card`. Source: page "Receive and respond to inbound HTTPS calls to
workflows in Azure Logic Apps" (202 without a Response action), on which these workflows run.
"""

from typing import TYPE_CHECKING

from integration.clock import Clock, SystemClock
from integration.config.keys.model import TeamsTarget
from integration.delivery.shipment import Receipt, Shipment
from integration.delivery.targets.post import Request, post
from integration.delivery.targets.teams.card import message

if TYPE_CHECKING:
    import httpx


class Teams:
    """A channel or chat.

    Args:
        target: Its configuration.
        http: The process's client; redirects are never followed.
        clock: For a Retry-After that is a date.
    """

    def __init__(self, target: TeamsTarget, http: "httpx.AsyncClient", clock: Clock | None = None) -> None:
        self._target = target
        self._http = http
        self._clock = clock or SystemClock()

    async def deliver(self, shipment: Shipment) -> Receipt:
        """Post one event as a card.

        Raises:
            TargetUnavailable: No answer, a 5xx, 408, 425 or 429.
            TargetRejected: Any other answer but a 2xx: the workflow is gone or switched off, or its URL has changed.
        """
        request = Request(
            url=self._target.url,
            body=message(shipment.event),
            headers={"content-type": "application/json"},
            name=self._target.name,
            timeout=self._target.timeout.total_seconds(),
            now=self._clock.now(),
            configured=self._target.url,
        )
        return await post(self._http, request)

    async def close(self) -> None:
        """Nothing to close: the client belongs to the process."""
