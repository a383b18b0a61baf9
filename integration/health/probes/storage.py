"""Does the storage account answer: its queues, its blobs, its tables?"""

import asyncio
from collections.abc import Awaitable

from integration.errors import StorageUnavailable
from integration.faults import summary
from integration.health.check import OK, Answer
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered
from integration.storage import Storage
from integration.storage.names import CIRCUITS, LEASES, PAYLOADS, RETRIES


class StorageProbe:
    """Reads something small of each service.

    Args:
        storage: The worker's storage account.
        within: Seconds that it may take.
    """

    def __init__(self, storage: Storage, within: float = ASK_WITHIN_SECONDS) -> None:
        self._storage = storage
        self._within = within

    async def ask(self) -> Answer:
        """Ask.

        Returns:
            `bad` where a service does not answer, or refuses; which of them is in the message and among the facts.
        """
        services = {"queues": self._queues, "blobs": self._blobs, "tables": self._tables}
        answers = await asyncio.gather(*(self._one(name, ask()) for name, ask in services.items()))
        failed = {name: answer for name, answer in zip(services, answers, strict=True) if answer.health != "ok"}
        if not failed:
            return OK
        first = next(iter(failed.values()))
        told = "; ".join(f"{name}: {answer.message}" for name, answer in failed.items())
        facts = {"services": ", ".join(failed)}
        return Answer(health="bad", code=StorageUnavailable().code, message=told, hint=first.hint, facts=facts)

    async def _one(self, name: str, question: Awaitable[object]) -> Answer:
        async def asked() -> Answer:
            try:
                await question
            except OSError as error:
                msg = f"no answer ({summary(error)})"
                raise StorageUnavailable(msg) from error
            return OK

        return await answered(asked(), within=self._within, whom=f"the account's {name}", check="storage")

    async def _queues(self) -> None:
        await self._storage.queue(RETRIES, hasty=True).touch()

    async def _blobs(self) -> None:
        await self._storage.blobs(PAYLOADS, hasty=True).any(LEASES)

    async def _tables(self) -> None:
        await (await self._storage.table(CIRCUITS, hasty=True)).get("target", "health")
