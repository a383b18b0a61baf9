"""How what is measured goes to whoever takes measurements.

What is counted is added up here and asked for by the exporter, as an observable counter: an SDK takes some ten
microseconds to find the sum that a count belongs to, for each of some ten counts of an event.
"""

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from integration.telemetry.metrics import BOUNDS, Metric
from integration.telemetry.operations import ATTRIBUTES
from integration.telemetry.providers import PROVIDERS

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Meter, Observation

type Value = str | int

SETS = 4096
"""Sets of attributes that a histogram remembers."""


class _Sum:
    """A counter: what was counted since the start of the process, by its attributes."""

    def __init__(self) -> None:
        self._sums: dict[tuple[tuple[str, Value], ...], float] = {}
        self._lock = Lock()  # the exporter reads on a thread of its own

    def add(self, value: float, details: Mapping[str, Value]) -> None:
        """Count."""
        key = tuple(details.items())
        with self._lock:
            self._sums[key] = self._sums.get(key, 0) + value

    def seen(self) -> Iterable[tuple[float, Mapping[str, Value]]]:
        """Give the sums; details that came in another order are the same."""
        with self._lock:
            sums = dict(self._sums)
        together: dict[tuple[tuple[str, Value], ...], float] = {}
        for key, value in sums.items():
            same = tuple(sorted((word, said) for word, said in key if said != ""))
            together[same] = together.get(same, 0) + value
        return [(value, dict(key)) for key, value in together.items()]


class _Instant:
    """A histogram or a gauge: told at once. A set of attributes is made once."""

    def __init__(self, tell: Callable[[float, Mapping[str, Value]], None]) -> None:
        self._tell = tell
        self._sets: dict[tuple[tuple[str, Value], ...], Mapping[str, Value]] = {}

    def add(self, value: float, details: Mapping[str, Value]) -> None:
        """Measure."""
        key = tuple(details.items())
        if (attributes := self._sets.get(key)) is None:
            attributes = _named(details)
            if len(self._sets) < SETS:
                self._sets[key] = attributes
        self._tell(value, attributes)


class Instruments:
    """The instruments of the meter that is there, made at their first use."""

    def __init__(self) -> None:
        self._meter: Meter | None = None
        self._made: dict[str, _Sum | _Instant] = {}

    def tell(self, metric: Metric, value: float, details: Mapping[str, Value]) -> None:
        """Count, or measure, where somebody takes it."""
        meter = PROVIDERS.meter()
        if meter is None:
            return
        if meter is not self._meter:
            self._meter, self._made = meter, {}
        made = self._made.get(metric.name)
        if made is None:
            made = self._made[metric.name] = _made(meter, metric)
        made.add(value, details)


def _made(meter: "Meter", metric: Metric) -> _Sum | _Instant:
    given: dict[str, Any] = {"unit": metric.unit, "description": metric.what}
    match metric.kind:
        case "counter":
            total = _Sum()
            meter.create_observable_counter(metric.name, callbacks=[_asked(total.seen)], **given)
            return total
        case "histogram":
            bounds = list(BOUNDS)
            return _Instant(
                meter.create_histogram(metric.name, explicit_bucket_boundaries_advisory=bounds, **given).record
            )
        case _:
            return _Instant(meter.create_gauge(metric.name, **given).set)


def _asked(
    seen: Callable[[], Iterable[tuple[float, Mapping[str, Value]]]],
) -> "Callable[[CallbackOptions], list[Observation]]":
    from opentelemetry.metrics import Observation  # noqa: PLC0415  # once it is loaded

    def asked(_options: "CallbackOptions") -> "list[Observation]":
        return [Observation(value, _named(details)) for value, details in seen()]

    return asked


def _named(details: Mapping[str, Value]) -> dict[str, Value]:
    return {ATTRIBUTES[word]: said for word, said in details.items() if said != ""}


_INSTRUMENTS = Instruments()


def tell(metric: Metric, value: float = 1, /, **details: Value) -> None:
    """Count one, or tell a value.

    Args:
        metric: Which measurement.
        value: In its unit.
        details: Its attributes, in the words of ATTRIBUTES; what is empty is left out.
    """
    _INSTRUMENTS.tell(metric, value, details)
