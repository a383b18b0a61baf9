"""A link that moved is told once, whatever is silent but a mute, and a link that moves to and fro is no storm."""

from datetime import timedelta

import msgspec
import pytest

from tests.unit.health.machine.playing import LOST, QUIET, START, Played, at, link, play
from tests.unit.health.machine.test_silence import muted_until

A, B, C = link("a"), link("b"), link("c")
SETTINGS = msgspec.structs.replace(QUIET, stable_for=timedelta(minutes=20))


@pytest.mark.parametrize(
    ("answers", "silence", "orders", "told"),
    [
        ([A, A, A], "", {}, ""),
        ([A, B, B], "", {}, " l"),
        ([A, B, B], " mm", {}, " l"),
        ([A, B, B], " ii", {}, " l"),
        ([A, LOST, B], "", {}, " t*"),  # the end, and the move
        ([A, B, B, B], "", {1: muted_until(3)}, "   l"),
        ([A, B, A, A], "", {1: muted_until(3)}, ""),  # it is back where it was
        ([A, B, C, C], "", {1: muted_until(3)}, "   l"),
        ([A, B, A, A, A, A], "", {}, " l   l"),  # 20 minutes later at the earliest
        ([A, B, A, B, A, B], "", {}, " l"),
        ([A, B] * 11, "", {}, " l    l    l    l    l"),  # and no oftener
    ],
)
def test_what_is_told(answers, silence, orders, told):
    assert play(answers, SETTINGS, silence=silence, orders=orders)[0] == told


def test_it_says_from_where_to_where_and_is_no_incident():
    _, played = play([A, B], SETTINGS)
    (notice,) = played.notices
    assert notice.incident.endswith("-relinked")
    assert (notice.previous, notice.link) == (A.link, B.link)
    assert notice.routes is None
    assert played.state.incident is None
    assert played.state.phase == "ok"


def test_after_a_mute_it_says_from_where_it_was_known_to_be():
    _, played = play([A, B, C, C], SETTINGS, orders={1: muted_until(3)})
    (notice,) = played.notices
    assert (notice.previous, notice.link, notice.at) == (A.link, C.link, at(3))


def test_each_move_has_a_key_of_its_own():
    _, played = play([A, B, B, B, B, B, A], SETTINGS)
    assert len({notice.key for notice in played.notices}) == 2


def test_two_moves_at_the_same_time_by_the_clock_have_two_keys():
    played, settings = Played(), msgspec.structs.replace(QUIET, stable_for=timedelta(0))
    for host in "abc":
        played.answer(link(host), START, settings)
    assert len({notice.key for notice in played.notices}) == 2


def test_an_alert_names_the_environment_that_was_linked_before():
    _, played = play([A, LOST, A], SETTINGS)
    lost, restored = played.notices
    assert (lost.link, lost.previous) == (None, A.link)
    assert (restored.link, restored.previous) == (A.link, None)


def test_only_the_machine_that_asks_for_the_link_tells_of_it():
    assert play([A, B], SETTINGS, played=Played(kind="trust"))[0] == ""
