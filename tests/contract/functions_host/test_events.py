"""Event Grid and Event Hubs on the local host: handshakes, batches, refusals, and retries as the function asks for."""

import json

GRID = """
import json

@app.event_grid_trigger(arg_name="event")
async def on_event(event: func.EventGridEvent) -> None:
    if event.event_type == "Fails":
        raise ValueError("cannot handle")
    print("got " + json.dumps([event.id, event.event_type, event.subject, event.topic, event.get_json()]), flush=True)

@app.event_grid_trigger(arg_name="event")
async def on_cloud_event(event: func.CloudEvent) -> None:
    print("cloud " + json.dumps([event.id, event.type, event.source, event.subject, event.get_json()]), flush=True)
"""
EVENT = {
    "id": "1",
    "topic": "/t",
    "subject": "s",
    "eventType": "Happened",
    "eventTime": "2026-01-01T00:00:00Z",
    "data": {"n": 1},
    "dataVersion": "1",
    "metadataVersion": "1",
}
NOTIFICATION = {"aeg-event-type": "Notification"}
CLOUD_EVENT = {"specversion": "1.0", "id": "c1", "source": "/s", "type": "Happened", "subject": "x", "data": {"n": 2}}


def webhook(host, function: str, key: str | None = None) -> str:
    code = host.event_grid_key if key is None else key
    return f"{host.url}/runtime/webhooks/EventGrid?functionName={function}&code={code}"


def start(run, azurite):
    return run(GRID, env={"AzureWebJobsStorage": azurite.connection_string})


def test_each_event_of_a_request_is_one_invocation(run, azurite, http):
    host = start(run, azurite)
    url, headers = webhook(host, "On_Event"), {"aeg-event-type": "Notification"}
    assert http.post(url, json=[EVENT, EVENT | {"id": "2"}], headers=headers).status_code == 202
    got = [json.loads(line.removeprefix("got ")) for line in host.log.splitlines() if line.startswith("got ")]
    assert sorted(got) == [[n, "Happened", "s", "/t", {"n": 1}] for n in ("1", "2")]


def test_cloud_events_arrive_alone_and_in_batches(run, azurite, http):
    host = start(run, azurite)
    url = webhook(host, "on_cloud_event")
    structured = {"content-type": "application/cloudevents+json; charset=utf-8", "aeg-event-type": "Notification"}
    assert http.post(url, content=json.dumps(CLOUD_EVENT), headers=structured).status_code == 202
    batch = structured | {"content-type": "application/cloudevents-batch+json"}
    assert http.post(url, content=json.dumps([CLOUD_EVENT, CLOUD_EVENT]), headers=batch).status_code == 202
    assert host.log.count('cloud ["c1", "Happened", "/s", "x", {"n": 2}]') == 3


def test_the_subscription_handshakes_are_answered(run, azurite, http):
    host = start(run, azurite)
    url, code = webhook(host, "on_event"), "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"
    validation = EVENT | {
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": code},
    }
    answer = http.post(url, json=[validation], headers={"aeg-event-type": "SubscriptionValidation"})
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": code})
    options = http.options(url, headers={"WebHook-Request-Origin": "eventgrid.azure.net"})
    assert (options.status_code, options.headers["webhook-allowed-origin"]) == (200, "eventgrid.azure.net")


def test_a_failed_invocation_fails_the_request_so_that_event_grid_delivers_again(run, azurite, http):
    host = start(run, azurite)
    events = [EVENT, EVENT | {"eventType": "Fails"}]
    assert http.post(webhook(host, "on_event"), json=events, headers=NOTIFICATION).status_code == 500


def test_dates_and_numbers_are_spelled_another_way_but_for_those_inside_a_text(run, azurite, http):
    host = start(run, azurite)
    spelled = {"at": "2021-11-18T14:44:15.1200000+01:00", "time": "/Date(1637246655000)/", "n": 1.10, "m": 1e22}
    kept = {"id": 5637144999, "day": "2021-11-18", "text": json.dumps(spelled), "list": [None, True, "x"]}
    for data in (spelled | kept, json.dumps(spelled), "2021-11-18T14:44:15.00Z"):
        body = json.dumps([EVENT | {"data": data}])
        assert http.post(webhook(host, "on_event"), content=body, headers=NOTIFICATION).status_code == 202
    got = [json.loads(line.removeprefix("got "))[4] for line in host.log.splitlines() if line.startswith("got ")]
    respelled = {"at": "2021-11-18T13:44:15.12+00:00", "time": "2021-11-18T14:44:15Z", "n": 1.1, "m": 1e22}
    assert got == [respelled | kept, json.dumps(spelled), "2021-11-18T14:44:15Z"]


def test_wrong_keys_functions_and_bodies_are_refused(run, azurite, http):
    host = start(run, azurite)
    good, handshake = webhook(host, "on_event"), {"aeg-event-type": "SubscriptionValidation"}
    assert http.post(webhook(host, "on_event", "wrong"), json=[EVENT]).status_code == 401
    assert http.post(webhook(host, "on_event", host.key), json=[EVENT]).status_code == 401
    assert http.post(webhook(host, "other"), json=[EVENT]).status_code == 404
    assert http.post(good, content=b"not json", headers=NOTIFICATION).status_code == 400
    assert http.post(good, json=[1], headers=NOTIFICATION).status_code == 400
    assert http.post(good, json=[EVENT]).status_code == 400
    assert http.post(good, json=[EVENT], headers=handshake).status_code == 400
    assert http.post(good, json=[EVENT], headers={"aeg-event-type": "Unknown"}).status_code == 400


HUB = """
from typing import List

count = 0

@app.event_hub_message_trigger(arg_name="event", event_hub_name="hub", connection="HUB")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
async def one(event: func.EventHubEvent) -> None:
    global count
    count += 1
    print(f"one {event.get_body()!r} {event.partition_key} {event.sequence_number} {event.offset}", flush=True)
    if event.get_body() == b"fails" or (event.get_body() == b"fails once" and count == 1):
        raise ValueError("no")

@app.event_hub_message_trigger(
    arg_name="event", event_hub_name="hub", connection="HUB", data_type=func.DataType.BINARY
)
async def binary(event: func.EventHubEvent) -> None:
    print(f"binary {event.get_body()!r} {event.sequence_number}", flush=True)

@app.event_hub_message_trigger(arg_name="events", event_hub_name="hub", connection="HUB", cardinality="many")
async def many(events: List[func.EventHubEvent]) -> None:
    print("many " + repr([(event.get_body(), event.sequence_number) for event in events]), flush=True)
"""


def feed(http, host, function: str, events):
    url, headers = f"{host.url}/admin/event-hubs/{function}", {"x-functions-key": host.master_key}
    return http.post(url, json={"events": events}, headers=headers)


def test_fed_hub_events_run_the_function_under_its_retry_policy(run, azurite, http):
    host = run(HUB, env={"AzureWebJobsStorage": azurite.connection_string, "HUB": "Endpoint=sb://none"})
    events = [
        {"body": "fails once", "partitionKey": "k", "sequenceNumber": 7, "offset": "42"},
        {"body": "fails"},
        {"bodyBase64": "/w=="},
        {"body": '{"SequenceNumber": "ADDR-12"}'},
    ]
    answer = feed(http, host, "one", events)
    *outcomes, unbound = answer.json()["outcomes"]
    assert outcomes == [None, "ValueError: no", None]
    # The members of a text are metadata to the real host; Microsoft's converter then finds no number.
    assert "'SequenceNumber' in trigger metadata" in unbound
    assert host.log.count("one b'fails once' k 7 42") == 2
    assert host.log.count("one b'fails' ") == 3
    assert host.log.count(f"one {chr(0xFFFD).encode()!r} ") == 1
    as_bytes = [{"bodyBase64": "/w==", "sequenceNumber": 3}, {"body": '{"SequenceNumber": "ADDR-12"}'}]
    assert feed(http, host, "binary", as_bytes).json() == {"outcomes": [None, None]}
    assert "binary b'\\xff' 3" in host.log
    assert """binary b'{"SequenceNumber": "ADDR-12"}' 0""" in host.log


def test_fed_hub_events_arrive_as_a_batch_where_the_function_takes_many(run, azurite, http):
    host = run(HUB, env={"AzureWebJobsStorage": azurite.connection_string, "HUB": "Endpoint=sb://none"})
    assert feed(http, host, "many", [{"body": "a", "sequenceNumber": 1}, {"body": "b"}]).json() == {"outcomes": [None]}
    assert "many [(b'a', 1), (b'b', 0)]" in host.log
    assert feed(http, host, "many", []).status_code == 400
    assert feed(http, host, "many", [{"unknown": 1}]).status_code == 400
