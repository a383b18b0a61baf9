"""Pages of the journal on Azurite, by the real client."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from integration.errors import InvalidRequest
from integration.journal import Bookmark, Entry, Journal, Listing, Run, Subject, Wanted
from integration.journal.scope import ByRoute
from integration.journal.tables import table_of
from tests.fake_clock import FakeClock

KEEP = timedelta(days=28)


@pytest.fixture
def clock():
    return FakeClock()


async def journalled(storage, clock, number, *, days=0, state="delivered", **about):
    """Write the row of an event that was accepted some days ago, `number` minutes past the hour."""
    at = clock.now() - timedelta(days=days) + timedelta(minutes=number)
    fields = {"organization": "contoso", "key": f"{number * 7919:064x}"[::-1], "id": f"e{number}", "type": "Order"}
    subject = Subject(**{**fields, "time": at, "source": "erp", "legal_entity": "usmf", **about})
    journal = Journal(storage, clock, random.Random(number), KEEP)
    run = await journal.claim(subject, "source", accepted_at=at)
    assert isinstance(run, Run)
    await journal.end(run, (Entry(slot=ByRoute("orders"), state=state),))
    return subject


async def ids(listing, wanted=None, limit=200):
    found, following, pages = [], None, 0
    while pages == 0 or following is not None:
        rows, following = await listing.page(wanted or Wanted(), limit, following and Bookmark.of_token(following))
        assert len(rows) <= limit
        found.append([row.row.subject.id for row in rows])
        pages += 1
    return found


async def test_the_newest_week_comes_first_and_within_a_page_the_newest_event(storage, clock):
    for number, days in ((1, 0), (2, 0), (3, 14), (4, 7), (5, 0)):
        await journalled(storage, clock, number, days=days)
    assert await ids(Listing(storage, clock)) == [["e5", "e2", "e1", "e4", "e3"]]


async def test_pages_hold_every_row_once_whatever_their_size(storage, clock):
    for number in range(23):
        await journalled(storage, clock, number, days=7 * (number % 3))
    for limit in (1, 4, 23, 200):
        pages = await ids(Listing(storage, clock), limit=limit)
        seen = [each for page in pages for each in page]
        assert sorted(seen) == sorted(f"e{number}" for number in range(23))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"organization": "contoso"}, {"e1", "e2", "e3", "e4"}),
        ({"organization": "contoso-b"}, {"e5"}),
        ({"state": "dead_lettered"}, {"e2"}),
        ({"type": "Order"}, {"e1", "e2", "e4"}),
        ({"type": "Ord*"}, {"e1", "e2", "e4", "e5"}),
        ({"type": "*"}, {"e1", "e2", "e3", "e4", "e5"}),
        ({"source": "crm"}, {"e4"}),
        ({"legal_entity": "it's"}, {"e5"}),
        ({"id": "e3"}, {"e3"}),
        ({"since": 3, "until": 5}, {"e3", "e4"}),
        ({"organization": "contoso", "type": "Order", "state": "done", "source": "erp"}, {"e1"}),
    ],
)
async def test_each_filter_narrows_it_down(storage, clock, wanted, expected):
    await journalled(storage, clock, 1)
    await journalled(storage, clock, 2, state="dead_lettered")
    await journalled(storage, clock, 3, type="Invoice")
    await journalled(storage, clock, 4, source="crm")
    await journalled(storage, clock, 5, organization="contoso-b", type="Orders", legal_entity="it's")
    times = {
        name: clock.now() + timedelta(minutes=value)
        for name, value in wanted.items()
        if name in ("since", "until") and isinstance(value, int)
    }
    (found,) = await ids(Listing(storage, clock), Wanted(**{**wanted, **times}))
    assert set(found) == expected


async def test_a_row_is_found_by_its_key_in_whichever_week(storage, clock):
    subject = await journalled(storage, clock, 1, days=14)
    found = await Listing(storage, clock).get("contoso", subject.key)
    assert found is not None
    assert (found.table, found.row.subject) == (table_of(subject.time), subject)
    assert await Listing(storage, clock).get("fabrikam", subject.key) is None


async def test_a_row_that_cannot_be_read_is_listed_and_a_week_that_is_dropped_is_over(storage, clock):
    subject = await journalled(storage, clock, 1)
    await journalled(storage, clock, 2, days=7)
    table = await storage.table(table_of(clock.now()))
    partition = "contoso"
    await table.put({"PartitionKey": partition, "RowKey": subject.key, "v": 99})
    (first, second), _ = await Listing(storage, clock).page(Wanted(), 10)
    assert (first.row, first.key, first.partition) == (None, subject.key, partition)
    await storage.drop_table(second.table)
    assert await Listing(storage, clock).page(Wanted(), 10, Bookmark(second.table)) == ([], None)


async def test_an_empty_account_has_no_events(storage, clock):
    assert await Listing(storage, clock).page(Wanted(), 10) == ([], None)


@pytest.mark.parametrize("token", ["x", "!!", "W10", "WyJwZW9wbGUiXQ", "A" * 5000])
def test_a_token_that_is_none_is_refused(token):
    with pytest.raises(InvalidRequest):
        Bookmark.of_token(token)


def test_a_token_reads_back_and_addresses_no_table_but_the_journals():
    bookmark = Bookmark(table_of(datetime(2026, 1, 2, tzinfo=UTC)), "1!24!Y29udG9zby0w", "x/é")
    assert Bookmark.of_token(bookmark.token) == bookmark
    with pytest.raises(InvalidRequest):
        Bookmark.of_token(Bookmark("fnolinkdue").token)
