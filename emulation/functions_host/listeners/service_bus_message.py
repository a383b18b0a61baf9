"""A Service Bus message as the host passes it to the worker. Page "Azure Service Bus trigger for Azure Functions"."""

from typing import Any
from uuid import UUID

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType

from emulation.functions_host.values import encode, encode_all, text_or_bytes
from emulation.functions_host.worker import Call


def call_of(message: ServiceBusReceivedMessage) -> Call:
    """Return what a function with cardinality ONE is given."""
    properties = _properties(message)
    metadata = {
        "MessageId": message.message_id,
        "CorrelationId": message.correlation_id,
        "ContentType": message.content_type,
        "Label": message.subject,
        "Subject": message.subject,
        "To": message.to,
        "ReplyTo": message.reply_to,
        "ReplyToSessionId": message.reply_to_session_id,
        "SessionId": message.session_id,
        "PartitionKey": message.partition_key,
        "LockToken": str(message.lock_token),
        "DeadLetterSource": message.dead_letter_source,
        "DeadLetterReason": message.dead_letter_reason,
        "DeadLetterErrorDescription": message.dead_letter_error_description,
        # The SDK counts failed deliveries before this one, the host this one too.
        "DeliveryCount": (message.delivery_count or 0) + 1,
        "SequenceNumber": message.sequence_number,
        "EnqueuedTimeUtc": message.enqueued_time_utc,
        "ExpiresAtUtc": message.expires_at_utc,
        "UserProperties": properties,
        "ApplicationProperties": properties,
    }
    return Call(encode(text_or_bytes(body_of(message))), encode_all(metadata))


def manual_call(text: str) -> Call:
    """Return a message that was never on the bus."""
    metadata: dict[str, Any] = {"MessageId": "", "DeliveryCount": 1, "SequenceNumber": 0, "UserProperties": {}}
    return Call(encode(text), encode_all(metadata))


def body_of(message: ServiceBusReceivedMessage) -> bytes:
    """Return the body's bytes; of an AMQP value its text."""
    body: Any = message.body
    if message.body_type == AmqpMessageBodyType.DATA:
        return b"".join(body)
    return body if isinstance(body, bytes) else str(body).encode()


def _properties(message: ServiceBusReceivedMessage) -> dict[str, Any]:
    return {_text(name): _plain(value) for name, value in (message.application_properties or {}).items()}


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return _text(value)
        case UUID():
            return str(value)
        case _:
            return value


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
