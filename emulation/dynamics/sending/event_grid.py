"""Publishing to a topic of Event Grid.

Sources: "Post to custom topic for Azure Event Grid", "CloudEvents v1.0 schema with Azure Event Grid". What Dataverse
puts into subject and type is documented nowhere: here the row and the message.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from emulation.dynamics.sending.envelope import Envelope
from emulation.dynamics.sending.failure import not_posted
from emulation.dynamics.sending.sites import NoSuchHost, place_of

CLOUD_EVENTS = 2
API_VERSION = "2018-01-01"


async def publish(
    client: httpx.AsyncClient, sites: dict[str, str], endpoint: Mapping[str, Any], envelope: Envelope, at: str
) -> None:
    """Publish one event.

    Args:
        client: Of this world.
        sites: Where hosts stand.
        endpoint: The row of the endpoint.
        envelope: What is published; its body is JSON.
        at: When it happened, ISO 8601.

    Raises:
        NotSent: The topic did not take it.
    """
    url = str(endpoint.get("url") or endpoint.get("namespaceaddress"))
    try:
        host, port = place_of(sites, url)
    except NoSuchHost as error:
        msg = f"The remote name could not be resolved: '{error}'"
        raise not_posted(msg) from error
    parts = urlsplit(url)
    cloud = endpoint.get("schematype") == CLOUD_EVENTS
    kind = "application/cloudevents-batch+json" if cloud else "application/json"
    headers = {
        "host": parts.netloc,
        "content-type": f"{kind}; charset=utf-8",
        "aeg-sas-key": str(endpoint.get("authvalue") or endpoint.get("saskey") or ""),
    }
    body = json.dumps([_event(envelope, at, cloud=cloud)])
    try:
        response = await client.post(
            f"http://{host}:{port}{parts.path}?api-version={API_VERSION}", content=body, headers=headers, timeout=30
        )
    except httpx.HTTPError as error:
        msg = f"Unable to connect to the remote server: {error}"
        raise not_posted(msg) from error
    if not response.is_success:
        msg = f"The topic answered {response.status_code}."
        raise not_posted(msg)


def _event(envelope: Envelope, at: str, *, cloud: bool) -> dict[str, Any]:
    data: Any = json.loads(envelope.body)
    subject = f"{envelope.table}/{data.get('PrimaryEntityId', '')}"
    if cloud:
        return {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": f"https://{envelope.organization}",
            "type": envelope.message,
            "subject": subject,
            "time": at,
            "datacontenttype": "application/json",
            "data": data,
        }
    return {
        "id": str(uuid4()),
        "subject": subject,
        "eventType": envelope.message,
        "eventTime": at,
        "dataVersion": "1.0",
        "data": data,
    }
