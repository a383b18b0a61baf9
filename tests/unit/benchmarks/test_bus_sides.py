import json
import logging

from benchmarks.bench_service_bus import Ahead, Requests
from benchmarks.bus_sides import body


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
