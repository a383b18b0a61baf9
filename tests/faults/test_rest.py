"""When a run is over: once nothing is left, or nothing has moved for long; never because the machine is slow."""

from tests.faults.rest import LOOKS, settled


class World:
    """What is left, look by look; the last answer stays."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.looks = 0

    def __call__(self) -> tuple[str, ...]:
        self.looks += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_it_is_over_at_once_when_nothing_is_left():
    world = World(())
    assert settled(world, lambda _: None) == ()
    assert world.looks == 1


def test_it_goes_on_for_as_long_as_something_moves():
    world = World(*((f"erp-in: {count} messages",) for count in range(10 * LOOKS, 0, -1)), ())
    assert settled(world, lambda _: None) == ()
    assert world.looks == 10 * LOOKS + 1


def test_what_does_not_move_any_more_is_left_and_told():
    world = World(("a is deferred", "b is deferred"), ("b is deferred",))
    assert settled(world, lambda _: None) == ("b is deferred",)
    assert world.looks == LOOKS + 2
