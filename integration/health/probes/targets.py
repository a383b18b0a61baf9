"""Which targets does the fleet leave alone? The circuits of all processes, from their rows.

The process that opens a circuit, and the one that closes it, tell so at once, by an event; their row says whether that
went out (`told` among the facts, with the `incident` that it named). The watch keeps the incident, reminds and
escalates. What was told already it does not tell again; what was not, because the process died before it could, it
tells.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from integration.clock import Clock
from integration.delivery.breaking.circuit_rows import Standing, is_forgotten
from integration.delivery.breaking.circuits import incident_of
from integration.errors import CircuitOpen
from integration.health.check import Answer, not_asked
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered

TOLD = "told"
"""The fact that says, by `true`, that the event about what the answer says was sent already."""


class Circuits(Protocol):
    """What the fleet knows of targets."""

    async def all(self) -> Mapping[str, Standing]:
        """Give how they stand, by name; raises StorageUnavailable."""
        ...


class TargetsProbe:
    """Reads the circuits of all targets, in one request for every 1,000.

    Args:
        circuits: Their rows.
        targets: The names of the enabled ones.
        clock: The time.
        within: Seconds that it may take.
    """

    def __init__(
        self, circuits: Circuits, targets: Collection[str], clock: Clock, within: float = ASK_WITHIN_SECONDS
    ) -> None:
        self._circuits = circuits
        self._targets = targets
        self._clock = clock
        self._within = within

    async def ask(self) -> Mapping[str, Answer]:
        """Ask.

        Returns:
            An answer for each target. `bad` for one whose circuit is open; the facts say since when, and `failed` what
            failed first. None is asked about where the rows cannot be read: that is the storage
            account's trouble, and has a check of its own.
        """
        standings: dict[str, Standing] = {}

        async def read() -> Answer:
            standings.update(await self._circuits.all())
            return Answer(health="ok")

        asked = await answered(read(), within=self._within, whom="the table of circuits", check="target")
        if asked.health != "ok":
            return dict.fromkeys(self._targets, not_asked(f"storage ({asked.code})"))
        now = self._clock.now()
        return {name: answer_of(standings.get(name), now) for name in self._targets}


def answer_of(standing: Standing | None, now: datetime) -> Answer:
    """Say what a target's row answers.

    Args:
        standing: How it stands; None: it never failed.
        now: The time.
    """
    if standing is None:
        return Answer(health="ok")
    if standing.state == "closed":
        return Answer(health="ok", facts={TOLD: _bool(told=standing.told)})
    if is_forgotten(standing, now):
        return Answer(health="ok")
    facts = {"since": standing.since.isoformat(), "opened": str(standing.opened), TOLD: _bool(told=standing.told)}
    facts["incident"] = incident_of(standing.target, standing.since)
    if standing.until is not None:
        facts["until"] = standing.until.isoformat()
    message = f"the target {standing.target} keeps failing ({standing.code}) and is left alone for now"
    if standing.failed:
        message = f"{message}; first: {standing.failed[0].message}"
    return Answer(
        health="bad",
        code=standing.code,
        message=message,
        hint=CircuitOpen.hint,
        facts=facts,
        failed=standing.failed,
    )


def _bool(*, told: bool) -> str:
    return "true" if told else "false"
