"""From what one process finds out of a target to what the fleet knows, and what is news to it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.delivery.breaking.circuit import PROBE_LASTS
from integration.delivery.breaking.circuit_rows import FORGOTTEN, Standing, after, is_forgotten, news
from integration.delivery.breaking.circuits import Transition
from integration.events.alerts import Failed

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


def test_a_first_attempt_is_the_trial_once_that_of_who_opened_it_is_over():
    assert OPEN.until is not None
    over = OPEN.until + PROBE_LASTS
    assert after(OPEN, moved("served", at=over - timedelta(seconds=1))) is None
    served = moved("served", at=over, code="", opened=0, until=None)
    standing = after(OPEN, served)
    assert standing == Standing(target="orders", state="closed", since=over)
    told = news(OPEN, standing, served)
    assert (told.state, told.since, told.code) == ("closed", OPEN.since, "TargetUnavailable")
    for before in (None, CLOSED):
        assert after(before, served) is None


def test_what_nobody_has_tried_for_long_is_opened_anew_and_told_and_closed_all_the_same():
    assert OPEN.until is not None
    late = OPEN.until + FORGOTTEN
    assert (is_forgotten(OPEN, late), is_forgotten(OPEN, late - timedelta(seconds=1))) == (True, False)
    again = moved("opened", at=late, since=late, until=late + MINUTE)
    standing = after(OPEN, again)
    assert standing == Standing(
        target="orders", state="open", since=late, until=late + MINUTE, opened=1, code="TargetUnavailable"
    )
    assert news(OPEN, standing, again) == again
    heard = moved("answered", at=late, code="", opened=0, until=None)
    assert news(OPEN, after(OPEN, heard), heard).state == "closed"


def test_the_deliveries_that_failed_first_stay_with_the_row_until_its_end_is_told():
    first = (Failed(type="T", id="1", code="TargetUnavailable", message="orders answered 503", route="all"),)
    opened = moved("opened", failed=first)
    standing = after(None, opened)
    assert standing.failed == first
    prolonged = after(standing, moved("reopened", failed=(*first, *first)))
    assert prolonged.failed == first
    heard = moved("answered", code="", opened=0, until=None)
    assert news(prolonged, after(prolonged, heard), heard).failed == first


def test_what_a_row_names_stays_small_whatever_senders_call_their_events():
    long = Failed(type="T" * 9000, id="ü" * 9000, code="C", message="m" * 9000, route="r")
    standing = after(None, moved("opened", failed=(long,) * 10))
    assert len(msgspec.json.encode(standing)) < 32_000
    assert standing.failed[0].id.startswith("ü" * 99)
