"""Nothing is lost: seeds of faults against real processes, judged by what senders saw and receivers have.

`uv run pytest tests/faults --seed N --events N` runs one seed again: the same messages, the same faults.
"""

import itertools
import os
import tempfile
from pathlib import Path

import msgspec
import pytest

from tests.faults.oracle import judge
from tests.faults.schedule import plan
from tests.faults.trial import run

# Each with one process for each scaling group of a host, or, lighter, one for all. Campaigns draw more: `run`.
FIXED = {11: True} | ({12: False} if os.environ.get("FNO_LINK_TEST_LONG") else {})
EVENTS = 80
LIMIT = 1500
TOLD = 30

# The SDKs leave sockets and streams to the garbage collector when their peer is killed.
pytestmark = [
    pytest.mark.timeout(LIMIT),
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning", "ignore:loop is closed:ResourceWarning"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        given = metafunc.config.getoption("--seed")
        metafunc.parametrize("seed", FIXED if given is None else [given])


def test_nothing_is_lost(seed, request, record_property):
    planned = plan(seed, request.config.getoption("--events") or EVENTS)
    record_property("faults", str(planned))
    folder = Path(tempfile.mkdtemp(prefix=f"fno-link-faults-{seed}-"))
    evidence = run(planned, folder, grouped=FIXED.get(seed, True))
    verdict = judge(evidence)
    record_property("verdict", f"{verdict.counts}, repeated: {verdict.excused}, unrecorded: {verdict.unrecorded}")
    (folder / "evidence.json").write_bytes(msgspec.json.encode(evidence))
    told = "\n".join(f"{each.rule}: {each.id}: {each.why}" for each in verdict.problems[:TOLD])
    assert not verdict.problems, f"{planned}\nlogs and evidence: {folder}\n{told}"


@pytest.mark.parametrize("events", [60, 100, 1000])
def test_a_seed_always_means_the_same(events):
    assert plan(7, events) == plan(7, events)
    assert plan(7, events) != plan(8, events)


@pytest.mark.parametrize("number", range(50))
def test_every_plan_has_three_kinds_of_faults_with_calm_between_and_all_its_messages(number):
    planned = plan(number, 100)
    assert len({each.fault for each in planned.faults}) >= 3
    assert len(planned.messages) == 100
    apart = [each for each in planned.faults if each.fault != "record_rots"]
    for first, second in itertools.pairwise(apart):
        assert second.start - first.start - first.lasts > 1.0
    by_number = {message.number: message for message in planned.messages}
    for message in planned.messages:
        if message.kind in ("duplicate", "resend"):
            assert by_number[message.of].at <= message.at
