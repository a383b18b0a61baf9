"""The newest control numbers over HTTP: listed to the digit, forgotten on request, wrong orders refused."""

import json

import pytest

from integration.delivery.screening.newest_row import Seen
from integration.delivery.screening.newest_rows import NewestRows
from integration.journal.tables import table_of
from integration.operations.control_numbers import ControlNumberOperations
from integration.storage import Storage
from integration.web.control_numbers import ControlNumberPages
from integration.web.message import Request
from tests.fake_clock import FakeClock

JUMP = 10
KINDS = [
    ("contoso", "erp", "usmf", "Order"),
    ("contoso", "shop", "demf", "Order"),
    ("fabrikam", "erp", "usmf", "Invoice"),
]


@pytest.fixture
async def pages(azurite):
    storage = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    rows = NewestRows(storage)
    week = table_of(FakeClock().now())
    for number, kind in enumerate(KINDS):
        await rows.load(kind[0], week)
        await rows.lift(kind, week, 2**62 + number, Seen(), FakeClock().now(), JUMP)
    yield ControlNumberPages(ControlNumberOperations(rows, FakeClock()))
    await storage.close()


async def listed(pages, **query):
    answer = await pages.list(Request(query=query))
    assert answer.status == 200
    return json.loads(answer.body)["controlNumbers"]


async def test_what_is_newest_is_listed_to_the_digit(pages):
    found = await listed(pages)
    assert [(each["organization"], each["group"], each["legalEntity"], each["type"]) for each in found] == KINDS
    assert [int(each["number"]) for each in found] == [2**62, 2**62 + 1, 2**62 + 2]
    assert [int(each["number"]) for each in await listed(pages, group="erp", organization="contoso")] == [2**62]
    assert [int(each["number"]) for each in await listed(pages, type="Invoice")] == [2**62 + 2]


@pytest.mark.parametrize(
    ("query", "left"), [({"legalEntity": "usmf"}, [1]), ({"all": "true"}, []), ({"group": "x"}, [0, 1, 2])]
)
async def test_what_is_reset_is_told_and_forgotten(pages, query, left):
    answer = await pages.reset(Request(method="POST", query=query))
    assert answer.status == 200
    assert len(json.loads(answer.body)["reset"]) == 3 - len(left)
    numbers = [each["number"] for each in await listed(pages)]
    assert [int(number) - 2**62 for number in numbers if number is not None] == left


@pytest.mark.parametrize("query", [{}, {"all": "yes"}, {"source": "erp"}, {"group": "\x1b[2J"}, {"all": "false"}])
async def test_an_order_that_cannot_be_meant_is_refused(pages, query):
    answer = await pages.reset(Request(method="POST", query=query))
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "InvalidRequest")
    assert None not in [each["number"] for each in await listed(pages)]
