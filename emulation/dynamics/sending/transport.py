"""The way to each kind of endpoint."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from emulation.dynamics.sending import event_grid, event_hub, service_bus, webhook
from emulation.dynamics.sending.envelope import Envelope
from emulation.dynamics.sending.where import Where
from emulation.dynamics.tables.rules import EVENT_GRID, WEBHOOK

EVENT_HUB = 7


class Transport:
    """Sends to endpoints; neither the environment's proxy, which is this world itself, nor redirects are followed."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)

    async def send(self, where: Where, endpoint: Mapping[str, Any], envelope: Envelope) -> None:
        """Send once.

        Args:
            where: The organization that sends.
            endpoint: The row of the endpoint.
            envelope: What is sent.

        Raises:
            NotSent: The endpoint did not take it.
        """
        match endpoint["contract"]:
            case contract if contract == WEBHOOK:
                await webhook.post(self._client, where.sites, endpoint, envelope, where.pace.webhook_timeout)
            case contract if contract == EVENT_GRID:
                at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
                await event_grid.publish(self._client, where.sites, endpoint, envelope, at)
            case contract if contract == EVENT_HUB:
                await event_hub.feed(self._client, where.sites, endpoint, envelope)
            case _:
                await service_bus.send(where.sites, endpoint, envelope)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
