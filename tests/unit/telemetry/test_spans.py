"""A span says what it may, by the names of the conventions; without a provider there is none, and no import of one."""

import ast
import asyncio
import re
import subprocess
import sys
from pathlib import Path
from time import time_ns

import pytest

from integration.about import NAMES
from integration.errors import TargetUnavailable
from integration.telemetry import invocation, metrics, operations
from integration.telemetry.carrier import Trail, here
from integration.telemetry.metrics import METRICS, Metric
from integration.telemetry.operations import (
    ALWAYS,
    ATTRIBUTES,
    DECODE,
    DELIVER,
    LINK,
    OPERATIONS,
    RECEIVE,
    REQUEST,
    ROUTE,
    Operation,
)
from integration.telemetry.providers import AGAIN_SECONDS, PROVIDERS, Providers
from integration.telemetry.spans import span

ROOT = Path(__file__).parents[3]
SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HOST = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOT_LOADED = """
import os, sys
os.environ["FNO_LINK_CONFIG"] = "nowhere.toml"
import integration.worker, function_app
from integration.telemetry.carrier import here
from integration.telemetry.instruments import tell
from integration.telemetry.metrics import EVENTS
from integration.telemetry.operations import ROUTE
from integration.telemetry.spans import span
with span(ROUTE, "x") as told:
    assert not told.on and here() == ""
tell(EVENTS, organization="contoso")
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""


def test_without_a_provider_nothing_of_opentelemetry_is_even_imported():
    done = subprocess.run([sys.executable, "-c", NOT_LOADED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr[-2000:]


def test_the_apis_own_provider_is_none(monkeypatch):
    import opentelemetry.trace as api  # noqa: PLC0415

    for provider in (api.get_tracer_provider, api.NoOpTracerProvider):
        monkeypatch.setattr(api, "get_tracer_provider", provider)
        PROVIDERS.forget()
        with span(ROUTE) as told:
            assert not told.on
        assert here() == ""


def test_a_provider_that_is_set_up_later_is_noticed_and_kept(monkeypatch, telemetry):
    import opentelemetry.trace as api  # noqa: PLC0415

    now = [100.0]
    monkeypatch.setattr("integration.telemetry.providers.monotonic", lambda: now[0])
    providers = Providers()
    monkeypatch.setattr(api, "get_tracer_provider", api.ProxyTracerProvider)
    assert providers.recorder() is None
    monkeypatch.setattr(api, "get_tracer_provider", lambda: telemetry.tracers)
    assert providers.recorder() is None, "nobody asks the API for each span"
    now[0] += AGAIN_SECONDS
    first = providers.recorder()
    assert first is not None
    assert providers.recorder() is first


def test_a_span_of_messaging_is_named_and_attributed_by_the_conventions(telemetry):
    with span(DELIVER, "orders", system="servicebus", organization="contoso", reason="", attempt=2):
        pass
    sent = telemetry.one("deliver orders")
    assert sent.kind.name == "PRODUCER"
    assert dict(sent.attributes) == {
        "messaging.system": "servicebus",
        "messaging.operation.name": "deliver",
        "messaging.operation.type": "send",
        "messaging.destination.name": "orders",
        "fno_link.organization": "contoso",
        "fno_link.attempt": 2,
    }
    assert sent.instrumentation_scope.schema_url.startswith("https://opentelemetry.io/schemas/")


def test_a_request_is_named_by_its_method_and_fails_from_400_on(telemetry):
    for status in (204, 404):
        with span(REQUEST, method="POST", target="hook") as told:
            told.answered(status)
    fine, failed = telemetry.named("POST")
    assert (fine.kind.name, fine.status.status_code.name, fine.attributes["http.response.status_code"]) == (
        "CLIENT",
        "UNSET",
        204,
    )
    assert (failed.status.status_code.name, failed.attributes["error.type"]) == ("ERROR", "404")


@pytest.mark.parametrize(
    ("error", "code"),
    [(TargetUnavailable("sig=SECRET"), "TargetUnavailable"), (ValueError("Bearer SECRET"), "ValueError")],
)
def test_an_error_is_named_by_its_code_and_what_it_says_is_nowhere(telemetry, error, code):
    with pytest.raises(type(error)), span(ROUTE):
        raise error
    failed = telemetry.one("route")
    assert (failed.attributes["error.type"], failed.status.description, failed.events) == (code, code, ())
    assert "SECRET" not in failed.to_json()


def test_with_a_parent_of_its_own_what_is_under_way_is_a_link(telemetry):
    with span(LINK), span(RECEIVE, "erp", parent=SENDER, links=(SENDER, HOST, "nonsense", "")):
        pass
    received, ambient = telemetry.one("receive erp"), telemetry.one("link")
    assert f"{received.context.trace_id:032x}" == SENDER[3:35]
    assert f"{received.parent.span_id:016x}" == SENDER[36:52]
    linked = [f"{link.context.span_id:016x}" for link in received.links]
    assert linked == [f"{ambient.context.span_id:016x}", SENDER[36:52], HOST[36:52]]


async def test_the_hosts_span_is_the_parent_and_an_entry_names_the_invocation(telemetry):
    async def invoked():
        invocation.enter("process_events", "c0ffee", HOST)
        with span(RECEIVE, "erp"), span(ROUTE):
            pass

    await asyncio.create_task(invoked())
    received, routed = telemetry.one("receive erp"), telemetry.one("route")
    assert f"{received.parent.span_id:016x}" == HOST[36:52]
    assert received.attributes["faas.name"] == "process_events"
    assert received.attributes["faas.invocation_id"] == "c0ffee"
    assert "faas.name" not in routed.attributes
    assert routed.parent.span_id == received.context.span_id


def test_a_trail_keeps_its_origin_and_says_the_last(telemetry):
    assert Trail().begun() == Trail()
    with span(RECEIVE, "erp"):
        origin = here()
        trail = Trail().begun()
    assert trail == Trail(origin=origin)
    with span(DELIVER, "orders", parent=origin):
        left = trail.left()
        assert left == Trail(origin=origin, last=here())
    assert left.left() == left, "nothing is under way"


def test_what_cannot_be_shown_is_written_by_its_number_and_cut(telemetry):
    with span(RECEIVE, "erp", id="a\nb" + "x" * 500):
        pass
    id_ = telemetry.one("receive erp").attributes["fno_link.event.id"]
    assert id_.startswith(r"a\nb")
    assert len(id_) == 256


def test_a_span_that_holds_no_other_has_its_time_its_parent_and_its_failure(telemetry):
    began = []

    def decode():
        with span(DECODE, source="erp") as told:
            told.note(count=2)
            began.append(time_ns())
            raise ValueError("SECRET")

    with pytest.raises(ValueError, match="SECRET"), span(RECEIVE, "erp"):
        decode()
    decoded, received = telemetry.one("decode"), telemetry.one("receive erp")
    assert decoded.parent.span_id == received.context.span_id
    assert received.start_time <= decoded.start_time <= began[0] <= decoded.end_time <= received.end_time
    assert dict(decoded.attributes) == {
        "fno_link.source": "erp",
        "messaging.batch.message_count": 2,
        "error.type": "ValueError",
    }
    assert (decoded.status.status_code.name, decoded.status.description) == ("ERROR", "ValueError")


def test_nothing_is_ever_begun_within_a_span_that_is_made_when_it_ends():
    """Its children would be made before it, and be another's."""
    leaves = {name for name, each in vars(operations).items() if isinstance(each, Operation) and each.leaf}
    assert leaves == {"DECODE", "ROUTE"}
    for path in (ROOT / "integration").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.With | ast.AsyncWith) and any(
                isinstance(item.context_expr, ast.Call)
                and item.context_expr.args
                and ast.unparse(item.context_expr.args[0]) in leaves
                for item in node.items
            ):
                inside = [each for each in ast.walk(node) if isinstance(each, ast.Await | ast.AsyncWith | ast.AsyncFor)]
                assert inside == [], f"{path}: line {node.lineno} waits for something that may have a span"


def test_every_span_and_every_metric_is_told_by_somebody():
    sources = {path: path.read_text("utf-8") for path in (ROOT / "integration").rglob("*.py")}
    elsewhere = "\n".join(text for path, text in sources.items() if path.parent.name != "telemetry")
    named = {name: each for name, each in {**vars(operations), **vars(metrics)}.items() if name.isupper()}
    spans = [name for name, each in named.items() if isinstance(each, Operation)]
    told = [name for name, each in named.items() if isinstance(each, Metric)]
    assert (len(spans), len(told)) == (len(OPERATIONS), len(METRICS))
    assert [name for name in (*spans, *told) if len(re.findall(rf"\b{name}\b", elsewhere)) < 2] == []


def test_every_span_and_attribute_is_documented():
    page = (ROOT / "docs" / "telemetry.md").read_text("utf-8")
    assert [each.name for each in OPERATIONS if f"| `{each.name}" not in page] == []
    assert [name for name in (*ATTRIBUTES.values(), *ALWAYS) if f"| `{name}` |" not in page] == []


def test_every_metric_is_documented_as_it_is():
    page = (ROOT / "docs" / "telemetry.md").read_text("utf-8")
    for metric in METRICS:
        by = ", ".join(f"`{ATTRIBUTES[word]}`" for word in metric.by)
        assert f"| `{metric.name}` | {metric.kind} | `{metric.unit}` | {metric.what} | {by} |\n" in page


def test_records_and_spans_call_things_by_the_same_names():
    assert {word: ATTRIBUTES[word] for word in NAMES} == NAMES
