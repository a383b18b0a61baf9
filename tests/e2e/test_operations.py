"""What an operator does when an order did not arrive: look it up, look at its dead letter, replay; by HTTP and CLI."""

import json
from datetime import UTC, datetime

import pytest

from integration.cli import frame
from tests.e2e.stage import business_event, until
from tests.e2e.topology import home

READING = {
    "events": "events",
    "event": "events/x",
    "dead_letters": "dead-letters",
    "dead_letter": "dead-letters/x",
    "dead_letters_job": "dead-letters/jobs/x",
    "parked": "parked",
    "control_numbers": "control-numbers",
    "parked_delivery": "parked/x",
    "incidents": "incidents",
    "incident": "incidents/x",
    "maintenance": "maintenance",
    "status": "status",
    "status_badge": "status/badges/contoso",
    "status_operator": "status/operator",
}
WRITING = {
    "event_replay": "events/x/replay",
    "dead_letters_replay": "dead-letters/replay",
    "dead_letters_purge": "dead-letters/purge",
    "dead_letters_cancel": "dead-letters/jobs/x/cancel",
    "parked_release": "parked/release",
    "control_numbers_reset": "control-numbers/reset",
    "incident_acknowledge": "incidents/x/acknowledge",
    "incident_mute": "incidents/x/mute",
    "maintenance_begin": "maintenance",
}


@pytest.fixture
def failed(stage):
    """An order that its receiver has refused, and its dead letter's id."""
    stage.receivers.fail("flaky", 400, body="the field x is missing")
    sent = business_event("FlakyBusinessEvent", EventTime=f"/Date({round(datetime.now(UTC).timestamp() * 1000)})/")
    assert stage.post("contoso", sent).status_code == 202
    shown = settled(stage, sent["EventId"])
    (delivery,) = shown["deliveries"]
    stage.receivers.heal("flaky")
    return sent["EventId"], delivery["deadLetter"]


def settled(stage, id_, *states):
    """Wait until an event is none that is being processed."""

    def look():
        answer = stage.ask("GET", f"events/{id_}")
        if answer.status_code == 404:
            return None
        shown = answer.json()
        return shown if shown["state"] in (states or ("done", "dead_lettered", "parked", "unrouted")) else None

    return until(look)


def done(stage, job):
    return until(lambda: (now := stage.ask("GET", f"dead-letters/jobs/{job}").json())["state"] == "done" and now)


@pytest.mark.parametrize("name", [*READING, *WRITING])
def test_each_operation_has_a_key_of_its_own(stage, name):
    method, path = ("GET", READING[name]) if name in READING else ("POST", WRITING[name])
    keys = stage.host.function_keys
    assert stage.ask(method, path, key="").status_code == 401
    other = next(each for each in keys if each != name)
    assert stage.ask(method, path, key=keys[other]["default"]).status_code == 401
    own = stage.ask(method, path, {} if method == "POST" else None, key=keys[name]["default"])
    assert own.status_code in {200, 400, 404}
    if own.status_code != 200:
        assert own.headers["content-type"] == "application/problem+json"
        assert own.json()["code"] in {
            *("UnknownEvent", "UnknownDeadLetter", "UnknownJob", "UnknownIncident", "InvalidRequest"),
        }


def test_an_event_that_arrived_is_shown_with_its_delivery(stage):
    sent = business_event("RawBusinessEvent", LegalEntity="demf")
    assert stage.post("contoso", sent).status_code == 202
    shown = settled(stage, sent["EventId"])
    assert (shown["state"], shown["source"], shown["legalEntity"]) == ("done", "contoso", "demf")
    (delivery,) = shown["deliveries"]
    assert (delivery["route"], delivery["target"], delivery["state"]) == ("to-raw", "raw", "delivered")
    assert (delivery["attempts"], delivery["status"]) == (1, 200)
    assert stage.post("contoso", sent).status_code == 202
    until(lambda: stage.ask("GET", f"events/{shown['key']}").json()["duplicates"] == 1)
    page = stage.ask("GET", "events?legalEntity=demf&type=Raw*&state=done&organization=contoso").json()
    assert sent["EventId"] in {each["id"] for each in page["events"]}
    assert stage.ask("GET", "events/no-such-event").json()["code"] == "UnknownEvent"
    assert stage.ask("GET", "events?limit=0").status_code == 400


def test_events_are_read_page_by_page(stage):
    ids = set()
    for _ in range(5):
        sent = business_event("RawBusinessEvent", LegalEntity="paged")
        assert stage.post("contoso", sent).status_code == 202
        ids.add(sent["EventId"])
    for id_ in ids:
        settled(stage, id_)
    seen, after = [], ""
    while True:
        page = stage.ask("GET", f"events?legalEntity=paged&limit=2{after}").json()
        assert len(page["events"]) <= 2
        seen += [each["id"] for each in page["events"]]
        if not page["next"]:
            break
        after = f"&after={page['next']}"
    assert sorted(seen) == sorted(ids)


def test_an_order_that_did_not_arrive_is_found_and_replayed(stage, failed):
    event, letter = failed
    shown = stage.ask("GET", f"dead-letters/{letter}").json()
    assert (shown["reason"], shown["event"]["id"]) == ("TargetRejected", event)
    assert (shown["last"]["status"], shown["last"]["response"]) == (400, "the field x is missing")
    listed = stage.ask("GET", "dead-letters?reason=TargetRejected&route=to-flaky&organization=contoso").json()
    assert letter in {each["id"] for each in listed["deadLetters"]}
    answer = stage.ask("POST", "dead-letters/replay", {"ids": [letter]})
    assert (answer.status_code, answer.headers["location"]) == (202, f"/api/dead-letters/jobs/{answer.json()['id']}")
    assert done(stage, answer.json()["id"])["counts"] == {"delivered": 1}
    assert stage.ask("GET", f"dead-letters/{letter}").status_code == 404
    after = settled(stage, event, "done")
    assert (after["replayed"], after["deliveries"][0]["state"]) == (1, "delivered")
    (received,) = stage.receivers.received("flaky", at_least=1)[-1:]
    assert received.header("webhook-id").endswith(":to-flaky:r1")


def test_dead_letters_are_counted_and_purged(stage, failed):
    event, letter = failed
    counted = stage.ask("POST", "dead-letters/purge", {"ids": [letter]})
    assert (counted.status_code, counted.json()["matching"], counted.json()["dryRun"]) == (200, 1, True)
    ordered = stage.ask("POST", "dead-letters/purge", {"ids": [letter], "dryRun": False})
    assert ordered.status_code == 202
    assert done(stage, ordered.json()["id"])["counts"] == {"purged": 1}
    assert stage.ask("GET", f"dead-letters/{letter}").status_code == 404
    assert stage.ask("GET", f"events/{event}").json()["deliveries"][0]["deadLetter"] is None


@pytest.fixture
def run(stage, monkeypatch, capsys):
    """Run a command on the deployed app and return its JSON."""
    monkeypatch.setenv("FNO_LINK_KEY", stage.host.key)

    def command(*arguments, code=0):
        assert frame.run([*arguments, "--app", stage.host.url, "--json"]) == code
        said = capsys.readouterr()
        return json.loads(said.out or said.err)

    return command


def test_the_command_line_does_the_same_on_the_app(stage, failed, run):
    event, letter = failed
    assert event in {each["id"] for each in run("events", "list", "--state", "dead_lettered")["events"]}
    assert run("events", "show", event)["deliveries"][0]["deadLetter"] == letter
    assert letter in {each["id"] for each in run("dead-letters", "list", "--limit", "200")["deadLetters"]}
    assert run("dead-letters", "show", letter)["event"]["id"] == event
    job = run("dead-letters", "replay", letter)
    assert (job["state"], job["counts"]) == ("done", {"delivered": 1})
    assert run("dead-letters", "replay", "--job", job["id"])["id"] == job["id"]
    assert run("dead-letters", "purge", letter, "--dry-run")["matching"] == 0
    assert settled(stage, event, "done")["replayed"] == 1
    assert run("events", "show", "no-such-event", code=1)["code"] == "AppRefused"


def test_one_event_is_replayed_and_forgotten(stage, failed, run):
    event, letter = failed
    job = run("events", "replay", event)
    assert (job["ids"], job["counts"]) == ([letter], {"delivered": 1})
    assert settled(stage, event, "done")["replayed"] == 1
    assert stage.ask("POST", f"events/{event}/replay").json()["code"] == "PayloadNotKept"
    key = stage.ask("GET", f"events/{event}").json()["key"]
    assert stage.ask("DELETE", "events?type=Flaky*&state=done", key="").status_code == 401
    assert run("events", "purge", "--type", "FlakyBusinessEvent", "--state", "done", "--dry-run")["matching"] >= 1
    assert stage.ask("GET", f"events/{key}").status_code == 200
    assert run("events", "purge", "--type", "FlakyBusinessEvent", "--state", "done", "--yes")["purged"] >= 1
    assert stage.ask("GET", f"events/{key}").status_code == 404


def test_maintenance_is_called_moved_listed_and_ended(stage, run):
    called = run("maintenance", "start", "contoso", "--for", "2h", "--by", "ada", "--note", "upgrade")
    moved = run("maintenance", "start", "contoso", "--for", "3h", "--by", "ada", "--note", "upgrade")
    assert (moved["id"], moved["since"]) == (called["id"], called["since"])
    assert moved["until"] > called["until"]
    listed = run("maintenance", "list")
    assert [(each["id"], each["organizations"]) for each in listed["active"] if each["source"] == "call"] == [
        (called["id"], ["contoso"])
    ]
    assert stage.ask("DELETE", f"maintenance/{called['id']}", key="").status_code == 401
    ended = run("maintenance", "end", called["id"])
    assert run("maintenance", "end", called["id"]) == ended
    assert run("maintenance", "list")["calls"] == []
    assert run("maintenance", "start", "nobody", "--for", "2h", code=1)["code"] == "AppRefused"
    assert run("incidents", "show", "0123456789abcdef", code=1)["code"] == "AppRefused"


def test_without_the_right_key_the_command_line_is_refused(run, monkeypatch):
    monkeypatch.setenv("FNO_LINK_KEY", "another")
    assert run("events", "list", code=1)["code"] == "AppRefused"


def test_what_waits_for_the_link_is_listed_shown_and_released(stage, run):
    sent = business_event()
    try:
        stage.unlink("parking")
        assert stage.post("parking", sent).status_code == 202
        (delivery,) = settled(stage, sent["EventId"], "parked")["deliveries"]
        all_listed = run("parked", "list", "--organization", "parking")["parked"]
        (listed,) = [each for each in all_listed if each["id"] == delivery["parked"]]
        assert (listed["id"], listed["reason"], listed["route"]) == (delivery["parked"], "NotLinked", "to-archive")
        assert stage.ask("GET", f"parked/{listed['id']}").json()["event"]["id"] == sent["EventId"]
        assert run("parked", "release", listed["id"], code=1)["released"] == {listed["id"]: ["parked"]}
    finally:
        stage.control.link("parking", home("parking"))
    until(lambda: stage.get("organizations/parking/link").json()["state"] == "linked")
    run("parked", "release", "--organization", "parking")
    stage.arrived("archive", lambda found: found["id"] == sent["EventId"])
    assert settled(stage, sent["EventId"], "done")["deliveries"][0]["state"] == "delivered"
    until(lambda: run("parked", "list", "--organization", "parking")["parked"] == [])


def test_a_target_that_keeps_failing_is_left_alone_probed_and_told_of(stage):
    stage.receivers.fail("fragile", 500)
    first, second, third = (business_event("FragileBusinessEvent") for _ in range(3))
    for sent in (first, second):
        assert stage.post("contoso", sent).status_code == 202
    opened = stage.arrived("operators", lambda found: found["type"] == "fno-link.target.opened")
    assert opened["data"]["target"] == "fragile"
    assert stage.post("contoso", third).status_code == 202
    (spared,) = settled(stage, third["EventId"], "deferred")["deliveries"]
    assert (spared["code"], spared["attempts"]) == ("CircuitOpen", 0)
    details = stage.get("health/details").json()
    standing = details["targets"]["fragile"]
    assert (details["targets"]["raw"]["status"], standing["status"]) == ("pass", "warn")
    assert standing["circuit"] in {"open", "half_open"}
    assert standing["code"] == "TargetUnavailable"
    assert standing["opened"] >= 1
    stage.receivers.heal("fragile")
    closed = stage.arrived("operators", lambda found: found["type"] == "fno-link.target.closed")
    assert closed["data"]["since"] == opened["data"]["since"]
    for sent in (first, second, third):
        assert settled(stage, sent["EventId"], "done")["deliveries"][0]["state"] == "delivered"
    assert stage.get("health/details").json()["targets"]["fragile"]["circuit"] == "closed"
    taken = [each.status for each in stage.receivers.received("fragile")]
    assert taken.count(200) == 3
    # Each of the few processes that deliver finds out for itself, by two failures and then by one probe at a time.
    assert taken.count(500) <= 8
    events = [event for event in stage.take("operators") if event["type"].startswith("fno-link.target.")]
    assert events == []


def test_a_browser_opens_the_page_of_the_host_and_finds_the_event(stage, failed, context_of):
    id_, letter = failed
    key = stage.host.function_keys["status"]["default"]
    page = context_of(java_script_enabled=False).new_page()
    answer = page.goto(f"{stage.host.url}/api/status?code={key}")
    assert answer.status == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert page.locator("#organizations").inner_text() == "Organizations"
    page.get_by_label("Find an event by its id").fill(id_)
    page.get_by_role("button", name="Find").click()
    found = page.locator("#found").inner_text()
    assert "FlakyBusinessEvent" in found
    assert f"fno-link dead-letters replay {letter}" in found
    assert key not in page.locator("body").inner_text()


def test_the_status_is_told_in_each_form_and_to_no_stranger(stage):
    for form, kind in (("json", "application/json"), ("atom", "application/atom+xml"), ("html", "text/html")):
        answer = stage.get(f"status?format={form}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    told = stage.get("status").json()
    assert "contoso" in [each["name"] for each in told["organizations"]]
    badge = stage.get("status/badges/contoso")
    assert badge.headers["content-type"].startswith("image/svg+xml")
    # What is not public is no address at all.
    assert stage.http.get(f"{stage.host.url}/api/status/public").status_code == 404
    assert stage.http.get(f"{stage.host.url}/api/status").status_code == 401
