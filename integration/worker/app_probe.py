"""What asks of the app itself, put together from a worker's parts."""

from integration.delivery.targets.service_bus.dead_letters import BrokerDeadLetters
from integration.health.probes.app import AppProbe
from integration.health.probes.callers import CallersProbe
from integration.health.probes.sources import SourcesProbe
from integration.health.probes.storage import StorageProbe
from integration.health.probes.targets import TargetsProbe
from integration.worker.parts import Parts


def app_probe_of(worker: Parts) -> AppProbe:
    """Put it together; nothing is opened before it is asked.

    Args:
        worker: Whose parts ask.
    """
    configuration, health = worker.configuration, worker.configuration.health
    within = health.ask_within.total_seconds()
    enabled = [name for name, target in configuration.targets.items() if target.enabled]
    sources = configuration.sources
    return AppProbe(
        storage=StorageProbe(worker.storage, within),
        targets=TargetsProbe(worker.circuit_rows, enabled, worker.clock, within),
        sources=SourcesProbe(
            sources=sources,
            silent_after={name: each.silent_after for name, each in sources.items() if each.silent_after is not None},
            storage=worker.storage,
            broker=lambda: BrokerDeadLetters(worker.namespaces),
            within=within,
        ),
        thresholds={name: health.thresholds(name, each.health) for name, each in configuration.organizations.items()},
        counted=worker.sums,
        clock=worker.clock,
        callers=CallersProbe(health.refused, health.refused_window) if configuration.clients else None,
        within=within,
    )
