"""The broker: its namespace, its journal, who may do what in it, and its faults."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from emulation.service_bus.amqp.addresses import covers
from emulation.service_bus.amqp.claims import Claims
from emulation.service_bus.amqp.errors import UNAUTHORIZED, Refused
from emulation.service_bus.broker.authorization import Authority
from emulation.service_bus.broker.faults import Faults
from emulation.service_bus.broker.journal import FileJournal, JournalRecorder, NoJournal, Record, read_records
from emulation.service_bus.broker.recovery import created_path, restore, snapshot
from emulation.service_bus.config import BrokerConfig, Right
from emulation.service_bus.entities.alarm import LoopClock
from emulation.service_bus.entities.namespace import Namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from emulation.service_bus.broker.entra import Entra

LOOPBACK = "127.0.0.1"


class Broker:
    """A Service Bus namespace, which a `Server` serves; `failed` is set when its journal cannot be written any more.

    Args:
        config: Its keys and entities.
        journal: Where messages survive; none keeps them in memory only.

    Raises:
        CorruptJournal: The journal's file is not one.
        ValueError: A key for Microsoft Entra tokens cannot be used.
        Refused: Two entities have one name, or a rule cannot be read.
    """

    def __init__(self, config: BrokerConfig, journal: Path | None = None) -> None:
        self.name = "fno-link-service-bus"
        self.loop = asyncio.get_running_loop()
        self.faults = Faults()
        self.authority = Authority(config.keys)
        self.entra = entra_of(config)
        self.created: list[Record] = []
        self.clock = LoopClock(self.loop)
        self.host = LOOPBACK
        self.failure: OSError | None = None
        self.failed = asyncio.Event()
        records: Iterable[Record] = read_records(journal) if journal is not None else ()
        self.journal: FileJournal | NoJournal = NoJournal()
        if journal is not None:
            self.journal = FileJournal(
                journal, self.loop, lambda: snapshot(self.namespace, self.created), self._journal_failed
            )
        self.namespace = Namespace(config, self.clock, JournalRecorder(self.journal), self.authority)
        restore(self.namespace, records, self.created)
        if isinstance(self.journal, FileJournal):
            self.journal.compact()

    def uri(self, entity: str) -> str:
        """Return an entity's address for people."""
        return f"sb://{self.host}/{entity}"

    def authorize(self, claims: Claims, entity: str, right: Right) -> None:
        """Check that a connection holds a right on an entity.

        Raises:
            Refused: It does not, or not any more.
        """
        if not claims.allow(entity, right, time.time()):
            claim = f"'{right.capitalize()}' claim(s) are required to perform this operation."
            raise Refused(UNAUTHORIZED, f"Unauthorized access. {claim} Resource: '{self.uri(entity)}'.")

    @property
    def delay(self) -> float:
        """Seconds that everything sent waits: a fault."""
        return self.faults.delay

    def admit(self, claims: Claims, response: bytes) -> bool:
        """Check a SASL PLAIN response, note what it proves and return whether it is right."""
        return self.authority.plain(claims, response)

    def after_commit(self, callback: "Callable[[], None]") -> None:
        """Call back when everything recorded so far is durable."""
        self.journal.after_commit(callback)

    def delete(self, path: str) -> set[str]:
        """Remove an entity made at run time or configured, with its messages; return the paths of what is gone.

        Raises:
            Refused: There is none.
        """
        gone = {queue.path for queue in self.namespace.delete(path)}
        base = path.lower()
        self.created[:] = [record for record in self.created if not covers(base, created_path(record))]
        self.journal.append(("x", path))
        return gone

    def _journal_failed(self, error: OSError) -> None:
        self.failure = error
        self.failed.set()

    async def close(self) -> None:
        """Forget what is due and make everything durable."""
        self.clock.close()
        if isinstance(self.journal, FileJournal):
            await self.journal.close()


def entra_of(config: BrokerConfig) -> "Entra | None":
    """Return what checks Microsoft Entra tokens, where any are accepted.

    Raises:
        ValueError: A key cannot be used.
    """
    if config.entra is None:
        return None
    from emulation.service_bus.broker.entra import Entra  # noqa: PLC0415 (cryptography: only brokers that need it load it)

    return Entra(config.entra)
