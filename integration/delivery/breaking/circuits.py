"""The circuit breakers of a process, around the targets."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Breaker
from integration.delivery.breaking.circuit import Circuit, Move, abandon, admit, fail, succeed
from integration.delivery.shipment import Receipt, Shipment, Target
from integration.errors import CircuitOpen, DeliveryFailed, Spared
from integration.events.alerts import Alert, Failed, command_of, event_of
from integration.events.alerts.alert import MOST_NAMED
from integration.events.alerts.types import TARGET_CLOSED, TARGET_OPENED
from integration.events.event import Event

ASKED_EVERY_SECONDS = 30.0
"""Seconds in which at most one delivery of a kind, first attempt or retry, tells the fleet that its target answers."""

type Moved = Move | Literal["answered", "served"]


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """What the fleet must know of one process's circuit.

    Args:
        target: The target's name.
        state: `opened` or `closed`; `reopened`: its probe failed; `answered`: a retry was taken while it was closed,
            which some other process may not know of; `served`: a first attempt was.
        at: When.
        since: When it was opened.
        code: Why: the code of the last failure.
        organization: Of the event whose delivery showed it.
        source: The URI that the event about it has as its source.
        until: When an open one lets a probe pass.
        opened: How often it was opened in a row.
        failed: Of the deliveries that failed since it last answered the first ones, each with its first error.
    """

    target: str
    state: Moved
    at: datetime
    since: datetime
    code: str
    organization: str
    source: str
    until: datetime | None = None
    opened: int = 0
    failed: tuple[Failed, ...] = ()

    @property
    def told(self) -> bool:
        """Whether it is told as an event."""
        return self.state in ("opened", "closed")


class Targets(Protocol):
    """What gives targets by name."""

    def get(self, name: str) -> Target:
        """Give the target of this name."""
        ...


class Circuits:
    """Targets that are left alone while they keep failing; each process finds that out for itself.

    Args:
        targets: The targets themselves.
        settings: Thresholds.
        clock: The time.
        own: Thresholds of single targets.
    """

    def __init__(
        self, targets: Targets, settings: Breaker, clock: Clock, own: Mapping[str, Breaker] | None = None
    ) -> None:
        self._targets = targets
        self._settings = settings
        # Times are the wall clock's at the start plus what has passed on the monotonic clock. If the machine's clock is
        # set back, no circuit stays open for hours.
        self._began = clock.now() - timedelta(seconds=clock.monotonic())
        self._monotonic = clock.monotonic
        self._own = dict(own or {})
        self._circuits: dict[str, Circuit] = {}
        self._transitions: list[Transition] = []
        self._failures: dict[str, tuple[Failed, ...]] = {}
        self._asked: dict[tuple[str, Moved], float] = {}

    def get(self, name: str) -> Target:
        """Give the target of this name, behind its breaker unless breakers are switched off."""
        target = self._targets.get(name)
        return _Guarded(name, target, self) if self.settings(name).enabled else target

    def settings(self, name: str) -> Breaker:
        """Give the thresholds of a target."""
        return self._own.get(name, self._settings)

    def standing(self, name: str) -> Circuit:
        """Give a target's circuit as it stands in this process; it is not changed by being looked at."""
        return self._circuits.get(name, Circuit())

    def states(self) -> dict[str, str]:
        """Give the state of each circuit that this process has used, by target."""
        return {name: circuit.state for name, circuit in list(self._circuits.items())}

    def take_transitions(self) -> list[Transition]:
        """Give what has happened since the last call, oldest first, once."""
        taken, self._transitions = self._transitions, []
        return taken

    async def deliver(self, name: str, target: Target, shipment: Shipment) -> Receipt:
        """Deliver once, unless the circuit is open.

        Raises:
            Spared: It is, or the target leaves whom it calls alone; nothing was attempted.
            DeliveryFailed: The target's own failure.
        """
        admission = admit(self._circuits.get(name, Circuit()), self._now())
        self._circuits[name] = admission.circuit
        if not admission.allowed:
            msg = f"the target {name} keeps failing ({admission.circuit.code}) and is left alone for now"
            raise CircuitOpen(msg, retry_after=admission.wait.total_seconds())
        heard = False
        try:
            receipt = await target.deliver(shipment)
            heard = True
        except Spared:
            raise  # the target was not asked, and nothing new is known of it
        except DeliveryFailed as failure:
            heard = True
            self._failed(name, failure, shipment)
            raise
        finally:
            if not heard:
                self._circuits[name] = abandon(self._circuits[name], self._now())
        self._answered(name, shipment)
        return receipt

    def _now(self) -> datetime:
        return self._began + timedelta(seconds=self._monotonic())

    def _failed(self, name: str, failure: DeliveryFailed, shipment: Shipment) -> None:
        if not failure.transient:
            if failure.status is None:  # refused before it was sent: says nothing about the target
                self._circuits[name] = abandon(self._circuits[name], self._now())
            else:
                self._answered(name, shipment)
            return
        now = self._now()
        self._failures[name] = _noted(self._failures.get(name, ()), failure, shipment)
        step = fail(self._circuits[name], self.settings(name), now, failure.code)
        self._circuits[name] = step.circuit
        if step.moved is not None:
            self._moved(name, step.moved, step.circuit, now, shipment.event)

    def _answered(self, name: str, shipment: Shipment) -> None:
        before, now = self._circuits[name], self._now()
        step = succeed(before, self.settings(name), now)
        self._circuits[name] = step.circuit
        if step.moved is not None:
            self._moved(name, step.moved, before, now, shipment.event)
        self._failures.pop(name, None)
        if step.moved is not None:
            return
        state: Moved = "answered" if shipment.attempt > 1 else "served"
        if self._monotonic() - self._asked.get((name, state), -ASKED_EVERY_SECONDS) >= ASKED_EVERY_SECONDS:
            self._asked[name, state] = self._monotonic()
            self._moved(name, state, before, now, shipment.event)

    def _moved(self, name: str, state: Moved, circuit: Circuit, at: datetime, by: Event) -> None:
        source = by.source if by.internal else f"{by.source.removesuffix('/finance-operations')}/fno-link"
        since = circuit.opened_at or at
        self._transitions.append(
            Transition(
                target=name,
                state=state,
                at=at,
                since=since,
                code=circuit.code,
                organization=by.organization,
                source=source,
                until=circuit.until,
                opened=circuit.opened,
                failed=self._failures.get(name, ()) if state in ("opened", "reopened", "closed") else (),
            )
        )


class _Guarded:
    """One target behind its breaker."""

    def __init__(self, name: str, target: Target, circuits: Circuits) -> None:
        self._name = name
        self._target = target
        self._circuits = circuits

    async def deliver(self, shipment: Shipment) -> Receipt:
        return await self._circuits.deliver(self._name, self._target, shipment)

    async def close(self) -> None:
        await self._target.close()


def _noted(before: tuple[Failed, ...], failure: DeliveryFailed, shipment: Shipment) -> tuple[Failed, ...]:
    event = shipment.event
    if len(before) >= MOST_NAMED or any(each.id == event.id for each in before):
        return before
    failed = Failed(type=event.type, id=event.id, code=failure.code, message=str(failure), route=shipment.route)
    return (*before, failed)


def alert_event(transition: Transition) -> Event:
    """Make an event of a transition that is told as one; the same one is the same event."""
    opened = transition.state == "opened"
    incident = incident_of(transition.target, transition.since)
    data = Alert(
        organization="",
        organization_url="",
        subject=transition.target,
        check="target",
        incident=incident,
        transition="triggered" if opened else "resolved",
        n=1,
        since=transition.since,
        code=transition.code,
        message=_told(transition),
        hint=CircuitOpen.hint if opened else "Replay what became a dead letter meanwhile.",
        failed=transition.failed,
        command=command_of("target", incident=incident, route=transition.failed[0].route if transition.failed else ""),
    )
    return event_of(
        TARGET_OPENED if opened else TARGET_CLOSED,
        data,
        transition.at,
        organization=transition.organization,
        source=transition.source,
    )


def _told(transition: Transition) -> str:
    if transition.state != "opened":
        return f"the target {transition.target} is back"
    why = transition.failed[0].message if transition.failed else transition.code
    return f"the target {transition.target} is left alone: {why}"


def incident_of(target: str, since: datetime) -> str:
    """Name the incident that a target is left alone, as the events about it do.

    Args:
        target: The target's name.
        since: When its circuit was opened first.
    """
    return hashlib.sha256(f"{target}\x00{since.isoformat()}".encode()).hexdigest()[:16]
