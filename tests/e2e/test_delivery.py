"""What receivers see: signatures and bindings read back by libraries that are not ours, retries, parking, poison."""

import base64
import json
import re

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from standardwebhooks import Webhook

from integration.storage.names import DEAD_LETTERS, EVENTS, RETRIES
from tests.e2e.stage import WEBHOOK_SECRET, WITHIN, business_event, until
from tests.e2e.topology import home


def received_by(stage, name, count=1):
    received = stage.receivers.received(name, at_least=count, within=WITHIN)
    assert len(received) >= count
    return received


def test_signatures_hold_for_the_standardwebhooks_library_and_events_for_the_cloudevents_library(stage):
    sent = {
        "specversion": "1.0",
        "id": "read-back",
        "source": "https://example.com/ä shop",
        "type": "com.example.sold",
        "subject": 'größe 50% "x"',
        "data": {"n": 1, "text": "漢"},
    }
    assert stage.post("contoso", sent, content_type="application/cloudevents+json").status_code == 202
    for target in ("structured", "binary"):
        (received,) = received_by(stage, target)
        headers = dict(received.headers)
        Webhook(WEBHOOK_SECRET).verify(received.body.encode(), headers)
        assert re.fullmatch(f"[0-9a-f]{{32}}:to-{target}", received.header("webhook-id"))
        event = from_http_event(HTTPMessage(headers, received.body.encode()), JSONFormat())
        assert event.get_id() == "read-back"
        assert event.get_source() == sent["source"]
        assert event.get_subject() == sent["subject"]
        assert event.get_data() == sent["data"]
        assert event.get_extension("organization") == "contoso"
        assert event.get_extension("fnourl") == home("contoso")


def test_what_is_under_way_at_once_goes_in_batches_that_the_libraries_read(stage):
    sent: list[str] = []

    def bodies():
        return [json.loads(each.body) for each in stage.receivers.received("batched")]

    def some_went_together():
        stage.receivers.delay("batched", 1.0, times=1)  # what comes meanwhile is collected
        for _ in range(8):
            event = {"specversion": "1.0", "source": "/shop", "type": "com.batched.sold", "data": {"text": "漢"}}
            sent.append(f"batched-{len(sent)}")
            named = event | {"id": sent[-1]}
            assert stage.post("contoso", named, content_type="application/cloudevents+json").status_code == 202
        until(lambda: sum(map(len, bodies())) >= len(sent))
        return any(len(body) > 1 for body in bodies())

    until(some_went_together)
    assert sorted(element["id"] for body in bodies() for element in body) == sorted(sent)
    for each in stage.receivers.received("batched"):
        assert each.header("content-type") == "application/cloudevents-batch+json; charset=utf-8"
        Webhook(WEBHOOK_SECRET).verify(each.body.encode(), dict(each.headers))
        for element in json.loads(each.body):
            one = {"content-type": "application/cloudevents+json"}
            event = from_http_event(HTTPMessage(one, json.dumps(element).encode()), JSONFormat())
            assert event.get_data() == {"text": "漢"}
    for event in sent[:8]:
        row = until(lambda event=event: done(stage, event))
        assert [(each["target"], each["state"]) for each in row["deliveries"]] == [("batched", "delivered")]


def done(stage, event):
    row = stage.get(f"events/{event}").json()
    return row if row.get("state") == "done" else None


def test_a_receiver_that_protects_itself_is_asked_before_anything_is_sent_and_only_until_it_permits(stage):
    def got(method):
        return [each for each in stage.receivers.received("shy") if each.method == method]

    # It answers 200 and permits nobody.
    assert stage.post("contoso", business_event("ShyBusinessEvent")).status_code == 202
    until(lambda: got("OPTIONS"))
    assert got("POST") == []
    stage.receivers.protect("shy", "fno-link.example")
    until(lambda: got("POST"))
    asked = len(got("OPTIONS"))
    assert stage.post("contoso", business_event("ShyBusinessEvent")).status_code == 202
    first, second = until(lambda: posted if len(posted := got("POST")) > 1 else None)
    assert (first.status, second.status, len(got("OPTIONS"))) == (200, 200, asked)
    assert {each.header("webhook-request-origin") for each in stage.receivers.received("shy")} == {"fno-link.example"}


def test_a_receiver_that_fails_once_gets_the_event_again_under_the_same_id(stage):
    stage.receivers.fail("flaky", 500, times=1)
    sent = business_event("FlakyBusinessEvent")
    assert stage.post("contoso", sent).status_code == 202
    first, second = received_by(stage, "flaky", 2)
    assert (first.status, second.status) == (500, 200)
    assert first.header("webhook-id") == second.header("webhook-id")
    # The route does not wait for the link: it may be known, and stamped, only by the second attempt.
    assert unstamped(first.body) == unstamped(second.body)


def unstamped(body: str) -> dict[str, object]:
    return {name: value for name, value in json.loads(body).items() if not name.startswith("fno")}


def test_a_receiver_that_hangs_is_given_up_and_asked_again(stage):
    stage.receivers.hang("flaky", times=1)
    assert stage.post("contoso", business_event("FlakyBusinessEvent")).status_code == 202
    assert [each.status for each in received_by(stage, "flaky", 2)] == [0, 200]


def test_a_receiver_that_says_no_gets_nothing_more_and_its_answer_is_kept(stage):
    stage.receivers.fail("flaky", 400, body="the field x is missing")
    sent = business_event("FlakyBusinessEvent")
    assert stage.post("contoso", sent).status_code == 202
    letter = stage.dead(lambda record: record["event"] and record["event"]["id"] == sent["EventId"])
    assert (letter["reason"], letter["route"], letter["attempts"]) == ("TargetRejected", "to-flaky", 1)
    assert (letter["last"]["status"], letter["last"]["response"]) == (400, "the field x is missing")
    assert len(stage.receivers.received("flaky")) == 1


def test_a_receiver_that_asks_for_a_wait_that_nobody_can_mean_has_the_event_once_it_is_healed(stage):
    stage.receivers.fail("flaky", 503, headers={"Retry-After": "9" * 400}, times=1)
    assert stage.post("contoso", business_event("FlakyBusinessEvent")).status_code == 202
    first, second = received_by(stage, "flaky", 2)
    assert (first.status, second.status) == (503, 200)
    assert first.header("webhook-id") == second.header("webhook-id")


def test_a_receiver_that_stays_down_leaves_a_dead_letter_after_the_whole_schedule(stage):
    stage.receivers.fail("flaky", 503)
    sent = business_event("FlakyBusinessEvent")
    assert stage.post("contoso", sent).status_code == 202
    letter = stage.dead(lambda record: record["event"] and record["event"]["id"] == sent["EventId"])
    assert (letter["reason"], letter["attempts"], letter["last"]["status"]) == ("RetriesExhausted", 3, 503)
    assert "Poison" not in {record["reason"] for record in stage.records(DEAD_LETTERS) if record["route"] == "to-flaky"}


def test_without_a_link_an_event_waits_and_goes_on_by_itself_when_the_link_is_back(stage):
    sent, unlinked = business_event(), business_event("RawBusinessEvent")
    try:
        stage.unlink("parking")
        assert stage.post("parking", sent).status_code == 202
        assert stage.post("parking", unlinked).status_code == 202
        (parked,) = until(lambda: stage.parked("NotLinked", sent["EventId"]))
        assert (parked["organization"], parked["route"]) == ("parking", "to-archive")
        received_by(stage, "raw")
    finally:
        stage.control.link("parking", home("parking"))
    until(lambda: stage.get("organizations/parking/link").json()["state"] == "linked")
    event = stage.arrived("archive", lambda found: found["id"] == sent["EventId"])
    assert event["fnourl"] == home("parking")
    until(lambda: not stage.parked("NotLinked", sent["EventId"]))


def test_what_was_parked_for_one_environment_never_enters_another_by_surprise(stage):
    first = business_event()
    assert stage.post("moving", first).status_code == 202
    stage.arrived("archive", lambda found: found["id"] == first["EventId"])
    stage.unlink("moving")
    sent = business_event()
    assert stage.post("moving", sent).status_code == 202
    until(lambda: stage.parked("NotLinked", sent["EventId"]))
    stage.control.relink("moving", "https://elsewhere.operations.dynamics.com")
    try:
        until(lambda: stage.get("organizations/moving/link").json()["state"] == "linked")
        (held,) = until(lambda: stage.parked("ParkedForOtherEnvironment", sent["EventId"]))
        assert held["event"]["id"] == sent["EventId"]
        assert not [event for event in stage.take("archive") if event["id"] == sent["EventId"]]
    finally:
        stage.control.relink("moving", home("moving"))
    headers = {"x-functions-key": stage.host.key}
    stage.http.post(f"{stage.host.url}/api/organizations/moving/link/refresh", headers=headers).raise_for_status()
    event = stage.arrived("archive", lambda found: found["id"] == sent["EventId"])
    assert event["fnourl"] == home("moving")


def test_a_broken_envelope_is_a_dead_letter_and_not_tried_again(stage):
    stage.put(EVENTS, b'{"v":99,"broken":true}')
    letter = stage.dead(lambda record: record["body"] == b'{"v":99,"broken":true}')
    assert (letter["reason"], letter["source"]) == ("CorruptRecord", EVENTS)
    stage.put(RETRIES, b"[not a retry")
    assert stage.dead(lambda record: record["body"] == b"[not a retry")["reason"] == "CorruptRecord"


@pytest.mark.parametrize("queue", [EVENTS, RETRIES, "erp-in"])
@pytest.mark.parametrize("message", [b"poison", "plain poison"])
def test_a_poison_message_is_a_dead_letter(stage, queue, message):
    unique = f"{queue} {type(message).__name__}"
    stage.put(f"{queue}-poison", unique.encode() if isinstance(message, bytes) else unique)
    letter = stage.dead(lambda record: record["body"] == unique.encode())
    assert letter["reason"] == "Poison"
    assert letter["organization"] == ("contoso" if queue == "erp-in" else "unknown")


def test_the_dead_letter_of_a_poison_envelope_holds_what_was_sent(stage):
    body = json.dumps(business_event(Note="poisoned")).encode()
    text = base64.b64encode(body).decode()
    envelope = {"source": "contoso", "received_at": "2026-01-02T03:04:05Z", "body": text, "v": 1}
    stage.put("fno-link-events-poison", json.dumps(envelope).encode())
    letter = stage.dead(lambda record: record["body"] == body)
    assert (letter["reason"], letter["organization"], letter["source"]) == ("Poison", "contoso", "contoso")
    assert letter["accepted_at"].startswith("2026-01-02T03:04:05")
