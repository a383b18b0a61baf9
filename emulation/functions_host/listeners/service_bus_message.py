"""A Service Bus message as the host passes it to the worker.

Sources: `ServiceBusTriggerBindingStrategy`, `MessageToStringConverter` and `MessageToByteArrayConverter` of
Microsoft.Azure.WebJobs.Extensions.ServiceBus 5. Without `dataType` a body is bound as text.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType, AmqpMessageProperties

from emulation.functions_host import trigger_data
from emulation.functions_host.errors import BindingFailed
from emulation.functions_host.listeners import data_contract
from emulation.functions_host.values import unzoned
from emulation.functions_host.worker import Call

NEVER = datetime.max  # noqa: DTZ901 - what .NET says of a message that does not expire


def call_of(message: ServiceBusReceivedMessage, *, binary: bool) -> Call:
    """Return what a function with cardinality ONE is given.

    Args:
        message: As it was received.
        binary: Whether the function asked for bytes.

    Raises:
        BindingFailed: The body cannot be had in that form.
    """
    properties = _properties(message)
    expires = message.expires_at_utc or NEVER
    enqueued = message.enqueued_time_utc
    # Read once: each property of the SDK's message looks through all of these.
    own: Any = message.raw_amqp_message.properties or AmqpMessageProperties()
    metadata = {
        # The SDK counts failed deliveries before this one, the host this one too.
        "DeliveryCount": (message.delivery_count or 0) + 1,
        "DeadLetterSource": message.dead_letter_source,
        "LockToken": str(message.lock_token),
        "ExpiresAtUtc": unzoned(expires),
        "ExpiresAt": expires,
        "EnqueuedTimeUtc": enqueued and unzoned(enqueued),
        "EnqueuedTime": enqueued,
        "MessageId": _said(own.message_id),
        "ContentType": _said(own.content_type),
        "ReplyTo": _said(own.reply_to),
        "SequenceNumber": message.sequence_number,
        "To": _said(own.to),
        "Subject": _said(own.subject),
        "Label": _said(own.subject),
        "CorrelationId": _said(own.correlation_id),
        "ApplicationProperties": properties,
        "UserProperties": properties,
        "SessionId": _said(own.group_id),
        "ReplyToSessionId": _said(own.reply_to_group_id),
        "PartitionKey": message.partition_key,
    }
    return trigger_data.call(_bytes(message) if binary else _text(message), metadata)


def manual_call(text: str, *, binary: bool) -> Call:
    """Return a message that was never on the bus."""
    metadata: dict[str, Any] = {"MessageId": "", "DeliveryCount": 1, "SequenceNumber": 0, "UserProperties": {}}
    return trigger_data.call(text.encode() if binary else text, metadata)


def _text(message: ServiceBusReceivedMessage) -> str:
    body: Any = message.body
    if message.body_type == AmqpMessageBodyType.DATA:
        content = b"".join(body)
        try:
            return content.decode()
        except UnicodeDecodeError:
            wrapped = data_contract.text_of(content)
            return content.decode(errors="replace") if wrapped is None else wrapped
    if message.body_type == AmqpMessageBodyType.SEQUENCE:
        raise BindingFailed("A message with an AMQP sequence as its body cannot be bound to a string.")
    # The SDK gives AMQP's strings as bytes, and AMQP's binary too: that one is taken for text here.
    if isinstance(body, bytes | str):
        return _decoded(body)
    msg = f"A message with an AMQP value of type {type(body).__name__} as its body cannot be bound to a string."
    raise BindingFailed(msg)


def _bytes(message: ServiceBusReceivedMessage) -> bytes:
    body: Any = message.body
    if message.body_type != AmqpMessageBodyType.DATA:
        msg = f"A message with an AMQP {message.body_type.value} as its body has no bytes to bind to."
        raise BindingFailed(msg)
    return b"".join(body)


def _said(value: Any) -> Any:
    """Return one of AMQP's own properties as the SDK does: text, where it is any."""
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _properties(message: ServiceBusReceivedMessage) -> dict[str, Any]:
    return {_decoded(name): _plain(value) for name, value in (message.application_properties or {}).items()}


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return _decoded(value)
        case UUID():
            return str(value)
        case _:
            return value


def _decoded(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
