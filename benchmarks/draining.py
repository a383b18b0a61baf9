"""Follow accepted events until each has arrived, or nothing arrives any more."""

import contextlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import BinaryBase64DecodePolicy, QueueClient, QueueMessage

STILL_SECONDS = 120.0
"""Seconds without any arrival after which what has not come is missing; a retry comes after 5."""
MOST_SECONDS = 1200.0
"""Seconds after which what is still coming is no longer waited for."""
TOLD_EVERY_SECONDS = 15.0
AT_ONCE = 32
"""The most messages that one request to a queue gives."""


class Drained(msgspec.Struct, frozen=True):
    """What became of the events.

    Args:
        missing: Those that had not come when nothing came any more.
        late: Those that had not come when the waiting ended while others still came.
        seconds: How long it took.
    """

    missing: int
    late: int
    seconds: float


def drain(storage: str, queue: str, wanted: set[str]) -> Drained:
    """Take events off the queue of a target until all that are wanted have come; tells on stderr how far it is.

    Args:
        storage: The account's connection string.
        queue: The target's queue.
        wanted: The ids of the events that were accepted.
    """
    left = set(wanted)
    began = heard = told = time.monotonic()
    with (
        QueueClient.from_connection_string(
            storage, queue, message_decode_policy=BinaryBase64DecodePolicy(), logging_enable=False
        ) as client,
        ThreadPoolExecutor(8) as threads,
    ):

        def take(message: QueueMessage) -> str:
            client.delete_message(message)
            return json.loads(message.content)["id"]

        while left and (now := time.monotonic()) - began < MOST_SECONDS and now - heard < STILL_SECONDS:
            taken: list[str] = []
            with contextlib.suppress(ResourceNotFoundError):  # nothing was sent to it yet
                lot = list(client.receive_messages(messages_per_page=AT_ONCE, max_messages=AT_ONCE))
                taken = list(threads.map(take, lot))
            left.difference_update(taken)
            if taken:
                heard = time.monotonic()
            else:
                time.sleep(0.2)
            if now - told > TOLD_EVERY_SECONDS:
                told = now
                print(f"{len(wanted) - len(left):,} of {len(wanted):,} events have come", file=sys.stderr)
    ended = time.monotonic()
    still = ended - heard >= STILL_SECONDS
    return Drained(missing=len(left) if still else 0, late=0 if still else len(left), seconds=ended - began)
