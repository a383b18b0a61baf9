"""Whether a namespace that is not the demo's own has what the demo needs."""

from collections.abc import Callable  # noqa: TC003 (the annotation of a variable)

from azure.core.exceptions import AzureError
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import OperationTimeoutError

from emulation.demo.bus import INTAKE_QUEUE, INTAKE_SUBSCRIPTION, INTAKE_TOPIC, SESSIONS, SUBSCRIPTIONS, TOPIC


def problems(connection: str) -> list[str]:
    """Look at every entity of service-bus.toml and return what is wrong, in words; the key is never among them.

    Args:
        connection: The namespace's connection string.
    """
    try:
        client = ServiceBusClient.from_connection_string(connection, retry_total=0)
    except ValueError as error:
        return [f"not a connection string of a Service Bus namespace: {error}"]
    looks: dict[str, Callable[[], bool]] = {
        f"queue {INTAKE_QUEUE}": lambda: _holds(client.get_queue_receiver(INTAKE_QUEUE)),
        f"subscription {INTAKE_TOPIC}/{INTAKE_SUBSCRIPTION}": lambda: _holds(
            client.get_subscription_receiver(INTAKE_TOPIC, INTAKE_SUBSCRIPTION)
        ),
        f"queue {SESSIONS}, with sessions": lambda: _has_session(client),
    }
    for name in SUBSCRIPTIONS:
        looks[f"subscription {TOPIC}/{name}"] = lambda name=name: _holds(client.get_subscription_receiver(TOPIC, name))
    found: list[str] = []
    with client:
        for what, look in looks.items():
            try:
                if look():
                    found.append(f"{what}: it holds messages; the demo needs it empty")
            except AzureError as error:
                found.append(f"{what}: {str(error).splitlines()[0]}")
                if _is_away(error):
                    break
    return found


def _holds(receiver: ServiceBusReceiver) -> bool:
    with receiver:
        return bool(receiver.peek_messages(1))


def _has_session(client: ServiceBusClient) -> bool:
    try:
        with client.get_queue_receiver(SESSIONS, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1):
            return True
    except OperationTimeoutError:
        return False  # no session has messages


def _is_away(error: AzureError) -> bool:
    """Tell whether the namespace itself cannot be reached: the other entities would say the same."""
    return type(error).__name__ in {"ServiceBusConnectionError", "ServiceBusCommunicationError"}
