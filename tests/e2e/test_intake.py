"""What senders see: every answer that they can get, and that what was accepted arrives or is a dead letter."""

import base64
import hashlib
import json
import socket
import string
import textwrap
from urllib.parse import urlsplit

import pytest

from tests.e2e.stage import WITHIN, business_event, until

SAMPLES = "emulation/samples"


def same_id(sent):
    return lambda event: event["id"] == sent["EventId"]


def test_an_accepted_business_event_reaches_its_target_stamped_with_the_linked_environment(stage):
    sent = business_event()
    answer = stage.post("contoso", sent)
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    event = stage.arrived("archive", same_id(sent))
    assert event["fnourl"] == "https://contoso.operations.dynamics.com"
    assert event["source"] == "https://contoso.crm.dynamics.com/finance-operations"
    assert event["organization"] == "contoso"
    assert event["data"] == sent


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"this is no JSON", "Undecodable"),
        (b'{"BusinessEventId": "cut off', "Undecodable"),
        (b"\xff\xfe\x00\xd8", "Undecodable"),
        (b"<RemoteExecutionContext/>", "UnsupportedEncoding"),
        (b"[" * 500 + b"]" * 500, "TooDeep"),
        (b'{"what": "is this"}', "Undecodable"),
    ],
)
def test_a_body_that_cannot_be_read_is_acknowledged_and_a_dead_letter_with_its_reason(stage, body, reason):
    assert stage.post("contoso", body).status_code == 202
    letter = stage.dead(lambda record: record["body"] == body)
    assert letter["reason"] == reason
    assert letter["message"]
    assert letter["hint"]
    assert (letter["organization"], letter["source"], letter["v"]) == ("contoso", "contoso", 1)


def test_an_event_that_no_route_takes_is_a_dead_letter(stage):
    sent = business_event("UnheardOfBusinessEvent")
    assert stage.post("contoso", sent).status_code == 202
    assert (
        stage.dead(lambda record: record["event"] and record["event"]["id"] == sent["EventId"])["reason"] == "Unrouted"
    )


def test_a_source_of_any_letter_takes_a_message_end_to_end(stage):
    sent = {letter: business_event() for letter in string.ascii_lowercase}
    assert {letter: stage.post(letter, event).status_code for letter, event in sent.items()} == dict.fromkeys(sent, 202)
    wanted = {event["EventId"] for event in sent.values()}
    seen: set[str] = set()
    until(lambda: seen.update(event["id"] for event in stage.take("archive")) or wanted <= seen)


def test_an_unknown_source_is_404_with_problem_details_to_who_has_the_apps_key(stage):
    answer = stage.post("nobody", business_event())
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["status"]) == ("UnknownSource", 404)
    assert answer.json()["hint"]


def test_to_a_stranger_sources_that_exist_and_others_look_alike(stage):
    other = stage.host.function_keys["intake_small"]["default"]
    for headers in ({}, {"x-functions-key": "wrong"}, {"x-functions-key": other}):
        for method in ("POST", "OPTIONS", "GET", "PUT", "HEAD"):
            known, unknown = (
                stage.http.request(method, f"{stage.host.url}/api/events/{name}", headers=headers)
                for name in ("contoso", "nobody")
            )
            assert known.status_code == unknown.status_code in (401, 404)
            assert known.content == unknown.content == b""
            assert sorted(known.headers) == sorted(unknown.headers)


@pytest.mark.parametrize("name", ["contoso", "nobody"])
def test_a_stranger_is_refused_before_any_of_the_body_is_read(stage, name):
    url = urlsplit(stage.host.url)
    head = f"POST /api/events/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n"
    with socket.create_connection((url.hostname, url.port), timeout=WITHIN) as connection:
        connection.sendall(head.encode())
        # Who waited for the body would never answer: none of it is ever sent.
        assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")


def test_a_wrong_key_and_no_key_are_401(stage):
    url = f"{stage.host.url}/api/events/contoso"
    for headers in ({}, {"x-functions-key": "wrong"}, {"x-functions-key": ""}):
        assert stage.http.post(url, json=business_event(), headers=headers).status_code == 401
    other = stage.host.function_keys["intake_small"]["default"]
    assert stage.http.post(url, json=business_event(), headers={"x-functions-key": other}).status_code == 401


def test_the_key_may_stand_in_the_url_and_each_source_has_its_own(stage):
    sent = business_event()
    own = stage.host.function_keys["intake_contoso"]["default"]
    assert stage.http.post(f"{stage.host.url}/api/events/contoso?code={own}", json=sent).status_code == 202
    stage.arrived("archive", same_id(sent))


def test_a_body_over_the_limit_of_its_source_is_413(stage):
    answer = stage.post("small", b"x" * 201)
    assert answer.status_code == 413
    assert answer.json()["code"] == "PayloadTooLarge"
    assert stage.post("small", b"").status_code == 202
    assert stage.post("contoso", b"x" * 1_048_577).status_code == 413


def test_a_message_sent_in_chunks_is_refused_and_never_taken_for_an_empty_one(stage):
    sent = business_event()
    url, key = f"{stage.host.url}/api/events/contoso", {"x-functions-key": stage.host.key}
    answer = stage.http.post(url, content=iter([json.dumps(sent).encode()]), headers=key)
    assert answer.status_code == 411
    assert answer.json()["code"] == "LengthRequired"
    assert "Content-Length" in answer.json()["hint"]
    # What makes a proxy send both lengths makes the host read neither.
    both = {**key, "transfer-encoding": "chunked", "content-length": "2"}
    assert stage.http.post(url, content=iter([b"{}"]), headers=both).status_code == 411
    handshake = {**key, "aeg-event-type": "SubscriptionValidation"}
    assert stage.http.post(url, content=iter([b"[]"]), headers=handshake).status_code == 411
    for order in ("dead-letters/replay", "dead-letters/purge", "parked/release"):
        sent_in_chunks = stage.http.post(
            f"{stage.host.url}/api/{order}", content=iter([b'{"all": true, "organization": "contoso"}']), headers=key
        )
        assert (sent_in_chunks.status_code, sent_in_chunks.json()["code"]) == (411, "LengthRequired")


def test_headers_larger_than_a_queue_message_are_refused_for_good(stage):
    headers = {f"ce_x{number}": "\u00e9" * 4000 for number in range(12)}
    named = {name.replace("_", "-"): value.encode("latin-1") for name, value in headers.items()}
    answer = stage.http.post(
        f"{stage.host.url}/api/events/contoso", content=b"{}", headers={**named, "x-functions-key": stage.host.key}
    )
    assert answer.status_code == 431
    assert answer.json()["code"] == "PayloadTooLarge"


@pytest.mark.parametrize("size", [40_000, 46_000, 300_000, 1_000_000])
def test_a_large_body_arrives_byte_for_byte_and_leaves_no_payload(stage, size):
    sent = business_event("RawBusinessEvent", Notes="n" * size)
    body = json.dumps(sent).encode()
    assert stage.post("contoso", body).status_code == 202
    (received,) = stage.receivers.received("raw", at_least=1, within=WITHIN)
    assert hashlib.sha256(received.body.encode()).digest() == hashlib.sha256(body).digest()
    until(lambda: not stage.claim_checks())


HOSTILE = "../../..%2f\r\nSet-Cookie: x=1\x00<script>\u202e'\"?#&é漢"


def test_a_hostile_id_and_subject_reach_no_path_key_or_header_as_they_are(stage):
    sent = business_event("BinaryBusinessEvent", EventId=HOSTILE, ContextRecordSubject=HOSTILE)
    assert stage.post("contoso", sent).status_code == 202
    (received,) = stage.receivers.received("binary", at_least=1, within=WITHIN)
    assert received.header("set-cookie") is None
    assert "\r" not in (received.header("ce-subject") or "")
    assert "<" in (received.header("ce-subject") or "")
    assert (received.header("webhook-id") or "").isascii()
    unrouted = business_event("../../x?y=z#\r\n", EventId=HOSTILE + "2")
    assert stage.post("contoso", unrouted).status_code == 202
    letter = stage.dead(lambda record: record["event"] and record["event"]["type"].startswith("../../x"))
    assert letter["path"].startswith("contoso/Unrouted/")
    assert letter["path"].count("/") == 5
    assert letter["path"].isascii()


def test_hostile_headers_neither_fail_nor_travel(stage):
    sent = business_event()
    headers = [
        (b"content-type", b"application/json; charset=\xff\xfe"),
        (b"ce-..%2f", b"%2e%2e"),
        (b"ce-id", "é漢".encode()),
        (b"aeg-event-type", b"\xff" * 100),
        (b"traceparent", b"00-not-a-trace"),
        (b"x-ms-dynamics-entity-name", b"../../evil"),
        (b"cookie", b"secret=1"),
        (b"x-functions-key", stage.host.key.encode()),
    ]
    answer = stage.http.post(f"{stage.host.url}/api/events/contoso", content=json.dumps(sent), headers=headers)
    assert answer.status_code == 202
    event = stage.arrived("archive", same_id(sent))
    assert stage.host.key not in json.dumps(event)
    assert "secret=1" not in json.dumps(event)


def test_event_grid_validation_is_answered_with_exactly_200(stage):
    code = "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"
    validation = [
        {
            "id": "1",
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "data": {"validationCode": code, "validationUrl": "https://rp.example:553/validate"},
        }
    ]
    answer = stage.post("contoso", validation, aeg_event_type="SubscriptionValidation")
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": code})
    assert stage.control.refused() == []


def test_the_cloudevents_handshake_is_answered(stage):
    url, key = f"{stage.host.url}/api/events/contoso", {"x-functions-key": stage.host.key}
    asking = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
    # The other way of answering is never taken: what a caller names is not called.
    asking |= {"WebHook-Request-Callback": stage.receivers.url("callback")}
    answer = stage.http.options(url, headers=asking | key)
    assert answer.status_code == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert answer.headers["WebHook-Allowed-Rate"] == "*"
    assert "POST" in answer.headers["Allow"]
    assert stage.receivers.received("callback") == []
    stranger = stage.http.options(url, headers=asking)
    assert (stranger.status_code, "WebHook-Allowed-Origin" in stranger.headers) == (401, False)
    sent = business_event()
    assert stage.post("contoso", sent, WebHook_Request_Origin="eventgrid.azure.net").status_code == 202
    stage.arrived("archive", same_id(sent))


def test_a_structured_cloudevent_keeps_its_id_and_source(stage):
    sent = {
        "specversion": "1.0",
        "id": "ce-structured",
        "source": "https://example.com/shop",
        "type": "com.example.sold",
        "data": {"a": 1},
    }
    assert stage.post("contoso", sent, content_type="application/cloudevents+json").status_code == 202
    (received,) = stage.receivers.received("structured", at_least=1, within=WITHIN)
    event = json.loads(received.body)
    assert (event["id"], event["source"], event["data"]) == ("ce-structured", "https://example.com/shop", {"a": 1})


def test_a_binary_cloudevent_keeps_its_attributes(stage):
    attributes = {"ce_specversion": "1.0", "ce_id": "ce-binary", "ce_source": "/shop", "ce_type": "com.example.sold"}
    assert stage.post("contoso", b'{"b":2}', **attributes, ce_tone="grey%20blue").status_code == 202
    (received,) = stage.receivers.received("structured", at_least=1, within=WITHIN)
    event = json.loads(received.body)
    assert (event["id"], event["source"], event["data"]) == ("ce-binary", "/shop", {"b": 2})
    assert event["tone"] == "grey blue"


def test_a_plug_in_message_is_decoded_with_its_headers(stage, request):
    body = (request.config.rootpath / SAMPLES / "plugin-update.json").read_bytes()
    headers = {
        "x_ms_dynamics_organization": "contoso.crm.dynamics.com",
        "x_ms_dynamics_entity_name": "account",
        "x_ms_dynamics_request_name": "Update",
        "x_ms_correlation_request_id": "7d5a8c1b-0000-4000-8000-000000000001",
    }
    assert stage.post("contoso", body, **headers).status_code == 202
    event = stage.arrived("archive", lambda found: found["type"].lower() == "account.update")
    assert event["subject"].startswith("account(")
    assert event["source"] == "https://contoso.crm.dynamics.com"
    assert event["data"]["target"]


def test_a_batch_of_events_is_taken_apart_and_its_bad_element_buried(stage):
    first, second = business_event(), business_event()
    assert stage.post("contoso", [first, {"bad": first["EventId"]}, second]).status_code == 202
    ids = {first["EventId"], second["EventId"]}
    seen: set[str] = set()
    until(lambda: seen.update(event["id"] for event in stage.take("archive")) or ids <= seen)
    stage.dead(lambda record: b"bad" in record["body"] and first["EventId"].encode() in record["body"])


def test_a_business_event_on_a_storage_queue_arrives(stage):
    sent = business_event()
    stage.put("erp-in", json.dumps(sent).encode())
    assert stage.arrived("archive", same_id(sent))["data"] == sent


def test_a_storage_queue_message_that_is_not_base64_is_read_too(stage):
    sent = business_event(Note="ünïcode")
    stage.put("erp-in", json.dumps(sent, ensure_ascii=False))
    assert stage.arrived("archive", same_id(sent))["data"] == sent
    stage.put("erp-in", "plain words")
    stage.dead(lambda record: record["body"] == b"plain words" and record["reason"] == "Undecodable")


def test_a_storage_queue_message_of_wrapped_base64_is_read_too(stage):
    sent = business_event()
    text = base64.b64encode(json.dumps(sent).encode()).decode()
    stage.put("erp-in", "\r\n".join(textwrap.wrap(text, 60)) + "\n")
    assert stage.arrived("archive", same_id(sent))["data"] == sent


def test_plain_words_on_a_storage_queue_are_judged_as_the_text_they_are(stage):
    for text, reason in (("1234", "Undecodable"), ("true", "Undecodable"), ("order/42", "Undecodable")):
        stage.put("erp-in", text)
        assert stage.dead(lambda record, text=text: record["body"] == text.encode())["reason"] == reason
    # A message that says nothing is no dead letter.
    noted = stage.host.log.count("erp-queue: test_message message acknowledged")
    empty = stage.host.log.count("erp-queue: empty message acknowledged")
    stage.put("erp-in", "test")
    stage.put("erp-in", "null")
    until(lambda: stage.host.log.count("erp-queue: test_message message acknowledged") > noted)
    until(lambda: stage.host.log.count("erp-queue: empty message acknowledged") > empty)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_storage_queue_message_in_another_character_set_is_read_as_over_http(stage, encoding):
    for way in ("queue", "http"):
        sent = business_event(Note="grün ✓")
        body = json.dumps(sent, ensure_ascii=False).encode(encoding)
        if way == "queue":
            stage.put("erp-in", body)
        else:
            assert stage.post("contoso", body).status_code == 202
        assert stage.arrived("archive", same_id(sent))["data"] == sent
    unread = f'{{"what": "grün {encoding}"}}'.encode(encoding)
    stage.put("erp-in", unread)
    assert stage.dead(lambda record: record["body"] == unread)["reason"] == "Undecodable"


def test_a_storage_queue_message_with_names_of_metadata_is_taken(stage):
    sent = business_event(ExpirationTime="never", DequeueCount="many", InsertionTime=None, PopReceipt={"a": 1})
    stage.put("erp-in", json.dumps(sent))
    assert stage.arrived("archive", same_id(sent))["data"] == sent


def test_methods_that_are_not_offered_are_404_as_in_azure_and_never_500(stage):
    for method in ("GET", "PUT", "DELETE"):
        url = f"{stage.host.url}/api/events/contoso"
        answer = stage.http.request(method, url, headers={"x-functions-key": stage.host.key})
        assert answer.status_code == 404


def test_a_batch_that_needs_a_claim_check_is_split_and_one_that_is_broken_is_alone(stage):
    def element(number):
        event = {"specversion": "1.0", "id": f"b-{number}", "source": "/batch", "type": "com.example.batched"}
        return event | {"datacontenttype": "text/plain", "data": f"{number:04} " * 800}

    broken = {"specversion": "1.0", "source": "/batch", "type": "com.example.batched", "id": ""}
    batch = [element(0), broken, *map(element, range(1, 20))]
    assert len(json.dumps(batch)) > 60_000
    for _ in range(2):
        sent = stage.post("contoso", batch, content_type="application/cloudevents-batch+json; charset=utf-8")
        assert sent.status_code == 202

    def received():
        bodies = [json.loads(each.body) for each in stage.receivers.received("structured")]
        return sorted(body["id"] for body in bodies if body["type"] == "com.example.batched")

    until(lambda: len(received()) >= 20)
    letters = [stage.dead(lambda record: record["reason"] == "Undecodable" and b'"/batch"' in record["body"])]
    assert json.loads(letters[0]["body"]) == broken
    until(lambda: not stage.claim_checks())
    assert received() == sorted(f"b-{number}" for number in range(20))
    [one] = [each for each in stage.receivers.received("binary") if dict(each.headers).get("ce-id") == "b-7"]
    assert (dict(one.headers)["content-type"], one.body) == ("text/plain", "0007 " * 800)

    stage.put("erp-in", json.dumps([element(30), broken, element(31)]).encode())
    until(lambda: {"b-30", "b-31"} <= set(received()))
