"""How many requests a process takes at once follows how quickly it answers."""

import pytest

from integration.web.admission import Admission, Refusals
from tests.fake_clock import FakeClock


def served(admission: Admission, clock: FakeClock, seconds: float, *, rounds: int, offered: int = 1000) -> int:
    """Serve rounds of as many requests as are let in, each of which takes so long; how many were let in last."""
    entered: list[float] = []
    for _ in range(rounds):
        entered = [admission.enter() for _ in range(offered) if not admission.full]
        clock._elapsed += seconds
        for each in entered:
            admission.leave(each)
    return len(entered)


def test_slow_answers_let_fewer_in_and_quick_ones_more():
    clock = FakeClock()
    admission = Admission(clock, first=100, least=16, most=256, slow=1.0)
    assert served(admission, clock, 0.2, rounds=1) == 100
    assert served(admission, clock, 0.2, rounds=400) == 256
    # However many were slow together, they count once.
    assert served(admission, clock, 1.5, rounds=1) == 256
    assert 256 * 0.8 < admission.limit < 256 * 0.9
    assert served(admission, clock, 1.5, rounds=50) == 16
    served(admission, clock, 0.2, rounds=20)
    assert admission.limit > 30


def test_what_takes_longer_the_more_there_are_settles_where_it_is_quick_enough():
    clock = FakeClock()
    admission = Admission(clock, slow=1.0)
    for _ in range(300):
        entered = [admission.enter() for _ in range(1000) if not admission.full]
        clock._elapsed += len(entered) / 60  # sixty a second
        for each in entered:
            admission.leave(each)
    assert 45 <= admission.limit <= 61


def test_quick_answers_with_room_to_spare_raise_nothing():
    clock = FakeClock()
    admission = Admission(clock, first=100)
    served(admission, clock, 0.01, rounds=500, offered=10)
    assert admission.limit == 100


@pytest.mark.parametrize("most", [0, 1, 8])
def test_never_more_than_the_most(most):
    admission = Admission(FakeClock(), most=most)
    entered = [admission.enter() for _ in range(20) if not admission.full]
    assert len(entered) == most


def test_refusals_are_told_as_a_count_once_in_a_while():
    clock = FakeClock()
    refusals = Refusals(clock, every=60)
    assert [refusals.count() for _ in range(500)] == [1, *[0] * 499]
    clock._elapsed += 59
    assert refusals.count() == 0
    clock._elapsed += 1
    assert refusals.count() == 501
    assert refusals.count() == 0
