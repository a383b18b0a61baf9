"""What is measured, as far as somebody takes measurements.

Names follow "Metrics semantic conventions" of OpenTelemetry 1.44 (a namespace, the unit in UCUM and not in the name);
attributes are those of spans, and few: each pair of values is a series that somebody pays for. A test holds
docs/telemetry.md to this table.
"""

from typing import Literal

import msgspec


class Metric(msgspec.Struct, frozen=True):
    """One measurement.

    Args:
        name: Its name.
        kind: A `counter` and a `histogram` are told what happens; a `gauge` what is, when somebody looks.
        unit: In UCUM.
        what: What it says.
        by: Its attributes, in the words of ATTRIBUTES.
    """

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    what: str
    by: tuple[str, ...]


EVENTS = Metric(
    "fno_link.events",
    "counter",
    "{event}",
    "`received`: as they come in; `failed`: a message had to go back; `duplicate`, `ignored`, `stale`, `held`: nothing "
    "was delivered; `delivered`, `deferred`, `parked`, `dead_lettered`: deliveries, one deferred twice counts twice; "
    "`refused`: a caller whose token did not do, with `CallerUnknown` or `CallerRefused` as the reason",
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
LINK_AGE = Metric(
    "fno_link.link.age",
    "gauge",
    "s",
    "since a health round last got a definite answer about the link; at the end of each round",
    ("organization",),
)
LINK_STATE = Metric(
    "fno_link.link.state",
    "gauge",
    "1",
    "1: linked and trusted; 0.5: linked, and not trusted; 0: not linked; no value: nothing is known; at the end of "
    "each health round",
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
    "gauge",
    "1",
    "1: some process leaves the target alone, its circuit is open; 0: none does; at the end of each health round",
    ("target",),
)
INCIDENTS = Metric(
    "fno_link.incidents",
    "gauge",
    "{incident}",
    "how many are open, by what is watched; 0, too; at the end of each health round",
    ("check",),
)
DEAD_LETTERS = Metric(
    "fno_link.dead_letters",
    "counter",
    "{dead_letter}",
    "what became a dead letter",
    ("organization", "target", "reason"),
)
PARKED = Metric("fno_link.parked", "counter", "{delivery}", "what was parked", ("organization", "target", "reason"))

METRICS = (EVENTS, DURATION, WAITING, LINK_AGE, LINK_STATE, LOOKUPS, CALLS, CIRCUIT, INCIDENTS, DEAD_LETTERS, PARKED)

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60)
"""Of the histogram's buckets, in seconds: those of `messaging.client.operation.duration`, and a minute's more."""
