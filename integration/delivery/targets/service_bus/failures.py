"""What the SDK's exceptions mean for a delivery.

What an operator or the broker can mend without touching the message is transient, a missing entity and a refused key
among it: such deliveries wait on the retry schedule for more than a day and go on by themselves once it is mended.
Permanent is what the message itself causes: its size, or a property that the entity requires or refuses.
Source: "Service Bus messaging exceptions".
"""

from integration.errors import DeliveryFailed, TargetRejected, TargetUnavailable
from integration.redaction import redact

# What Azure asks a throttled client to wait: "Throttling operations on Azure Service Bus".
_BUSY_RETRY_SECONDS = 10.0
_NOT_FOUND = 404
_REFUSED = "the namespace refused the key or identity for {}; it needs the right {}"


def failure_of(error: Exception, entity: str, right: str = "Send") -> DeliveryFailed:  # noqa: C901, PLR0911, PLR0912  # one case a failure
    """Say what a failed call means.

    Args:
        error: What the SDK raised.
        entity: The queue or topic, for the message.
        right: What the key or identity needs there.
    """
    from azure.core.exceptions import (  # noqa: PLC0415  # imported at first use: import budget
        ClientAuthenticationError,
        ServiceRequestError,
    )
    from azure.servicebus import exceptions as sdk  # noqa: PLC0415  # imported at first use: import budget

    match error:
        case sdk.MessageSizeExceededError():
            return TargetRejected(f"the message is larger than {entity} takes")
        case sdk.MessagingEntityNotFoundError() | sdk.ServiceBusAuthenticationError() if _is_missing(error):
            return TargetUnavailable(f"the namespace has no entity {entity}; create it, or correct the target")
        case sdk.MessagingEntityDisabledError():
            return TargetUnavailable(f"{entity} is disabled; enable it")
        case sdk.ServiceBusConnectionError() if _token_status(error) == _NOT_FOUND:
            return TargetUnavailable(f"the namespace has no entity {entity}; create it, or correct the target")
        case sdk.ServiceBusConnectionError() if _token_status(error) is not None:
            return TargetUnavailable(_REFUSED.format(entity, right))
        case sdk.ServiceBusAuthenticationError() | sdk.ServiceBusAuthorizationError() | ClientAuthenticationError():
            return TargetUnavailable(_REFUSED.format(entity, right))
        case sdk.ServiceBusQuotaExceededError():
            return TargetUnavailable(f"{entity} is full, or the namespace has too many connections")
        case sdk.ServiceBusServerBusyError():
            return TargetUnavailable(f"{entity} is throttled", retry_after=_BUSY_RETRY_SECONDS)
        case sdk.OperationTimeoutError():
            return TargetUnavailable(f"{entity} did not answer in time")
        case sdk.ServiceBusConnectionError() | sdk.ServiceBusCommunicationError():
            return TargetUnavailable(f"the namespace of {entity} cannot be reached")
        case sdk.ServiceBusError(inner_exception=ClientAuthenticationError() | ServiceRequestError() as cause):
            return TargetUnavailable(f"no token of the managed identity for {entity}: {_said(cause)}")
        case sdk.ServiceBusError() if _is_refusal(error):
            return TargetRejected(f"{entity} refused the message: {_said(error)}")
        case _:
            return TargetUnavailable(f"{entity} failed: {type(error).__name__}: {_said(error)}")


def _token_status(error: Exception) -> object:
    """Say what the namespace answered to a token: at a custom endpoint the SDK calls its refusal a lost connection."""
    return getattr(getattr(error, "inner_exception", None), "status_code", None)


def _is_missing(error: Exception) -> bool:
    """Tell whether the entity does not exist: with a token for one entity the namespace says so when it is put."""
    return type(error).__name__ == "MessagingEntityNotFoundError" or (
        getattr(error.__context__, "status_code", None) == _NOT_FOUND
    )


def _is_refusal(error: Exception) -> bool:
    """Tell whether the broker judged the message itself."""
    condition = str(getattr(error, "_condition", "") or "")
    refusals = ("amqp:not-allowed", "amqp:invalid-field", "amqp:decode-error", "com.microsoft:argument-error")
    return any(refusal in condition or refusal in str(error) for refusal in refusals)


def _said(error: Exception) -> str:
    return redact((str(error).splitlines() or [""])[0])[:300]
