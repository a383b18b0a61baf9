"""What a reader is told of a run in which the machine did not keep up."""

import msgspec
import pytest

from tests.faults.oracle import Problem
from tests.faults.result import Result, summary

SAYS_NOTHING = "its `twice` says nothing"
TWICE = Problem(rule="twice", id="e1", why="orders has it again")
FINE = Result(seed=3, events=100, seconds=90.0, overload=30.0)


@pytest.mark.parametrize(("overload", "said"), [(0.0, False), (30.0, False), (31.0, True), (90.0, True)])
def test_more_than_a_third_of_overload_is_told_plainly(overload, said):
    assert (SAYS_NOTHING in str(msgspec.structs.replace(FINE, overload=overload))) is said


def test_a_rule_that_was_broken_under_overload_stays_broken():
    slow = msgspec.structs.replace(FINE, seed=4, overload=60.0, problems=(TWICE,), failed=1)
    assert "1 PROBLEMS" in str(slow)
    told = summary([FINE, slow])
    assert "failing seeds: [4]" in told
    assert "`twice` says nothing, as more than a third was overloaded: [4]" in told
