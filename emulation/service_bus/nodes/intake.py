"""Take in what a sender's link brings: single messages and batches."""

from collections.abc import Callable, Sequence

from emulation.service_bus.amqp.content import GROUP_ID, MESSAGE_ID, Content, parse, properties, split_batch
from emulation.service_bus.amqp.errors import NOT_ALLOWED, Refused
from emulation.service_bus.config import QueueConfig
from emulation.service_bus.entities.queue import Queue
from emulation.service_bus.entities.store import NO_SESSION_ID

BATCH_FORMAT = 0x80013700
MIXED = (
    "Batching brokered messages with distinct SessionId or PartitionKey is not supported for an entity with "
    "partitioning enabled."
)
MIXED_IDS = (
    "Batching brokered messages with distinct SessionId, PartitionKey, or MessageId is not supported for an entity "
    "with partitioning and duplicate detection enabled."
)


def entity_sink(queue: Queue, check: Callable[[], None]) -> Callable[[bytes, int], None]:
    """Return what a sender's link to an entity does with a message.

    Args:
        queue: The queue, or a topic's intake.
        check: Raises `Refused` when the entity takes nothing now.
    """

    def receive(raw: bytes, message_format: int) -> None:
        check()
        if message_format != BATCH_FORMAT:
            queue.send(parse(raw))
            return
        contents = [parse(message) for message in split_batch(raw)]
        check_batch(queue.config, contents)
        for content in contents:
            queue.send(content)

    return receive


def check_batch(config: QueueConfig, contents: Sequence[Content]) -> None:
    """Refuse a batch that a partitioned entity would have to spread over its partitions.

    Source: "Partitioned queues and topics": a batch goes to one partition, chosen by session id, partition key or, with
    duplicate detection, message id.

    Raises:
        Refused: The messages differ in one of these; or one has no session id and the entity requires one.
    """
    if config.partitioned and len(contents) > 1:
        fields = [properties(content.bare) for content in contents]
        if config.duplicate_detection is not None and len({str(field[MESSAGE_ID]) for field in fields}) > 1:
            raise Refused(NOT_ALLOWED, MIXED_IDS)
        if len({(field[GROUP_ID], content.partition_key) for field, content in zip(fields, contents, strict=True)}) > 1:
            raise Refused(NOT_ALLOWED, MIXED)
    if config.requires_session:
        for content in contents:
            check_session(content)


def check_session(content: Content) -> None:
    """Refuse a message without a session id."""
    if properties(content.bare)[GROUP_ID] is None:
        raise Refused(NOT_ALLOWED, NO_SESSION_ID)
