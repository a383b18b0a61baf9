"""A scope is stored as the route and the flag that it always was, and nothing else is read as one."""

import pytest

from integration.journal.scope import NO_ROUTE, ByRoute, Recheck, WhenLinked, WholeEvent, scope_of, slot_of, stored

STORED = [
    (ByRoute("orders"), ("orders", False)),
    (WhenLinked(), ("", False)),
    (WholeEvent(), ("", True)),
    (Recheck("0123456789abcdef"), ("*0123456789abcdef", True)),
    (Recheck(), ("*", True)),
]


@pytest.mark.parametrize(("scope", "text"), STORED)
def test_a_scope_is_stored_and_read_back(scope, text):
    route, whole = text
    assert stored(scope) == text
    assert scope_of(route, whole=whole) == scope


def test_a_recheck_of_before_it_had_the_flag_is_one():
    assert scope_of("*word", whole=False) == Recheck("word")


def test_only_a_delivery_by_a_route_has_a_place_of_its_own_in_the_journal():
    assert [scope.slot for scope, _ in STORED] == [ByRoute("orders"), NO_ROUTE, NO_ROUTE, NO_ROUTE, NO_ROUTE]
    assert all(slot_of(scope.route) == scope.slot for scope, _ in STORED)


def test_no_two_scopes_are_equal():
    scopes = [scope for scope, _ in STORED]
    assert all((one == other) == (one is other) for one in scopes for other in scopes)
