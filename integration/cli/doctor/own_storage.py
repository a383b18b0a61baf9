"""The storage account: does it answer, may we do there what the app does, and does nothing lie in a poison queue?"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from integration.cli.doctor.ours import POISON, STORAGE, STORAGE_RIGHTS
from integration.cli.doctor.step import Finding, failed, passed, warned
from integration.clock import Clock
from integration.config.keys.model import Source, StorageQueueSource
from integration.errors import FnoLinkError
from integration.health.check import OK, Answer
from integration.health.probes.asking import answered
from integration.health.probes.sources import Broker, SourcesProbe
from integration.health.probes.storage import StorageProbe
from integration.health.totals import Totals
from integration.storage import Storage
from integration.storage.names import TRIAL, TRIAL_TABLE

ROLES = {
    "blobs": "Storage Blob Data Owner",
    "queues": "Storage Queue Data Contributor",
    "tables": "Storage Table Data Contributor",
}
"""What the identity needs on the account, by service; the templates give these."""
WITHIN = 60.0
REFUSED = "refused the credentials"


class Refusals(msgspec.Struct, frozen=True):
    """What a service said, by its name; nothing of those where all went well."""

    by_service: Mapping[str, str]

    @property
    def told(self) -> str:
        """What was said, in words."""
        return "; ".join(f"{name}: {said}" for name, said in self.by_service.items())

    @property
    def todo(self) -> str:
        """Which roles are missing; empty where it is not about rights."""
        roles = [ROLES[name] for name, said in self.by_service.items() if REFUSED in said]
        if not roles:
            return ""
        return (
            f"Give the app's identity on the storage account: {', '.join(roles)}; a new role may need some minutes. "
            "Where it has them: the account's firewall refuses this machine, or key and SAS are wrong."
        )


async def judge_storage(storage: Storage) -> Finding:
    """Read something small of each service."""
    answer = await StorageProbe(storage, WITHIN).ask()
    if answer.health == "ok":
        return passed(STORAGE, "queues, blobs and tables answer")
    services = [part.split(":", 1) for part in answer.message.split("; ") if ":" in part]
    said = Refusals({name.strip(): told for name, told in services if name.strip() in ROLES})
    return failed(STORAGE, answer.message, said.todo or answer.hint)


async def judge_rights(storage: Storage) -> Finding:
    """Make a queue, a container and a table, write to each, and take them away."""
    mark = secrets.token_hex(8)
    trials: dict[str, Callable[[], Awaitable[None]]] = {
        "queues": lambda: _queue(storage, f"{TRIAL}{mark}"),
        "blobs": lambda: _blobs(storage, f"{TRIAL}{mark}"),
        "tables": lambda: _table(storage, f"{TRIAL_TABLE}{mark}"),
    }
    answers = await asyncio.gather(*(_tried(name, trial()) for name, trial in trials.items()))
    said = Refusals(
        {name: answer.message for name, answer in zip(trials, answers, strict=True) if answer.health != "ok"}
    )
    if said.by_service:
        return failed(STORAGE_RIGHTS, said.told, said.todo)
    return passed(STORAGE_RIGHTS, "a queue, a container and a table were made, written to and taken away again")


async def _tried(name: str, trial: Awaitable[None]) -> Answer:
    async def tried() -> Answer:
        await trial
        return OK

    return await answered(tried(), within=WITHIN, whom=f"the account's {name}", check="storage")


async def _queue(storage: Storage, name: str) -> None:
    try:
        await storage.queue(name).put(b"doctor")
    finally:
        await storage.drop_queue(name)


async def _blobs(storage: Storage, name: str) -> None:
    try:
        await storage.blobs(name).put("doctor", b"doctor")
    finally:
        await storage.drop_container(name)


async def _table(storage: Storage, name: str) -> None:
    try:
        table = await storage.table(name)
        await table.put({"PartitionKey": "doctor", "RowKey": "doctor"})
    finally:
        await storage.drop_table(name)


async def judge_poison(storage: Storage, sources: Mapping[str, Source], clock: Clock) -> Finding:
    """Count what lies in the poison queues of the worker's own queues and of queue sources."""

    def nobody() -> Broker:
        msg = "no source of a broker is asked about here"
        raise FnoLinkError(msg)

    queues = {name: source for name, source in sources.items() if isinstance(source, StorageQueueSource)}
    probe = SourcesProbe(sources=queues, silent_after={}, storage=storage, broker=nobody, within=WITHIN)
    answers = await probe.ask({}, Totals(), clock.now())
    told = "; ".join(answer.message for answer in answers.values() if answer.health != "ok")
    if any(answer.health == "bad" for answer in answers.values()):
        return warned(POISON, told)
    if told:
        return failed(POISON, told, verdict="unknown")
    return passed(POISON, f"those of {', '.join(answers)} are empty")
