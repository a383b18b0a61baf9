"""What a run makes of its event: by what was claimed, and without a journal by the message alone."""

from datetime import UTC, datetime

import pytest

from integration.delivery.journalled.task import Task
from integration.delivery.queued.work import Work
from integration.journal import Process
from integration.journal.errand import ENTIRE, Continuation, Resent, Takeover
from integration.journal.scope import NO_ROUTE, WHOLE, ByRoute, Recheck, WhenLinked

AT = datetime(2026, 1, 2, tzinfo=UTC)
ORDERS, CRM, LINKED = ByRoute("orders"), ByRoute("crm"), WhenLinked()


def claimed(running, *scopes, why="takeover", settled=()):
    return Process(why=why, generation=2, lease_until=AT, running=running, scopes=scopes, settled=frozenset(settled))


def task(kind, scope, run=None):
    return Task.of(kind, Work(scope=scope, accepted_at=AT), run)


@pytest.mark.parametrize("scope", [ORDERS, LINKED, WHOLE])
@pytest.mark.parametrize("kind", ["source", "continuation", "reopen", "replay", "release"])
def test_without_a_journal_it_is_what_the_message_is_about(kind, scope):
    assert task(kind, scope) == Task(scopes=(scope,))


def test_without_a_journal_a_recheck_makes_the_event_as_a_whole():
    assert task("recheck", Recheck("1")) == Task(scopes=(WHOLE,))


def test_a_new_event_is_made_as_a_whole_and_nothing_had_waited_for_that():
    assert task("source", WHOLE, claimed(ENTIRE, why="new")) == Task(scopes=(WHOLE,), resent=True)


def test_a_run_of_the_whole_leaves_out_what_is_recorded_and_what_is_made_beside_it():
    found = task("continuation", ORDERS, claimed(ENTIRE, ORDERS, LINKED, settled=[CRM]))
    assert found == Task(scopes=(WHOLE, ORDERS, LINKED), settled=frozenset({CRM}))
    assert found.elsewhere == {CRM, ORDERS, NO_ROUTE}


def test_a_deferred_event_as_a_whole_takes_the_place_of_its_own_entry():
    found = task("continuation", WHOLE, claimed(Continuation(1, NO_ROUTE), WHOLE, settled=[CRM]))
    assert found == Task(scopes=(WHOLE,), settled=frozenset({CRM}), decides=True)
    assert found.elsewhere == {CRM}


def test_the_whole_comes_first_and_once():
    found = task("continuation", WHOLE, claimed(ENTIRE, ORDERS, WHOLE))
    assert (found.scopes, found.decides) == ((WHOLE, ORDERS), True)


def test_what_goes_on_by_a_route_is_that_alone():
    found = task("continuation", ORDERS, claimed(Continuation(1, ORDERS), ORDERS, why="continued"))
    assert found == Task(scopes=(ORDERS,))


@pytest.mark.parametrize("kind", ["source", "recheck"])
def test_what_had_failed_and_is_sent_again_goes_the_whole_way(kind):
    assert task(kind, WHOLE, claimed(Takeover(), ORDERS)) == Task(scopes=(ORDERS,), resent=True)


def test_what_was_refused_as_a_whole_is_made_as_it_was_stored():
    found = task("source", WHOLE, claimed(Resent(), WHOLE, why="resent"))
    assert found == Task(scopes=(WHOLE,), decides=True, resent=True, stored=True)


def test_what_no_route_took_is_made_as_it_was_stored():
    found = task("source", WHOLE, claimed(ENTIRE, why="rerouted"))
    assert found == Task(scopes=(WHOLE,), resent=True, stored=True)
