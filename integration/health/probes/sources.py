"""Do events still come by each source, and does nothing lie where nobody reads it?"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from integration.config.keys.model import ServiceBusSource, Source, StorageQueueSource
from integration.delivery.targets.service_bus.dead_letters import AT_MOST, Peeked
from integration.events.alerts import Failed
from integration.health.check import OK, Answer
from integration.health.probes import codes
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered
from integration.health.totals import Seen, Totals
from integration.storage import INTERNAL, Storage
from integration.storage.names import EVENTS, RETRIES

FAILING_FOR = timedelta(minutes=15)
"""How long ago a message may have had to go back for its source to be in trouble."""
AT_ONCE = 8
"""How many sources are asked at a time."""


class Broker(Protocol):
    """What this room needs of the Service Bus namespaces."""

    async def peek(
        self, connection: str, *, queue: str = "", topic: str = "", subscription: str = ""
    ) -> tuple[Peeked, ...]:
        """Look at an entity's dead letters; raises Unreachable."""
        ...


class SourcesProbe:
    """Asks of the sources, and of the worker's own two queues, which are named as they are.

    Args:
        sources: By name; those that are switched off are not asked about.
        silent_after: How long each may be silent, of those of which that is known.
        storage: The storage accounts.
        broker: The Service Bus namespaces, opened when one is asked.
        within: Seconds that one source may take.
    """

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        silent_after: Mapping[str, timedelta],
        storage: Storage,
        broker: Callable[[], Broker],
        within: float = ASK_WITHIN_SECONDS,
    ) -> None:
        self._sources = {name: source for name, source in sources.items() if source.enabled}
        self._silent_after = silent_after
        self._storage = storage
        self._broker = broker
        self._within = within

    @property
    def watched(self) -> tuple[str, ...]:
        """The sources whose silence counts: `Sums.fold` is to begin a row of each."""
        return tuple(name for name in self._sources if name in self._silent_after)

    async def ask(self, seen: Mapping[str, Seen], totals: Totals, now: datetime) -> Mapping[str, Answer]:
        """Ask of all, some at a time.

        Args:
            seen: When each had its latest event.
            totals: What the fleet has counted, over `FAILING_FOR` at least.
            now: The time.

        Returns:
            An answer for each. `bad` where messages had to go back (`SourceFailing`), the broker has set messages
            aside (`BrokerDeadLetters`), a poison queue is not empty (`PoisonMessages`), or no event has come for too
            long (`SourceSilent`): the first of these. `unknown` where the broker or the account was not to be asked.
            `lastEvent` among the facts.
        """
        limit = asyncio.Semaphore(AT_ONCE)
        failing = totals.since(now - FAILING_FOR).by("failed", lambda key: key.source)

        async def one(name: str, question: Awaitable[Answer], whom: str) -> Answer:
            async with limit:
                answer = await answered(question, within=self._within, whom=whom, check="source", source=name)
            told = _first(_failing(failing.get(name, 0), name), answer, self._silence(name, seen, now))
            return _with_last(told, seen.get(name))

        questions = {name: self._kept(source) for name, source in self._sources.items()}
        questions |= {queue: self._poison(queue, INTERNAL) for queue in (EVENTS, RETRIES)}
        answers = await asyncio.gather(*(one(name, kept, f"the source {name}") for name, kept in questions.items()))
        return dict(zip(questions, answers, strict=True))

    async def _kept(self, source: Source) -> Answer:
        """Say whether something lies where nobody reads it."""
        if isinstance(source, StorageQueueSource):
            return await self._poison(source.queue, source.connection)
        if isinstance(source, ServiceBusSource):
            return _set_aside(
                await self._broker().peek(
                    source.connection, queue=source.queue, topic=source.topic, subscription=source.subscription
                )
            )
        return OK

    async def _poison(self, queue: str, connection: str) -> Answer:
        name = f"{queue}-poison"
        depth = await self._storage.queue(name, connection=connection).depth()
        if not depth:
            return OK
        return Answer(
            health="bad",
            code=codes.POISON_MESSAGES,
            message=f"{depth} messages lie in the queue {name}",
            hint=f"The function that makes dead letters of them fails or is off: see its log. They stay in {name}.",
            facts={"count": str(depth), "queue": name},
        )

    def _silence(self, name: str, seen: Mapping[str, Seen], now: datetime) -> Answer:
        limit, last = self._silent_after.get(name), seen.get(name)
        if limit is None or last is None or now - last.latest <= limit:
            return OK
        minutes = round((now - last.latest).total_seconds() / 60)
        return Answer(
            health="bad",
            code=codes.SOURCE_SILENT,
            message=f"no event has come by the source {name} for {minutes} minutes",
            hint="Look whether its sender is active, and where its messages are: a subscription, an endpoint, a key.",
            facts={"since": last.latest.isoformat(), "minutes": str(minutes)},
        )


def _failing(count: int, name: str) -> Answer:
    if not count:
        return OK
    return Answer(
        health="bad",
        code=codes.SOURCE_FAILING,
        message=f"{count} messages of the source {name} had to go back to it lately",
        hint="Nothing of them could be stored: look at the storage account. They come again by themselves.",
        facts={"count": str(count)},
    )


def _set_aside(peeked: tuple[Peeked, ...]) -> Answer:
    if not peeked:
        return OK
    count = f"{len(peeked)} or more" if len(peeked) == AT_MOST else str(len(peeked))
    reasons = ", ".join(dict.fromkeys(each.reason for each in peeked if each.reason))
    return Answer(
        health="bad",
        code=codes.BROKER_DEAD_LETTERS,
        message=f"the broker has set {count} messages aside ({reasons or 'without a reason'})",
        hint="Nobody reads the broker's own dead-letter queue: mend the cause, then send them again from there.",
        facts={"count": count, "reasons": reasons},
        failed=tuple(
            Failed(type=each.subject, id=each.id, code=each.reason, message=each.description) for each in peeked
        ),
    )


def _first(*answers: Answer) -> Answer:
    """Give the first that is bad, then the first that is not known; ok where all are."""
    for health in ("bad", "unknown"):
        for answer in answers:
            if answer.health == health:
                return answer
    return OK


def _with_last(answer: Answer, seen: Seen | None) -> Answer:
    if seen is None or seen.at is None:
        return answer
    return msgspec.structs.replace(answer, facts={**answer.facts, "lastEvent": seen.at.isoformat()})
