"""From what one process finds out of a target to what the fleet knows, and what is news to it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.delivery.breaking.circuit_rows import Standing, after, news
from integration.delivery.breaking.circuits import Transition

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOVED = Transition(
    target="orders",
    state="opened",
    at=NOW,
    since=NOW,
    code="TargetUnavailable",
    organization="contoso",
    source="https://contoso.crm.dynamics.com/fno-link",
    until=NOW + MINUTE,
    opened=1,
)
OPEN = Standing(
    target="orders", state="open", since=NOW - MINUTE, until=NOW + 2 * MINUTE, opened=3, code="TargetUnavailable"
)
CLOSED = Standing(target="orders", state="closed", since=NOW - MINUTE)


def moved(state, **more):
    return msgspec.structs.replace(MOVED, state=state, **more)


@pytest.mark.parametrize("before", [None, CLOSED])
@pytest.mark.parametrize("state", ["opened", "reopened"])
def test_the_first_process_that_leaves_a_target_alone_opens_it_for_the_fleet(before, state):
    standing = after(before, moved(state))
    expected = Standing(
        target="orders", state="open", since=NOW, until=NOW + MINUTE, opened=1, code="TargetUnavailable"
    )
    assert standing == expected
    assert news(before, standing, moved(state)) == MOVED


@pytest.mark.parametrize("state", ["opened", "reopened"])
def test_another_one_only_prolongs_it(state):
    later = moved(state, code="Throttled", until=NOW + 5 * MINUTE)
    standing = after(OPEN, later)
    assert standing == msgspec.structs.replace(OPEN, code="Throttled", until=NOW + 5 * MINUTE)
    assert news(OPEN, standing, later) is None
    assert after(OPEN, moved(state)) == OPEN


@pytest.mark.parametrize("state", ["closed", "answered"])
def test_the_first_one_that_hears_from_it_closes_it_whoever_opened_it(state):
    heard = moved(state, code="", opened=0, until=None)
    standing = after(OPEN, heard)
    assert standing == Standing(target="orders", state="closed", since=NOW)
    told = news(OPEN, standing, heard)
    assert (told.state, told.since, told.code) == ("closed", OPEN.since, "TargetUnavailable")


@pytest.mark.parametrize("state", ["closed", "answered"])
@pytest.mark.parametrize("before", [None, CLOSED])
def test_what_the_fleet_knows_is_neither_written_nor_told(state, before):
    assert after(before, moved(state)) is None
