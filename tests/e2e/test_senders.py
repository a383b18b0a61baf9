"""Through the host: who may send to one source cannot speak for the senders of another."""

import json

from tests.e2e.stage import business_event, until


def delivered(stage, target, type_):
    return [each for each in stage.receivers.received(target) if type_ in each.body]


def test_an_event_whose_id_another_source_has_taken_before_is_delivered(stage):
    """The holder of another source's key claims the id; the real event was then a duplicate."""
    real = business_event("RawBusinessEvent", OrderTotal=1000)
    forged = {**real, "OrderTotal": 1}
    stage.put("erp-in", json.dumps(forged).encode())
    until(lambda: [each for each in stage.receivers.received("raw") if '"OrderTotal": 1}' in each.body])
    assert stage.post("contoso", real).status_code == 202
    until(lambda: [each for each in stage.receivers.received("raw") if '"OrderTotal": 1000}' in each.body])


def test_four_events_that_share_an_id_have_four_webhook_ids(stage):
    for number in range(4):
        event = {"specversion": "1.0", "id": "shared", "source": f"/shop/{number}", "type": "com.example.shared"}
        assert stage.post("contoso", {**event, "data": {}}, content_type="application/cloudevents+json").is_success
    received = until(lambda: len(found := delivered(stage, "structured", "com.example.shared")) == 4 and found)
    assert len({each.header("webhook-id") for each in received}) == 4


def test_a_forged_resend_reaches_no_webhook_and_leaves_the_dead_letter(stage):
    """It came under the id of a delivery that had failed, of another type: its route was taken for its own."""
    stage.receivers.fail("raw", 400, times=1)
    real = business_event("RawBusinessEvent", OrderTotal=1000)
    assert stage.post("contoso", real).status_code == 202
    stage.dead(lambda each: each["reason"] == "TargetRejected" and each["event"]["id"] == real["EventId"])
    forged = {**real, "BusinessEventId": "ForgedBusinessEvent"}
    assert stage.post("contoso", forged).status_code == 202
    held = stage.dead(lambda each: each["reason"] == "DuplicateDiffers" and each["event"]["id"] == real["EventId"])
    variant = held["event"]["variant"]
    assert variant["digest"] in held["message"]
    assert variant["first"] in held["message"]
    stage.dead(lambda each: each["reason"] == "TargetRejected" and each["event"]["id"] == real["EventId"])
    assert delivered(stage, "raw", "ForgedBusinessEvent") == []
    assert stage.post("contoso", real).status_code == 202
    until(
        lambda: [
            each for each in stage.receivers.received("raw") if each.status == 200 and real["EventId"] in each.body
        ]
    )


def test_the_same_id_with_other_data_is_kept_for_an_operator(stage):
    real = business_event("RawBusinessEvent", OrderTotal=2000)
    assert stage.post("contoso", real).status_code == 202
    until(lambda: [each for each in stage.receivers.received("raw") if '"OrderTotal": 2000' in each.body])
    assert stage.post("contoso", {**real, "OrderTotal": 2}).status_code == 202
    stage.dead(lambda each: each["reason"] == "DuplicateDiffers" and each["event"]["id"] == real["EventId"])
    shown = stage.ask("GET", f"events/{real['EventId']}").json()
    assert (shown["state"], shown["duplicates"], shown["differing"]) == ("done", 0, 1)
    assert [each for each in stage.receivers.received("raw") if '"OrderTotal": 2}' in each.body] == []
