"""The claim table, cell by cell."""

from datetime import timedelta

import msgspec
import pytest

from integration.journal.claim import (
    Drop,
    Process,
    Wait,
    claim,
)
from integration.journal.errand import ENTIRE
from integration.journal.record import Entry
from integration.journal.run import begun, ended
from integration.journal.scope import NO_ROUTE, ByRoute, WhenLinked
from tests.unit.journal.claim_table import (
    ASKED,
    DELIVERED,
    GONE,
    LATER,
    LEASED,
    MADE,
    MINE,
    NOW,
    OTHER,
    OVER,
    PARKED,
    REFUSED,
    ROWS,
    TABLE,
    a_row,
    run,
)


def test_every_cell_has_an_expectation():
    assert TABLE.keys() == ROWS.keys()
    assert all(cells.keys() == ASKED.keys() for cells in TABLE.values())


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("state", ROWS)
def test_the_claim_table(state, asked):
    kind, generation, scope = ASKED[asked]
    digest = "other" if "other data" in asked else "right"
    assert claim(ROWS[state], kind, generation, NOW, scope=scope, digest=digest) == TABLE[state][asked]


@pytest.mark.parametrize("asked", [name for name in ASKED if "other data" in name])
@pytest.mark.parametrize("state", [name for name in ROWS if name != "absent"])
def test_a_row_of_before_there_were_digests_is_judged_by_its_state(state, asked):
    kind, generation, scope = ASKED[asked]
    before = msgspec.structs.replace(ROWS[state], digest="")
    same = TABLE[state][asked.removesuffix(", other data")]
    assert claim(before, kind, generation, NOW, scope=scope, digest="other") == same


def test_only_what_a_sender_brings_is_compared():
    """What goes on, and what an operator orders, is of stored content."""
    for asked, (kind, generation, scope) in ASKED.items():
        if kind not in ("source", "recheck"):
            for row in ROWS.values():
                told = claim(row, kind, generation, NOW, scope=scope, digest="other")
                assert told == claim(row, kind, generation, NOW, scope=scope), asked


PARTIAL = [name for name, row in ROWS.items() if row is not None and not row.alive(NOW)]


@pytest.mark.parametrize("kind", ["source", "recheck"])
@pytest.mark.parametrize("state", PARTIAL)
def test_what_one_delivery_has_begun_is_taken_over_as_a_whole_but_for_what_is_recorded(state, kind):
    row = msgspec.structs.replace(ROWS[state], partial=True)
    settled = {entry.route for entry in row.deliveries if entry.state not in ("open", "unrouted")}
    assert claim(row, kind, 0, NOW, digest="right") == run("takeover", 8, whole=True, settled=settled)
    assert claim(row, kind, 0, NOW, digest="other") == OTHER


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("state", [name for name, row in ROWS.items() if row is not None])
def test_everything_else_finds_a_row_that_one_delivery_has_begun_as_any_other(state, asked):
    kind, generation, scope = ASKED[asked]
    if kind in ("source", "recheck") and state in PARTIAL:
        return
    row = msgspec.structs.replace(ROWS[state], partial=True)
    assert claim(row, kind, generation, NOW, scope=scope) == claim(ROWS[state], kind, generation, NOW, scope=scope)


@pytest.mark.parametrize("asked", ASKED)
def test_a_row_is_partial_that_one_delivery_has_begun_until_the_event_is_run_as_a_whole(asked):
    kind, generation, scope = ASKED[asked]
    fresh = msgspec.structs.replace(a_row("received", generation=0), digest="")
    first = begun(fresh, claim(None, kind, generation, NOW, scope=scope), owner="a", now=NOW, digest="d")
    assert first.partial is isinstance(scope, ByRoute)
    over = ended(first, (), now=NOW)
    assert over.partial is first.partial
    again = begun(over, claim(over, "continuation", 0, NOW, scope=ByRoute("another")), owner="b", now=NOW)
    assert again.partial is first.partial
    if first.partial:
        whole = begun(over, claim(over, "source", 0, NOW, digest="d"), owner="c", now=NOW, digest="d")
        assert (whole.partial, whole.digest, whole.running) == (False, "d", ENTIRE)


def test_the_lease_is_over_at_its_very_end():
    row = a_row("received", lease=NOW)
    assert isinstance(claim(row, "source", 0, NOW), Process)
    assert isinstance(claim(row, "source", 0, NOW - timedelta(microseconds=1)), Wait)


def test_a_retry_message_that_is_faster_than_its_row_waits_and_is_not_dropped():
    row = a_row("received", Entry(slot=ByRoute("mine"), state="deferred", generation=2), lease=LEASED, generation=7)
    assert claim(row, "continuation", 7, NOW, scope=ByRoute("mine")) == LATER
    assert claim(row, "continuation", 6, NOW, scope=ByRoute("mine")) == Drop()


def test_what_a_resend_reopened_is_finished_by_whoever_takes_over():
    row = a_row("received", DELIVERED, Entry(slot=ByRoute("failed"), state="open"), lease=OVER, running="resent")
    decision = claim(row, "source", 0, NOW)
    assert decision == run("takeover", 8, routes=["failed"], settled=["done"], running="takeover")


def test_a_release_is_dropped_when_its_delivery_was_made_before_the_run_that_died():
    row = a_row("received", MADE, lease=OVER)
    assert claim(row, "release", 0, NOW, scope=ByRoute("mine")) == Drop()


def test_a_release_meets_a_live_run_and_is_refused():
    row = a_row("received", PARKED, lease=LEASED)
    assert claim(row, "release", 0, NOW, scope=ByRoute("mine")) == REFUSED
    assert claim(row, "release", 0, NOW, scope=ByRoute("other")) == REFUSED


def test_a_dead_letter_of_what_only_the_link_decides_is_over_once_that_is_decided():
    row = a_row("done", Entry(slot=NO_ROUTE, state="decided"), DELIVERED)
    assert claim(row, "reopen", 0, NOW, scope=WhenLinked()) == Drop()


def test_what_waits_for_its_routes_still_is_not_forgotten_by_routing_anew():
    waiting = Entry(slot=NO_ROUTE, state="deferred", generation=MINE)
    decision = claim(a_row("deferred", waiting, GONE), "reopen", 0, NOW)
    assert decision == run("replayed", 8, whole=True, settled=[""], reopens=True, forgets=["gone"])
