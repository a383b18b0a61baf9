"""A Storage queue that is made when it is first needed."""

import base64
import binascii
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from integration.storage.failures import storage_failures

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

# A message is at most 64 KiB of base64; what does not fit goes to a claim-check blob first.
# Source: "Scalability and performance targets for Queue Storage".
MAX_MESSAGE = 64 * 1024 // 4 * 3


def unwrap(text: bytes) -> bytes:
    """Read the text of a queue message: base64, as most senders write it, else as it stands.

    JSON is never base64: no brace, bracket or quote is in its alphabet.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text


class Queue:
    """One queue; messages are base64 text, as other programs expect of an Azure queue."""

    def __init__(self, client: "QueueClient") -> None:
        self._client = client

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._client.queue_name

    async def put(self, body: bytes, *, delay: timedelta = timedelta(0)) -> None:
        """Put one message on the queue; it never expires.

        Args:
            body: At most MAX_MESSAGE bytes.
            delay: How long it stays invisible, at most 7 days.

        Raises:
            StorageUnavailable: It is not known to be stored.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        text = base64.b64encode(body).decode()
        seconds = max(0, round(delay.total_seconds()))
        with storage_failures(f"putting a message on {self.name}"):
            try:
                await self._client.send_message(text, visibility_timeout=seconds, time_to_live=-1)
            except ResourceNotFoundError:
                await self._create()
                await self._client.send_message(text, visibility_timeout=seconds, time_to_live=-1)

    async def depth(self) -> int:
        """Count the messages, invisible ones too (approximate, as Azure counts them)."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures(f"counting the messages of {self.name}"):
            try:
                return (await self._client.get_queue_properties()).approximate_message_count or 0
            except ResourceNotFoundError:
                return 0

    async def oldest(self) -> datetime | None:
        """Say since when the message at the front has been there; None when none is visible.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures(f"looking at {self.name}"):
            try:
                return next((message.inserted_on for message in await self._client.peek_messages()), None)
            except ResourceNotFoundError:
                return None

    async def _create(self) -> None:
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415  # imported at first use: import budget

        try:
            await self._client.create_queue()
        except ResourceExistsError:
            return  # another instance was faster
