"""Incidents in their order, page by page: none is shown twice or left out, whatever the limit."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.errors import InvalidRequest
from integration.operations.incident_pages import Asked, Bookmark, Wanted, page_of, read_query
from integration.operations.incident_shapes import Summary

AT = datetime(2026, 1, 2, tzinfo=UTC)


def incident(id_, *, opened=0, ended=None, organization="contoso", kind="integration"):
    return Summary(
        id=id_,
        state="open" if ended is None else "ended",
        subject=organization,
        organization=organization,
        kind=kind,
        code="Unreachable",
        message="no answer",
        since=AT,
        opened_at=AT + timedelta(minutes=opened),
        ended_at=None if ended is None else AT + timedelta(minutes=ended),
    )


def ids(page):
    return [each.id for each in page.incidents]


def test_open_ones_come_first_and_the_latest_of_each_first():
    every = [
        incident("a", opened=1),
        incident("b", opened=2),
        incident("c", ended=9),
        incident("d", opened=8, ended=10),
    ]
    assert ids(page_of(every, Asked())) == ["b", "a", "d", "c"]
    assert ids(page_of(every, Asked(wanted=Wanted(state="open")))) == ["b", "a"]
    assert ids(page_of(every, Asked(wanted=Wanted(state="ended")))) == ["d", "c"]
    since = Wanted(since=AT + timedelta(minutes=2), until=AT + timedelta(minutes=8))
    assert ids(page_of(every, Asked(wanted=since))) == ["b"]


def test_one_that_ended_while_it_was_read_has_ended():
    assert [each.state for each in page_of([incident("a"), incident("a", ended=1)], Asked()).incidents] == ["ended"]
    assert [each.state for each in page_of([incident("a", ended=1), incident("a")], Asked()).incidents] == ["ended"]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 5)), max_size=30),
    st.integers(1, 7),
)
def test_pages_hold_every_incident_once(made, limit):
    every = [incident(f"{n:016x}", opened=opened, ended=ended) for n, (opened, ended) in enumerate(made)]
    whole, seen, after = ids(page_of(every, Asked(limit=1000))), [], None
    while True:
        page = page_of(reversed(every), Asked(limit=limit, after=after))
        seen += ids(page)
        if page.next is None:
            break
        after = Bookmark.of_token(page.next)
    assert seen == whole


@pytest.mark.parametrize(
    "wrong", ["x", "é", "W10", "WzEsMiwzXQ", "bnVsbA", "=", "A" * 5000, "WzAsIjAwMDEtMDEtMDEiLCJ4Il0"]
)
def test_what_is_no_bookmark_is_refused(wrong):
    with pytest.raises(InvalidRequest):
        read_query({"after": wrong})


@pytest.mark.parametrize(
    "query",
    [{"state": "closed"}, {"organization": "A b"}, {"kind": "\x1b"}, {"since": "yesterday"}, {"limit": "0"}],
)
def test_what_is_not_of_its_form_is_refused(query):
    with pytest.raises(InvalidRequest):
        read_query(query)


def test_a_query_is_read():
    asked = read_query({"organization": "contoso", "kind": "target", "state": "open", "since": "2026-01-02T00:00:00Z"})
    assert asked == Asked(wanted=Wanted(organization="contoso", kind="target", state="open", since=AT))
