"""A turn ends by its time or with its lease, and renews the lease meanwhile."""

from integration.storage.turn import RENEW_AFTER_SECONDS, Ended, Turn
from tests.fake_clock import PassingClock


class Lease:
    def __init__(self) -> None:
        self.renewals = 0
        self.held = True

    async def renew(self) -> bool:
        self.renewals += 1
        return self.held


async def test_it_goes_on_until_its_time_is_over():
    clock, lease = PassingClock(), Lease()
    turn = Turn(lease, clock, 10.0)
    for _ in range(10):
        assert await turn.ended() is None
        clock.seconds += 1
    assert await turn.ended() is None
    clock.seconds += 0.1
    assert await turn.ended() is Ended.TIME
    assert lease.renewals == 0


async def test_what_would_begin_too_late_is_for_the_next_turn():
    turn = Turn(Lease(), PassingClock(), 10.0)
    assert await turn.ended(at=9.0) is None
    assert await turn.ended(at=10.5) is Ended.TIME


async def test_the_lease_is_renewed_now_and_then_and_its_loss_is_told():
    clock, lease = PassingClock(), Lease()
    turn = Turn(lease, clock, 600.0)
    for _ in range(3):
        clock.seconds += RENEW_AFTER_SECONDS + 1
        assert await turn.ended() is None
        assert await turn.ended() is None
    assert lease.renewals == 3
    clock.seconds += RENEW_AFTER_SECONDS + 1
    lease.held = False
    assert await turn.ended() is Ended.LOST
