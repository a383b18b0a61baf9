"""An event asks no more of storage, and runs no more functions, than docs/cost.md says; counted by a proxy."""

from collections.abc import Iterator

import pytest

from benchmarks.cost_page import kept, total
from benchmarks.cost_ways import WAYS, measure
from benchmarks.cost_world import CostWorld

# A timer or a lease of the host may fall into a run; a request more for each event does not get by.
SLACK = 0.25

pytestmark = [pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[CostWorld]:
    with CostWorld(tmp_path_factory.mktemp("cost")) as running:
        yield running


@pytest.mark.parametrize("name", ["10 routes", "bus source", "retry"])
def test_an_event_costs_what_the_page_says(world, name):
    told = kept()[name]
    found, _ = measure(world, WAYS[name], events=1)
    more = {each: (count, told.get(each, 0)) for each, count in found.items() if count > told.get(each, 0) + SLACK}
    assert more == {}, "an event costs more than docs/cost.md says: mend it, or measure again"


def test_events_that_come_together_share_their_requests(world):
    found, _ = measure(world, WAYS["together"])
    # How many are written together, and taken from the queue together, is a matter of time; this is the budget.
    assert total(found, "table") <= 1, "events that come together are not written together"
    assert (found["queue.put.target"], found["queue.delete"], found["executions"]) == (1, 1, 1)
