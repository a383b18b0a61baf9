"""What arrives in Application Insights by the distro's exporter: what infra/queries.toml relies on."""

import gzip
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from azure.monitor.opentelemetry.exporter import AzureMonitorLogExporter, AzureMonitorMetricExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

from integration.about import about
from integration.loggers import logger
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import DURATION, EVENTS, LINK_STATE
from integration.telemetry.providers import PROVIDERS

NEVER = 3_600_000.0


class Ingestion(ThreadingHTTPServer):
    """The endpoint that takes telemetry: its envelopes, one a line or as a list."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        envelopes = json.loads(body)
        self.server.taken += envelopes
        answer = json.dumps({"itemsReceived": len(envelopes), "itemsAccepted": len(envelopes), "errors": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def ingestion(monkeypatch):
    # The exporter would tell Microsoft about itself, by the network.
    for name in ("STATSBEAT_DISABLED_ALL", "SDKSTATS_DISABLED"):
        monkeypatch.setenv(f"APPLICATIONINSIGHTS_{name}", "true")
    server = Ingestion()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def exporting(ingestion):
    return {
        "connection_string": "InstrumentationKey=00000000-0000-0000-0000-000000000000;"
        f"IngestionEndpoint=http://127.0.0.1:{ingestion.server_port}/",
        "disable_offline_storage": True,
    }


def rows(ingestion):
    """Give the metrics as AppMetrics has them: the value is its Sum, the count its ItemCount."""
    return {
        (point["name"], tuple(sorted(each["data"]["baseData"]["properties"].items()))): point
        for each in ingestion.taken
        if each["data"]["baseType"] == "MetricData"
        for point in each["data"]["baseData"]["metrics"]
    }


def test_metrics_arrive_under_their_names_with_their_attributes_and_as_differences(ingestion, exporting, monkeypatch):
    reader = PeriodicExportingMetricReader(AzureMonitorMetricExporter(**exporting), export_interval_millis=NEVER)
    meters = MeterProvider(metric_readers=[reader])
    monkeypatch.setattr("opentelemetry.metrics.get_meter_provider", lambda: meters)
    PROVIDERS.forget()
    try:
        tell(EVENTS, 3, organization="contoso", source="erp", outcome="failed")
        for seconds in (2.0, 4.0):
            tell(DURATION, seconds, target="orders", outcome="delivered")
        tell(LINK_STATE, 0.5, organization="contoso")
        meters.force_flush()
        seen = rows(ingestion)
        counted = (
            ("fno_link.organization", "contoso"),
            ("fno_link.outcome", "failed"),
            ("fno_link.source", "erp"),
        )
        assert seen["fno_link.events", counted]["value"] == 3
        timed = seen["fno_link.delivery.duration", (("fno_link.outcome", "delivered"), ("fno_link.target", "orders"))]
        assert {name: timed[name] for name in ("value", "count", "min", "max")} == {
            "value": 6.0,
            "count": 2,
            "min": 2.0,
            "max": 4.0,
        }
        assert seen["fno_link.link.state", (("fno_link.organization", "contoso"),)]["value"] == 0.5
        ingestion.taken.clear()
        tell(EVENTS, 1, organization="contoso", source="erp", outcome="failed")
        meters.force_flush()
        assert rows(ingestion)["fno_link.events", counted]["value"] == 1
    finally:
        meters.shutdown()
        PROVIDERS.forget()


# The distro's own handler is the same class in a package of its own, which needs the whole of the distro.
@pytest.mark.filterwarnings("ignore:.*LoggingHandler.*:DeprecationWarning")
def test_a_record_arrives_with_its_text_its_level_and_its_attributes(ingestion, exporting):
    logs = LoggerProvider(shutdown_on_exit=False)
    logs.add_log_record_processor(SimpleLogRecordProcessor(AzureMonitorLogExporter(**exporting)))
    handler = LoggingHandler(level=logging.INFO, logger_provider=logs)
    log = logger("health")
    log.addHandler(handler)
    try:
        with about(organization="contoso", target="orders"):
            log.error(
                "%s: %s: %s (%s, incident %s)", "fno-link.integration.lost", "contoso", "gone", "NotLinked", "8e3f"
            )
    finally:
        log.removeHandler(handler)
        logs.shutdown()
    [record] = [each["data"]["baseData"] for each in ingestion.taken if each["data"]["baseType"] == "MessageData"]
    assert record["message"].startswith("fno-link.integration.lost: contoso: gone (NotLinked, incident 8e3f)")
    assert record["severityLevel"] == 3
    assert record["properties"]["fno_link.organization"] == "contoso"
    assert record["properties"]["fno_link.target"] == "orders"
