"""An event asks no more of storage, and runs no more functions, than docs/cost.md says; counted by a proxy."""

from collections.abc import Iterator

import pytest

from benchmarks.cost_page import COLUMNS, kept, total
from benchmarks.cost_ways import WAYS, measure
from benchmarks.cost_world import CostWorld

# A timer or a lease of the host may fall into a run; a request more for each event does not get by.
SLACK = 0.25

pytestmark = [pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[CostWorld]:
    with CostWorld(tmp_path_factory.mktemp("cost")) as running:
        yield running


def as_told(found, name):
    told = kept()[name]
    for column in COLUMNS:
        assert total(found, column) <= total(told, column) + SLACK, (
            f"{column}: an event costs more than docs/cost.md says; mend it, or measure again: {found}"
        )


@pytest.mark.parametrize("name", ["10 routes", "bus source", "retry"])
def test_an_event_costs_what_the_page_says(world, name):
    found, _ = measure(world, WAYS[name], events=1)
    as_told(found, name)


def test_dead_letters_that_are_replayed_cost_what_the_page_says_and_are_deleted_together(world):
    found, _ = measure(world, WAYS["replay"])
    as_told(found, "replay")
    assert "blob.fno-link-dead-letters.delete" not in found
    assert 0 < found["blob.fno-link-dead-letters.batch"] < 1


def test_events_that_come_together_share_their_requests(world):
    found, _ = measure(world, WAYS["together"])
    # How many are written together is a matter of time: on a busy machine they come one after the other.
    assert total(found, "table") < total(kept()["queue source"], "table"), "events are not written together"
    assert (found["queue.put.target"], found["queue.delete"], found["executions"]) == (1, 1, 1)
