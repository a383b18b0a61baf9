"""Sending to an event hub: no hub is played here, so that the functions host is fed as its partition would feed it.

Source: the pages "Azure integration" and "Send Dataverse data to Azure Event Hubs" (the body is that of Service Bus).
"""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from emulation.dynamics.sending.envelope import Envelope
from emulation.dynamics.sending.failure import not_posted
from emulation.dynamics.sending.sites import site_of


async def feed(
    client: httpx.AsyncClient, sites: dict[str, str], endpoint: Mapping[str, Any], envelope: Envelope
) -> None:
    """Send one event.

    Args:
        client: Of this world.
        sites: Where hosts stand; of a namespace the URL at which the host takes the events of its function.
        endpoint: The row of the endpoint.
        envelope: What is sent.

    Raises:
        NotSent: Nobody took it.
    """
    address = str(endpoint.get("namespaceaddress") or "")
    there = site_of(sites, address)
    if not there.startswith("http://"):
        msg = f"The remote name could not be resolved: '{urlsplit(address).hostname}'"
        raise not_posted(msg)
    event = {"bodyBase64": base64.b64encode(envelope.body).decode(), "contentType": envelope.content_type}
    try:
        response = await client.post(there, json={"events": [event]}, timeout=30)
    except httpx.HTTPError as error:
        msg = f"Unable to connect to the remote server: {error}"
        raise not_posted(msg) from error
    if not response.is_success:
        msg = f"The hub answered {response.status_code}."
        raise not_posted(msg)
