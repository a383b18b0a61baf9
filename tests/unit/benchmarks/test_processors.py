"""Who had the processors."""

import os

from benchmarks.processors import Meter, Usage


def test_a_process_that_works_is_seen_to_and_laps_begin_anew():
    meter = Meter({"me": os.getpid()})
    total = 0.0
    while total < 0.2:  # however long that takes on a busy machine
        usage = meter.lap()
        total += usage.spent["me"]
        assert usage.spent["me"] <= usage.machine + 0.1
        sum(range(100_000))
    assert meter.lap().spent["me"] < 0.2


def test_what_nobody_named_is_told_too():
    usage = Usage(seconds=10.0, spent={"host": 8.0, "senders": 1.0}, machine=12.5)
    assert str(usage) == f"processors: host 0.80, senders 0.10, everything else 0.35 of {os.cpu_count()}"
