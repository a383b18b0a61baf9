"""The lies are many, each seed's are the same, and they can be told over HTTP."""

from itertools import islice

import httpx
import pytest

from emulation.receivers import Receivers
from tests.faults.evidence import Evidence, Kept, Window
from tests.faults.excuses import cause
from tests.faults.lies import BODIES, HEADERS, STATUSES, lies


def test_a_seed_always_tells_the_same_lies_and_in_time_all_of_them():
    first, again, other = (list(islice(lies(seed), 2000)) for seed in (1, 1, 2))
    assert first == again != other
    assert {lie.status for lie in first} == set(STATUSES)
    assert {lie.body for lie in first} == set(BODIES)
    assert len({lie.headers.get("Retry-After") for lie in first}) > 5
    assert all(any(given.items() <= lie.headers.items() for lie in first) for given in HEADERS)


def test_every_lie_can_be_told():
    with Receivers() as receivers:
        for lie in islice(lies(3), 60):
            receivers.heal("liar")
            receivers.fail("liar", lie.status, body=lie.body, headers=lie.headers)
            with httpx.Client(trust_env=False) as client, client.stream("POST", receivers.url("liar")) as answer:
                assert answer.status_code == lie.status


@pytest.mark.parametrize("reason", ["TargetRejected", "RetriesExhausted"])
def test_a_lie_explains_the_dead_letters_of_who_told_it_and_no_others(reason):
    told = Window(fault="counterpart_lies", subject="orders", start=10, end=12)
    evidence = Evidence(windows=(told,), transports={"orders": "webhook", "other": "webhook"})

    def dead(target, at=11.0):
        return Kept(path="p", organization="contoso", reason=reason, key="k", target=target, recorded_at=at)

    assert cause(evidence, dead("orders"), 9.0) == "counterpart_lies"
    assert cause(evidence, dead("other"), 9.0) is None
    assert cause(evidence, dead("orders", 9.5), 9.0) is None
