"""What the broker refuses, with the AMQP condition that the SDKs map to their exceptions.

Source: "Service Bus messaging exceptions" and the AMQP protocol guide's error conditions.
"""

from typing import Final

NOT_FOUND: Final = "amqp:not-found"
NOT_ALLOWED: Final = "amqp:not-allowed"
NOT_IMPLEMENTED: Final = "amqp:not-implemented"
UNAUTHORIZED: Final = "amqp:unauthorized-access"
DECODE_ERROR: Final = "amqp:decode-error"
INTERNAL_ERROR: Final = "amqp:internal-error"
INVALID_FIELD: Final = "amqp:invalid-field"
RESOURCE_LIMIT: Final = "amqp:resource-limit-exceeded"
SIZE_EXCEEDED: Final = "amqp:link:message-size-exceeded"
DETACH_FORCED: Final = "amqp:link:detach-forced"
CONNECTION_FORCED: Final = "amqp:connection:forced"
FRAMING_ERROR: Final = "amqp:connection:framing-error"
LOCK_LOST: Final = "com.microsoft:message-lock-lost"
SESSION_LOCK_LOST: Final = "com.microsoft:session-lock-lost"
SESSION_LOCKED: Final = "com.microsoft:session-cannot-be-locked"
MESSAGE_NOT_FOUND: Final = "com.microsoft:message-not-found"
SERVER_BUSY: Final = "com.microsoft:server-busy"
TIMEOUT: Final = "com.microsoft:timeout"
ARGUMENT_ERROR: Final = "com.microsoft:argument-error"
ENTITY_DISABLED: Final = "com.microsoft:entity-disabled"
ENTITY_EXISTS: Final = "com.microsoft:entity-already-exists"

# The status codes of management answers, by condition ("AMQP 1.0 in Service Bus: request/response operations").
STATUS: Final = {
    NOT_FOUND: 404,
    MESSAGE_NOT_FOUND: 404,
    UNAUTHORIZED: 401,
    LOCK_LOST: 410,
    SESSION_LOCK_LOST: 410,
    SESSION_LOCKED: 409,
    ENTITY_EXISTS: 409,
    SERVER_BUSY: 503,
    TIMEOUT: 408,
    RESOURCE_LIMIT: 403,
    NOT_IMPLEMENTED: 501,
    INTERNAL_ERROR: 500,
}


class Refused(Exception):
    """The broker does not do what was asked.

    Args:
        condition: An AMQP error condition, e.g. `com.microsoft:message-lock-lost`.
        description: What happened, for people.
    """

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(description)
        self.condition = condition
        self.description = description

    @property
    def status(self) -> int:
        """The status code of a management answer."""
        return STATUS.get(self.condition, 400)
