"""The ways to a source, each with the client that its senders use: plain HTTP, or the Azure SDKs."""

import base64
import contextlib
import time
import uuid
from collections.abc import Callable

import msgspec

from emulation.failure import Failed
from emulation.local.home import Source
from emulation.sending.message import BUS_LIMIT, Message, Shape, shrunk
from emulation.sending.rules import JSON, RULES, over_http, properties_of

OK, LAST_OK = 200, 299
_LONGEST_SHOWN = 300


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What the other side said.

    Args:
        accepted: Whether it has taken the message.
        status: The last answer over HTTP; 0: there was none, or the way is none of HTTP.
        attempts: How often it was tried.
        answer: The beginning of a refusal, or why there was no answer.
    """

    accepted: bool
    status: int = 0
    attempts: int = 1
    answer: str = ""


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, and how.

    Args:
        message: The message.
        source: Where it goes.
        key: Opens a URL; empty: the URL has it already, or needs none.
        organization_url: Of the organization that it comes from; empty: not known.
        as_sender: Whose rules are followed.
        session: SessionId of a Service Bus message; empty: none, as F&O and Dataverse can give none.
        say: Told what happens on the way.
    """

    message: Message
    source: Source
    key: str
    organization_url: str
    as_sender: Shape
    session: str
    say: Callable[[str], None]


def send(sending: Sending) -> Sent:
    """Send a message as its sender would, with the tries that it would make.

    Raises:
        Failed: There is no way to this source.
    """
    match sending.source.kind:
        case "http" | "event_grid":
            return _over_http(sending)
        case "service_bus":
            return _over_service_bus(sending)
        case "storage_queue":
            return _over_storage(sending)
        case "event_hub":
            return _to_hub(sending)
        case kind:
            msg = f"the source {sending.source.name} is of the kind {kind}, which nothing is sent to here"
            raise Failed("NoWay", msg)


def _over_http(sending: Sending) -> Sent:
    import httpx  # noqa: PLC0415 (each way needs its own client)

    rules = RULES[sending.as_sender]
    message, headers = over_http(sending.message, sending.organization_url)
    if sending.source.kind == "event_grid":
        headers["aeg-event-type"] = "Notification"
    query = {"code": sending.key} if sending.key else {}
    status, answer, attempts = 0, "", 0
    with httpx.Client(trust_env=sending.source.url.startswith("https"), timeout=rules.timeout) as client:
        url = httpx.URL(sending.source.url)
        url = url.copy_merge_params(query) if query else url
        for wait in (0.0, *rules.waits):
            time.sleep(wait)
            attempts += 1
            try:
                response = client.post(url, content=message.body, headers=headers)
                status, answer = response.status_code, response.text[:_LONGEST_SHOWN]
            except httpx.HTTPError as error:
                status, answer = 0, f"no answer: {type(error).__name__}: {error}"
            if OK <= status <= LAST_OK or not rules.retries(status):
                break
            sending.say(f"attempt {attempts}: {status or answer}")
    accepted = OK <= status <= LAST_OK
    return Sent(accepted=accepted, status=status, attempts=attempts, answer="" if accepted else answer)


def _over_service_bus(sending: Sending) -> Sent:
    from azure.core.exceptions import AzureError  # noqa: PLC0415 (as above)
    from azure.servicebus import ServiceBusClient, ServiceBusMessage  # noqa: PLC0415 (as above)

    source, message = sending.source, shrunk(sending.message, BUS_LIMIT)
    if source.sessions and not sending.session:
        msg = f"{source.queue or source.topic} requires sessions, and neither F&O nor Dataverse can give one"
        raise Failed("NoSession", msg, "Send it with --session ID, as another system would.", exit_code=2)
    outgoing = ServiceBusMessage(
        message.body,
        message_id=str(uuid.uuid4()),  # F&O's and Dataverse's ids say nothing of the event
        content_type="application/cloudevents+json" if message.shape == "cloud-event" else "application/json",
        application_properties={**properties_of(message, sending.organization_url)},
        session_id=sending.session or None,
    )
    try:
        with (
            ServiceBusClient.from_connection_string(source.connection, retry_total=1) as client,
            client.get_topic_sender(source.topic) if source.topic else client.get_queue_sender(source.queue) as sender,
        ):
            sender.send_messages(outgoing)
    except AzureError as error:
        return Sent(accepted=False, answer=_first_line(error))
    except ValueError as error:
        msg = f"this is no connection string: {_first_line(error)}"
        raise Failed("Usage", msg, "Copy it from the portal, whole.", exit_code=2) from error
    return Sent(accepted=True)


def _over_storage(sending: Sending) -> Sent:
    from azure.core.exceptions import AzureError, ResourceExistsError  # noqa: PLC0415 (as above)
    from azure.storage.queue import QueueClient  # noqa: PLC0415 (as above)

    # Base64, as Event Grid and the SDKs for .NET before version 12 write it ("Event Grid: storage queue handler").
    text = base64.b64encode(sending.message.body).decode()
    try:
        with QueueClient.from_connection_string(sending.source.connection, sending.source.queue) as client:
            with contextlib.suppress(ResourceExistsError):
                client.create_queue()
            client.send_message(text)
    except AzureError as error:
        return Sent(accepted=False, answer=_first_line(error))
    except ValueError as error:
        msg = f"this is no connection string: {_first_line(error)}"
        raise Failed("Usage", msg, "Copy it from the portal, whole.", exit_code=2) from error
    return Sent(accepted=True)


def _to_hub(sending: Sending) -> Sent:
    """Feed the local host, which plays no event hub (docs/functions-host.md)."""
    import httpx  # noqa: PLC0415 (as above)

    content = {"content-type": JSON, "x-functions-key": sending.key}
    event = {
        "bodyBase64": base64.b64encode(sending.message.body).decode(),
        "properties": properties_of(sending.message, sending.organization_url),
    }
    try:
        with httpx.Client(trust_env=False, timeout=RULES["unknown"].timeout) as client:
            answer = client.post(sending.source.url, json={"events": [event]}, headers=content)
    except httpx.HTTPError as error:
        return Sent(accepted=False, answer=f"no answer: {type(error).__name__}: {error}")
    return Sent(accepted=answer.is_success, status=answer.status_code, answer="" if answer.is_success else answer.text)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:_LONGEST_SHOWN] if str(error) else type(error).__name__
