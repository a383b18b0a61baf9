"""Storage queues of sources and targets, on whichever account: are they there, and may we take or put?"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from integration.cli.doctor.ours import QUEUE_SOURCES, QUEUE_TARGETS
from integration.cli.doctor.step import Finding, Step, failed, passed, skipped, warned
from integration.config.keys.model import StorageQueueSource, StorageQueueTarget
from integration.errors import StorageUnavailable, Unreachable
from integration.health.check import OK, Answer
from integration.health.probes.asking import answered
from integration.storage import Queue, Storage

WITHIN = 60.0
AT_ONCE = 8
SILENT = frozenset({StorageUnavailable.__name__, Unreachable.__name__})
REFUSED = "refused the credentials"
ABSENT = Answer(health="bad", code="QueueNotFound", message="there is none yet")


async def judge_queue_sources(storage: Storage, sources: Sequence[StorageQueueSource]) -> Finding:
    """Find out whether each source's queue may be read."""
    queues = {each.name: storage.queue(each.queue, connection=each.connection) for each in sources}
    absent = "the host makes it, where it may"
    return await _judged(QUEUE_SOURCES, queues, Queue.may_take, "no source reads a Storage queue", absent)


async def judge_queue_targets(storage: Storage, targets: Sequence[StorageQueueTarget]) -> Finding:
    """Find out whether each target's queue may be written."""
    queues = {each.name: storage.queue(each.queue, connection=each.connection) for each in targets}
    absent = "the first delivery makes it, where the right is there"
    return await _judged(QUEUE_TARGETS, queues, Queue.may_put, "no target is a Storage queue", absent)


async def _judged(
    step: Step, queues: Mapping[str, Queue], question: Callable[[Queue], Awaitable[bool]], none: str, absent: str
) -> Finding:
    if not queues:
        return skipped(step, none)
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, queue: Queue) -> Answer:
        async def put() -> Answer:
            return OK if await question(queue) else ABSENT

        async with limit:
            return await answered(put(), within=WITHIN, whom=f"the account of {name}", check="storage")

    answers = dict(
        zip(queues, await asyncio.gather(*(one(name, queue) for name, queue in queues.items())), strict=True)
    )
    wrong = {name: each for name, each in answers.items() if each.health == "unknown"}
    missing = [f"{name} ({queues[name].name})" for name, each in answers.items() if each is ABSENT]
    told = [f"{name}: {each.message}" for name, each in wrong.items()]
    told += [f"there is no queue of {', '.join(missing)}: {absent}"] if missing else []
    if wrong:
        silent = all(each.code in SILENT and REFUSED not in each.message for each in wrong.values())
        return failed(step, "; ".join(told), verdict="unknown" if silent else "fail")
    if missing:
        return warned(step, "; ".join(told))
    return passed(step, f"{', '.join(queues)}: there, and open to us")
