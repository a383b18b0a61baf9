"""The checks of the app itself: storage, targets, sources, dead letters and parked deliveries; they only read."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from integration.clock import SystemClock
from integration.delivery.targets.service_bus.dead_letters import BrokerDeadLetters
from integration.errors import StorageUnavailable
from integration.health.check import Answer, Kind, not_asked
from integration.health.probes.dead_letters import DeadLettersProbe
from integration.health.probes.parked import ParkedProbe
from integration.health.probes.sources import FAILING_FOR, SourcesProbe
from integration.health.probes.storage import StorageProbe
from integration.health.probes.targets import TargetsProbe
from integration.health.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.operations.health import Answers, AskOthers
    from integration.worker import Worker

APP = "app"


def asks_of(worker: "Worker") -> "Sequence[AskOthers]":
    """Give what asks about the app that a worker is of.

    Args:
        worker: Its parts are read with, and nothing of it is started.
    """
    configuration, clock = worker.configuration, SystemClock()
    settings = configuration.health
    within = settings.ask_within.total_seconds()
    organizations = tuple(configuration.organizations)
    storage = StorageProbe(worker.storage, within)
    names = [name for name, target in configuration.targets.items() if target.enabled]
    targets = TargetsProbe(worker.circuit_rows, names, clock, within)
    sources = SourcesProbe(
        sources=configuration.sources,
        silent_after=silences(worker),
        storage=worker.storage,
        broker=lambda: BrokerDeadLetters(worker.namespaces),
        within=within,
    )
    sums = Sums(worker.storage, clock)

    async def ask_storage() -> "Answers":
        return {APP: {"storage": await storage.ask()}}

    async def ask_targets() -> "Answers":
        return _of_kind("target", await targets.ask())

    async def ask_counted() -> "Answers":
        try:
            totals = await sums.read(max(settings.growing_window, FAILING_FOR))
            seen = await sums.sources()
        except StorageUnavailable as away:
            behind = not_asked(f"storage ({away.code})")
            return {APP: {"source": behind, "dead_letters": behind, "parked": behind}}
        now = clock.now()
        letters = DeadLettersProbe(organizations, settings.growing, settings.growing_window).ask(totals, now)
        parked = ParkedProbe(organizations, settings.growing, settings.growing_window).ask(totals, now)
        asked = await sources.ask(seen, totals, now)
        found: dict[str, dict[Kind, Answer]] = {name: {"source": answer} for name, answer in asked.items()}
        for name in organizations:
            found.setdefault(name, {}).update({"dead_letters": letters[name], "parked": parked[name]})
        return found

    return (ask_storage, ask_targets, ask_counted)


def silences(worker: "Worker") -> Mapping[str, timedelta]:
    """Give how long each source may be silent, of those of which the configuration says it."""
    sources = worker.configuration.sources
    return {name: source.silent_after for name, source in sources.items() if source.silent_after is not None}


def _of_kind(kind: Kind, answers: Mapping[str, Answer]) -> "Answers":
    return {name: {kind: answer} for name, answer in answers.items()}
