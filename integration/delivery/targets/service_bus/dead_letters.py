"""A look at the broker's own dead letters: they are peeked, never received, locked or completed.

Source: "Message browsing" (peeking needs the right Listen, takes no lock and changes nothing) and "Overview of Service
Bus dead-letter queues".
"""

from typing import TYPE_CHECKING

import msgspec

from integration.delivery.targets.service_bus.failures import failure_of
from integration.delivery.targets.service_bus.namespaces import Namespaces
from integration.errors import FnoLinkError, Unreachable
from integration.plain_text import plain

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage

AT_MOST = 5
"""How many are looked at; that there are any is what counts."""
_TEXT = 300


class Peeked(msgspec.Struct, frozen=True):
    """A message that the broker has set aside.

    Args:
        id: Its MessageId.
        subject: Its subject, where its sender gave one: most often the event's type.
        reason: Why it was set aside, such as `MaxDeliveryCountExceeded`.
        description: The same in words, where somebody gave any.
    """

    id: str
    subject: str
    reason: str
    description: str = ""


class BrokerDeadLetters:
    """The dead-letter queues of queues and subscriptions.

    Args:
        namespaces: The Service Bus clients.
    """

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces

    async def peek(
        self, connection: str, *, queue: str = "", topic: str = "", subscription: str = ""
    ) -> tuple[Peeked, ...]:
        """Look at the oldest.

        Args:
            connection: What the configuration calls `connection`.
            queue: The queue, or
            topic: the topic, and
            subscription: its subscription.

        Raises:
            Unreachable: The namespace did not answer, or refused.
            ConfigurationError: No setting of this connection is usable.
        """
        name = queue or f"{topic}/{subscription}"
        receiver = self._namespaces.receiver(
            connection, queue=queue, topic=topic, subscription=subscription, dead_letters=True
        )
        try:
            async with receiver:
                found = await receiver.peek_messages(max_message_count=AT_MOST)
        except FnoLinkError:
            raise
        except Exception as error:
            raise Unreachable(str(failure_of(error, f"the dead-letter queue of {name}", "Listen"))) from error
        return tuple(_peeked(each) for each in found)


def _peeked(message: "ServiceBusReceivedMessage") -> Peeked:
    return Peeked(
        _short(message.message_id),
        _short(message.subject),
        _short(message.dead_letter_reason),
        _short(message.dead_letter_error_description),
    )


def _short(text: object) -> str:
    return plain(str(text))[:_TEXT] if text else ""
