"""One business event is one trace, from HTTP intake over the queue and a retry to its target, as a collector has it."""

import json

import pytest

from emulation import traces
from tests.e2e.stage import CLIENT_SECRET, WEBHOOK_SECRET, WITHIN, Stage, business_event, until

SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PAYLOAD = "canary-of-which-no-span-and-no-record-may-say-a-word"


@pytest.fixture(scope="module")
def collected(azurite, tmp_path_factory):
    folder = tmp_path_factory.mktemp("traced")
    with Stage(folder, azurite.spare_account(), collector=folder / "spans.jsonl") as stage:
        yield stage, folder / "spans.jsonl"


def delivered(collector, event):
    """Give the trace in which the event was delivered, once all of it is told."""
    for trace in traces.traces(traces.read(collector)).values():
        ids = {span.id for span in trace}
        about = [span for span in trace if span.attributes.get("fno_link.event.id") == event]
        done = [span for span in about if span.attributes.get("fno_link.outcome") == "delivered"]
        if done and all(span.parent in ids for span in done) and "receive contoso" in {span.name for span in trace}:
            return trace
    return None


def test_one_event_is_one_trace_over_the_queue_and_a_retry(collected):
    stage, collector = collected
    stage.receivers.fail("structured", 503, body=f"down?sig=SECRET {PAYLOAD}", times=1)
    event = business_event("StructuredBusinessEvent", Secret=PAYLOAD)
    assert stage.post("contoso", event, traceparent=SENDER).status_code == 202
    first, again = stage.receivers.received("structured", at_least=2, within=WITHIN)
    trace = until(lambda: delivered(collector, event["EventId"]))
    spans = {name: [span for span in trace if span.name == name] for name in {span.name for span in trace}}
    by_id = {span.id: span for span in trace}

    def parent(span):
        return by_id[span.parent].name

    assert trace[0].trace == SENDER[3:35], "the sender's own trace goes on"
    (intake,) = spans["Functions.intake_contoso"]
    (sent,), (received,), (retry,) = (
        spans["send fno-link-events"],
        spans["receive contoso"],
        spans["retry fno-link-retries"],
    )
    failed, made = spans["deliver structured"]
    assert intake.parent == SENDER[36:52]
    assert (sent.parent, received.parent, retry.parent) == (intake.id, sent.id, received.id)
    assert [parent(span) for span in (failed, made)] == ["receive contoso", "retry fno-link-retries"]
    assert [parent(span) for name in ("decode", "route", "link") for span in spans[name][:1]] == ["receive contoso"] * 3
    assert [parent(span) for span in spans["POST"]] == ["deliver structured"] * 2
    assert [(span.attributes["fno_link.outcome"], span.attributes["fno_link.attempt"]) for span in (failed, made)] == [
        ("deferred", 1),
        ("delivered", 2),
    ]
    assert [span.attributes["http.response.status_code"] for span in spans["POST"]] == [503, 200]
    assert failed.id in {id_ for _, id_ in retry.links}
    hosts = {span.id: span.name for span in traces.read(collector)}
    assert "Functions.process_events" in [hosts.get(id_) for _, id_ in received.links]
    assert "Functions.process_retries" in [hosts.get(id_) for _, id_ in retry.links]
    assert received.attributes["faas.name"] == "process_events"
    # The event tells the start of its way, its request the hop.
    hops = [dict(each.headers)["traceparent"].split("-")[2] for each in (first, again)]
    assert hops == [span.id for span in spans["POST"]]
    assert json.loads(first.body)["traceparent"] == SENDER
    assert first.body == again.body

    text = collector.read_text()
    for secret in (PAYLOAD, "SECRET", "sig=", "code=", "Bearer", stage.host.key, CLIENT_SECRET, WEBHOOK_SECRET):
        assert secret not in text
    assert PAYLOAD not in stage.host.log


def test_a_trace_is_drawn_as_a_tree_with_what_each_span_is_linked_to(collected):
    stage, collector = collected
    event = business_event("RawBusinessEvent")
    assert stage.post("contoso", event).status_code == 202
    trace = until(lambda: delivered(collector, event["EventId"]))
    drawn = traces.drawn(trace, traces.read(collector)).splitlines()
    assert drawn[0] == f"trace {trace[0].trace}"
    assert "Functions.intake_contoso" in drawn[1]
    (received,) = [line for line in drawn if "receive contoso" in line]
    assert received.endswith("← Functions.process_events")
    assert sum("deliver raw" in line for line in drawn) == 1
    assert traces.main([str(collector), event["EventId"]]) == 0
    assert traces.main([str(collector), "nothing of that kind"]) == 1


def test_an_event_whose_sender_tells_nothing_carries_where_it_was_taken_in(collected):
    stage, collector = collected
    event = business_event("StructuredBusinessEvent")
    assert stage.post("contoso", event).status_code == 202
    trace = until(lambda: delivered(collector, event["EventId"]))
    (received,) = [span for span in trace if span.name == "receive contoso"]
    bodies = [json.loads(each.body) for each in stage.receivers.received("structured")]
    (carried,) = [body["traceparent"] for body in bodies if body["id"].upper() == event["EventId"]]
    assert carried.split("-")[1:3] == [received.trace, received.id]


def test_every_record_of_an_attempt_says_what_it_is_about(collected):
    stage, _ = collected
    stage.receivers.fail("flaky", 500, times=1)
    event = business_event("FlakyBusinessEvent")
    assert stage.post("contoso", event).status_code == 202

    def attempts():
        lines = [line for line in stage.host.log.splitlines() if event["EventId"] in line]
        return [line for line in lines if "attempt=" in line] if any("delivered" in line for line in lines) else None

    failed, made = until(attempts)
    assert f" id={event['EventId']} route=to-flaky target=flaky attempt=" in failed
    assert "deferred: TargetUnavailable: flaky answered 500; again at 20" in failed
    assert failed.endswith("attempt=1]")
    assert "delivered to flaky by to-flaky (200)" in made
    assert made.endswith("attempt=2]")
