"""Sending to a queue or topic of Service Bus, with the SAS rule of the endpoint.

Sources: "Azure integration", "Write a listener application for an Azure solution" and the class reference of
Microsoft.Xrm.Sdk.ClaimTypes. No MessageId of Dataverse's own is documented: the client's SDK makes one.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import (
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
)

from emulation.dynamics.sending.envelope import Envelope
from emulation.dynamics.sending.failure import not_posted
from emulation.dynamics.sending.sites import NoSuchHost, place_of

CLAIMS = "http://schemas.microsoft.com/xrm/2011/Claims/"
TOPIC = 5
NAME = 1


async def send(sites: dict[str, str], endpoint: Mapping[str, Any], envelope: Envelope) -> None:
    """Send one message.

    Args:
        sites: Where hosts stand.
        endpoint: The row of the endpoint.
        envelope: What is sent.

    Raises:
        NotSent: The bus did not take it.
    """
    try:
        connection = _connection(sites, endpoint)
    except NoSuchHost as error:
        msg = f"The remote name could not be resolved: '{error}'"
        raise not_posted(msg) from error
    message = ServiceBusMessage(
        envelope.body,
        message_id=uuid4().hex,
        content_type=envelope.content_type,
        correlation_id="{" + envelope.correlation + "}",
        application_properties=_properties(envelope),
    )
    try:
        async with ServiceBusClient.from_connection_string(connection, retry_total=0) as client:
            path = str(endpoint["path"])
            sender = client.get_topic_sender(path) if endpoint["contract"] == TOPIC else client.get_queue_sender(path)
            async with sender:
                await sender.send_messages(message)
    except (ServiceBusAuthorizationError, ServiceBusAuthenticationError, MessagingEntityNotFoundError) as error:
        raise not_posted(_first_line(error)) from error
    except (AzureError, OSError) as error:
        raise not_posted(_first_line(error)) from error


def _connection(sites: dict[str, str], endpoint: Mapping[str, Any]) -> str:
    address = str(endpoint.get("namespaceaddress") or "")
    if endpoint.get("namespaceformat") == NAME:
        address = f"sb://{endpoint['solutionnamespace']}.servicebus.windows.net/"
    _, port = place_of(sites, address)
    name, key = endpoint.get("saskeyname"), endpoint.get("saskey")
    shared = (
        f"SharedAccessSignature={endpoint['sastoken']}"
        if endpoint.get("sastoken")
        else f"SharedAccessKeyName={name};SharedAccessKey={key}"
    )
    return f"Endpoint=sb://localhost:{port};{shared};UseDevelopmentEmulator=true;"


def _properties(envelope: Envelope) -> dict[str | bytes, Any]:
    properties: dict[str | bytes, Any] = {
        f"{CLAIMS}Organization": envelope.organization,
        f"{CLAIMS}User": envelope.user,
        f"{CLAIMS}InitiatingUser": envelope.initiating_user,
        f"{CLAIMS}InitiatingUserAgent": envelope.agent,
        f"{CLAIMS}EntityLogicalName": envelope.table,
        f"{CLAIMS}RequestName": envelope.message,
    }
    if envelope.reduced:
        properties["MessageMaxSizeExceeded"] = "true"
    return properties


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or urlsplit(type(error).__name__).path
