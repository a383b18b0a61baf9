"""What is measured, as far as somebody takes measurements.

Names follow "Metrics semantic conventions" of OpenTelemetry 1.44 (a namespace, the unit in UCUM and not in the name);
attributes are those of spans, and few: each pair of values is a series that somebody pays for. A test holds
docs/telemetry.md to this table.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from integration.telemetry.operations import ATTRIBUTES
from integration.telemetry.providers import PROVIDERS

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

type Seen = Callable[[], Iterable[tuple[float, Mapping[str, str]]]]
"""Gives the values of now, each with its attributes in the words of ATTRIBUTES; called on an exporter's thread."""


class Metric(msgspec.Struct, frozen=True):
    """One measurement.

    Args:
        name: Its name.
        kind: A `counter` and a `histogram` are told what happens; a `gauge` what is, when somebody looks; an `observed`
            one is asked by the exporter.
        unit: In UCUM.
        what: What it says.
        by: Its attributes, in the words of ATTRIBUTES.
    """

    name: str
    kind: Literal["counter", "histogram", "gauge", "observed"]
    unit: str
    what: str
    by: tuple[str, ...]


EVENTS = Metric(
    "fno_link.events",
    "counter",
    "{event}",
    "`received`: as they come in; `failed`: a message had to go back; `duplicate`, `ignored`, `stale`, `held`: nothing "
    "was delivered; `delivered`, `deferred`, `parked`, `dead_lettered`: deliveries, one deferred twice counts twice",
    ("organization", "source", "target", "outcome", "reason"),
)
DURATION = Metric(
    "fno_link.delivery.duration",
    "histogram",
    "s",
    "how long one attempt took",
    ("target", "outcome"),
)
WAITING = Metric(
    "fno_link.waiting.age",
    "gauge",
    "s",
    "age of the oldest message on a queue of ours; every five minutes, by the timer",
    ("queue",),
)
LINK_AGE = Metric("fno_link.link.age", "observed", "s", "since the link was last asked for", ("organization",))
LINK_STATE = Metric(
    "fno_link.link.state",
    "observed",
    "1",
    "1: linked and trusted; 0.5: linked, and not trusted; 0: not linked; no value: nothing is known",
    ("organization",),
)
LOOKUPS = Metric(
    "fno_link.link.lookups",
    "counter",
    "{lookup}",
    "how a delivery came to its link: `hit` from this process's memory; `asked`: from the shared cache or Dataverse; "
    "`unknown`: it could not be found out",
    ("organization", "outcome"),
)
CALLS = Metric(
    "fno_link.dataverse.calls",
    "counter",
    "{call}",
    "calls to Dataverse, by the status of the answer, or by the error where there was none",
    ("organization", "status", "reason"),
)
CIRCUIT = Metric(
    "fno_link.circuit.state",
    "observed",
    "1",
    "a target's circuit in this process: 0 closed, 0.5 half open, 1 open",
    ("target",),
)
DEAD_LETTERS = Metric(
    "fno_link.dead_letters",
    "counter",
    "{dead_letter}",
    "what became a dead letter",
    ("organization", "target", "reason"),
)
PARKED = Metric("fno_link.parked", "counter", "{delivery}", "what was parked", ("organization", "target", "reason"))

METRICS = (EVENTS, DURATION, WAITING, LINK_AGE, LINK_STATE, LOOKUPS, CALLS, CIRCUIT, DEAD_LETTERS, PARKED)

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60)
"""Of the histogram's buckets, in seconds: those of `messaging.client.operation.duration`, and a minute's more."""


class Instruments:
    """The instruments of the meter that is there, made at their first use."""

    def __init__(self) -> None:
        self._meter: Meter | None = None
        self._made: dict[str, Any] = {}

    def tell(self, metric: Metric, value: float, details: Mapping[str, str | int]) -> None:
        """Count, or measure, where somebody takes it."""
        meter = PROVIDERS.meter()
        if meter is None:
            return
        instrument = self._of(meter, metric)
        attributes = {ATTRIBUTES[word]: said for word, said in details.items() if said != ""}
        match metric.kind:
            case "counter":
                instrument.add(value, attributes)
            case "histogram":
                instrument.record(value, attributes)
            case _:
                instrument.set(value, attributes)

    def observe(self, metric: Metric, seen: Seen) -> None:
        """Have the exporter ask for values; where nobody takes measurements now, nobody ever will."""
        meter = PROVIDERS.meter()
        if meter is None:
            return
        from opentelemetry.metrics import Observation  # noqa: PLC0415  # once it is loaded

        def observed(_options: "CallbackOptions") -> "list[Observation]":
            return [
                Observation(value, {ATTRIBUTES[word]: said for word, said in details.items()})
                for value, details in seen()
            ]

        meter.create_observable_gauge(metric.name, callbacks=[observed], unit=metric.unit, description=metric.what)

    def _of(self, meter: "Meter", metric: Metric) -> Any:
        if meter is not self._meter:
            self._meter, self._made = meter, {}
        if metric.name not in self._made:
            given: dict[str, Any] = {"unit": metric.unit, "description": metric.what}
            match metric.kind:
                case "counter":
                    made: Any = meter.create_counter(metric.name, **given)
                case "histogram":
                    bounds = list(BOUNDS)
                    made = meter.create_histogram(metric.name, explicit_bucket_boundaries_advisory=bounds, **given)
                case _:
                    made = meter.create_gauge(metric.name, **given)
            self._made[metric.name] = made
        return self._made[metric.name]


_INSTRUMENTS = Instruments()


def tell(metric: Metric, value: float = 1, /, **details: str | int) -> None:
    """Count one, or tell a value.

    Args:
        metric: Which measurement.
        value: In its unit.
        details: Its attributes, in the words of ATTRIBUTES; what is empty is left out.
    """
    _INSTRUMENTS.tell(metric, value, details)


def observe(metric: Metric, seen: Seen) -> None:
    """Have the exporter ask for values whenever it exports."""
    _INSTRUMENTS.observe(metric, seen)
