"""Both sides of the Service Bus benchmark do the same work, and requests and events are counted right."""

import json
import logging
from pathlib import Path

from benchmarks import bus_host
from benchmarks.bench_service_bus import Ahead, Requests
from benchmarks.bus_sides import body, configuration, quickly
from integration.config import check_text


def test_the_host_is_configured_as_the_way_without_it_is_with_its_journal_off():
    environ = bus_host.settings("Endpoint=sb://127.0.0.1/", "UseDevelopmentStorage=true", Path("fno-link.toml"))
    checked = check_text(bus_host.CONFIGURATION, environ)
    assert checked.problems == ()
    assert checked.configuration is not None
    ours = configuration()
    assert checked.configuration.routes == ours.routes
    assert checked.configuration.organizations == ours.organizations
    assert checked.configuration.targets["out"].queue == ours.targets["out"].queue
    assert checked.configuration.journal.enabled is False


def test_each_event_is_newer_than_the_one_before():
    numbers = [json.loads(body())["ControlNumber"] for _ in range(3)]
    assert numbers == sorted(set(numbers))


def test_a_request_is_counted_once_however_much_the_sdk_says_of_it():
    log, requests = logging.getLogger("test.requests"), Requests()
    log.addHandler(requests)
    log.setLevel(logging.INFO)
    log.info("Request URL: %r\nRequest method: %r", "http://127.0.0.1/t", "POST")
    log.info("Response status: %r", 204)
    assert requests.sent == 1


def test_time_is_set_ahead_by_hand():
    clock = Ahead()
    before = clock.monotonic()
    clock.ahead += 1000
    assert clock.monotonic() - before >= 1000
    assert Ahead.ahead == 0


def test_a_quick_run_still_has_as_many_under_way():
    assert quickly(640, 64) == 160
    assert quickly(100, 64) == 64
