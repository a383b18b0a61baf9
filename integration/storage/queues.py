"""A Storage queue that is made when it is first needed."""

import base64
import binascii
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from integration.storage.failures import storage_failures

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

# A message is at most 64 KiB of base64; what does not fit goes to a claim-check blob first.
# Source: "Scalability and performance targets for Queue Storage".
MAX_MESSAGE = 64 * 1024 // 4 * 3

_NOBODY = "00000000-0000-4000-8000-000000000000"
"""The id of a message that no queue has."""
_RECEIPT = "AgAAAAMAAAAAAAAAAAAAAAAAAAA="

_IMPOSSIBLE = frozenset({400, 404})
_FORBIDDEN = frozenset({401, 403})

_BLANKS = b" \t\r\n"
# JSON's literals and numbers, and words.
_SPELLED = re.compile(rb"\s*(?:-?\d+(?:\s+\d+)*|[A-Z]?[a-z]+(?:\s+[A-Z]?[a-z]+)*|[A-Z]+(?:\s+[A-Z]+)*)\s*")
_BRACKETS = (b"{}", b"[]", b'""')
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x00\x00\xfe\xff")
_AROUND = b" \t\r\n\x00\xff\xfe\xef\xbb\xbf"
_NET = (b"schemas.microsoft.com", b"RemoteExecutionContext")
_SPACES = str.maketrans(dict.fromkeys("\t\r\n\x00\ufeff", " "))


def unwrap(text: bytes) -> bytes:
    """Read the text of a queue message: base64, as most senders write it, else as it stands.

    Much plain text is base64 too by its letters (`test`, `null`, `1234`). So text that is JSON or words in ordinary
    spelling is never read as base64, and other text only where something readable comes of it.

    Args:
        text: As it lies in the queue. White space within base64 counts for nothing, as to .NET's
            `Convert.FromBase64String`, by which the Functions host reads it where `messageEncoding` is `base64`.

    Returns:
        What the sender meant: the bytes inside the base64, or the text.
    """
    if _SPELLED.fullmatch(text):
        return text
    try:
        inside = base64.b64decode(text.translate(None, _BLANKS), validate=True)
    except binascii.Error:
        return text
    return inside if _is_readable(inside) else text


def _is_readable(inside: bytes) -> bool:
    # The ends of a JSON text in any character set: zero bytes and marks are those of UTF-16 and UTF-32.
    ends = inside.strip(_AROUND)
    if (ends[:1] + ends[-1:]) in _BRACKETS or inside.startswith(_MARKS) or any(name in inside for name in _NET):
        return True
    try:
        return inside.decode().translate(_SPACES).isprintable()
    except UnicodeDecodeError:
        return False


@contextmanager
def _harmless() -> Generator[None]:
    """Let through that what was asked for cannot be: who may not ask is told something else."""
    from azure.core.exceptions import HttpResponseError  # noqa: PLC0415  # imported at first use: import budget

    try:
        yield
    except HttpResponseError as error:
        if error.status_code not in _IMPOSSIBLE:
            raise


class Queue:
    """One queue; messages are base64 text, as other programs expect of an Azure queue."""

    def __init__(self, client: "QueueClient") -> None:
        self._client = client

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._client.queue_name

    async def touch(self) -> None:
        """Open the way to the queue: its token, its connection; a queue that is not there yet is none the worse.

        Raises:
            StorageUnavailable: The account did not answer, or refused.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures(f"looking at {self.name}"), suppress(ResourceNotFoundError):
            await self._client.get_queue_properties()

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

    async def may_take(self) -> bool:
        """Find out whether messages may be read and removed, without touching one; False: there is no queue.

        A message that is not there is deleted, which is answered 404 to who may delete one ("Delete Message").

        Raises:
            StorageUnavailable: The account did not answer, or refused the credentials.
        """
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415  # imported at first use: import budget

        with storage_failures(f"reading {self.name}"):
            try:
                await self._client.peek_messages()
            except ResourceNotFoundError:
                return False
        with storage_failures(f"removing messages of {self.name}"), _harmless():
            await self._client.delete_message(_NOBODY, pop_receipt=_RECEIPT)
        return True

    async def may_put(self) -> bool:
        """Find out whether messages may be put on the queue, without one being read; False: there is no queue.

        It would become visible only after it has expired, which is answered 400 to who may put one ("Put Message"),
        whether the queue is there or not; who may not is answered 403 before (of Azure inferred, of Azurite seen).

        Raises:
            StorageUnavailable: The account did not answer, or refused the credentials.
        """
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError  # noqa: PLC0415  # import budget

        with storage_failures(f"putting a message on {self.name}"), _harmless():
            put = await self._client.send_message("", visibility_timeout=2, time_to_live=1)
            await self._client.delete_message(put.id, pop_receipt=put.pop_receipt)
        with storage_failures(f"looking at {self.name}"):
            try:
                await self._client.get_queue_properties()
            except ResourceNotFoundError:
                return False
            except HttpResponseError as error:
                # Who may only put messages is not told whether the queue is there.
                if error.status_code not in _FORBIDDEN:
                    raise
        return True

    async def _create(self) -> None:
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415  # imported at first use: import budget

        try:
            await self._client.create_queue()
        except ResourceExistsError:
            return  # another instance was faster
