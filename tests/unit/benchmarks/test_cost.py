"""What a request is called, and that docs/cost.md says what was measured."""

import pytest

from benchmarks import cost_page
from benchmarks.cost_ways import WAYS
from benchmarks.cost_world import operation
from emulation.tcp_proxy import Exchange

SERVICES = {1: "blob", 2: "queue", 3: "table"}
ONE = b"<QueueMessagesList><QueueMessage>"


@pytest.mark.parametrize(
    ("port", "method", "target", "begins", "named"),
    [
        (2, "GET", "/a/fno-link-events/messages?numofmessages=16", ONE, "queue.get"),
        (2, "GET", "/a/fno-link-events/messages?numofmessages=16", b"<QueueMessagesList />", ""),
        (2, "POST", "/a/fno-link-retries/messages?visibilitytimeout=5", b"", "queue.put.work"),
        (2, "POST", "/a/orders/messages", b"", "queue.put.target"),
        (2, "DELETE", "/a/orders/messages/1?popreceipt=x", b"", "queue.delete"),
        (2, "PUT", "/a/orders/messages/1?popreceipt=x", b"", "queue.put"),
        (2, "PUT", "/a/orders", b"", ""),
        (3, "POST", "/a/$batch", b"", "table.batch.post"),
        (3, "POST", "/a/fnolinkjournal2026w03b", b"", "table.fnolinkjournal.post"),
        (3, "PUT", "/a/fnolinkjournal2026w03b(PartitionKey='x',RowKey='y')", b"", "table.fnolinkjournal.put"),
        (3, "POST", "/a/Tables", b"", ""),
        (1, "PUT", "/a/fno-link-payloads/x/y?timeout=5", b"", "blob.fno-link-payloads.put"),
        (1, "PUT", "/a/fno-link-jobs/leases/x?comp=lease", b"", "blob.fno-link-jobs.lease"),
        (1, "GET", "/a/fno-link-jobs?restype=container&comp=list", b"", "blob.fno-link-jobs.list"),
        (1, "PUT", "/a/fno-link-jobs?restype=container", b"", ""),
        (1, "PUT", "/a/azure-webjobs-hosts/locks/x?comp=lease", b"", ""),
    ],
)
def test_a_request_is_named_by_what_it_does(port, method, target, begins, named):
    assert operation(SERVICES, Exchange(port, method, target, 200, begins)) == named


def test_the_page_says_what_was_measured():
    costs = cost_page.kept()
    assert cost_page.with_tables(text := cost_page.PAGE.read_text("utf-8"), costs) == text
    assert list(costs) == list(WAYS)


def test_requests_are_added_up_by_service():
    cost = {"executions": 2.0, "queue.get": 1.0, "queue.put.work": 3.0, "table.batch.post": 0.5}
    assert [cost_page.total(cost, column) for column in cost_page.COLUMNS] == [2, 4, 0.5, 0]


def test_an_event_alone_costs_two_table_requests_however_many_routes_take_it():
    costs = cost_page.kept()
    assert {name: cost_page.total(costs[name], "table") for name in ("1 route", "3 routes", "10 routes")} == {
        "1 route": 2,
        "3 routes": 2,
        "10 routes": 2,
    }
