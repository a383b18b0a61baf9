"""What is counted is added up here and asked for; what is measured is told at once; nobody pays where nobody asks."""

from threading import Thread

from integration.telemetry.instruments import tell
from integration.telemetry.metrics import DEAD_LETTERS, DURATION, EVENTS, WAITING


def test_a_count_is_a_sum_that_only_rises_by_its_attributes_in_whatever_order(telemetry):
    tell(EVENTS, organization="contoso", outcome="delivered", reason="")
    tell(EVENTS, outcome="delivered", organization="contoso")
    tell(EVENTS, organization="contoso", outcome="deferred")
    counted = telemetry.measured()["fno_link.events"]
    assert sorted(counted, key=lambda point: point[1]) == [
        ({"fno_link.organization": "contoso", "fno_link.outcome": "deferred"}, 1),
        ({"fno_link.organization": "contoso", "fno_link.outcome": "delivered"}, 2),
    ]
    tell(EVENTS, organization="contoso", outcome="deferred")
    assert ({"fno_link.organization": "contoso", "fno_link.outcome": "deferred"}, 2) in telemetry.measured()[
        "fno_link.events"
    ]


def test_counters_have_their_unit_and_say_what_they_count(telemetry):
    tell(DEAD_LETTERS, organization="contoso", reason="TargetRejected")
    data = telemetry.reader.get_metrics_data()
    [metric] = data.resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit, metric.description) == (DEAD_LETTERS.name, DEAD_LETTERS.unit, DEAD_LETTERS.what)
    assert metric.data.is_monotonic
    assert data.resource_metrics[0].scope_metrics[0].scope.name == "fno_link"


def test_counts_of_several_threads_are_all_there(telemetry):
    def count():
        for _ in range(2000):
            tell(EVENTS, outcome="received")

    threads = [Thread(target=count) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert telemetry.measured()["fno_link.events"] == [({"fno_link.outcome": "received"}, 8000)]


def test_a_duration_goes_to_its_bucket_and_a_gauge_says_the_last(telemetry):
    for seconds in (0.02, 0.02, 40):
        tell(DURATION, seconds, target="orders", outcome="delivered")
    for age in (7.0, 3.0):
        tell(WAITING, age, queue="fno-link-retries")
    measured = telemetry.measured()
    assert measured["fno_link.delivery.duration"] == [
        ({"fno_link.target": "orders", "fno_link.outcome": "delivered"}, 3)
    ]
    assert measured["fno_link.waiting.age"] == [({"fno_link.queue": "fno-link-retries"}, 3.0)]


def test_another_meter_begins_anew(telemetry, monkeypatch):
    from integration.telemetry.providers import PROVIDERS  # noqa: PLC0415
    from tests.fixtures.collected import Telemetry  # noqa: PLC0415

    tell(EVENTS, outcome="received")
    other = Telemetry()
    monkeypatch.setattr("opentelemetry.metrics.get_meter_provider", lambda: other.meters)
    PROVIDERS.forget()
    tell(EVENTS, outcome="received")
    assert other.measured()["fno_link.events"] == [({"fno_link.outcome": "received"}, 1)]
    other.tracers.shutdown()
    other.meters.shutdown()
