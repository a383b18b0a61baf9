"""What a message is, whose rules it is sent by, and what comes back of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from emulation.sending.message import BUS_LIMIT, REMOVED, WEBHOOK_LIMIT, message_of, shrunk
from emulation.sending.outcome import Became, Delivery, Exit, exit_of, of_dead_letter, of_row
from emulation.sending.rules import CLAIMS, RULES, over_http, properties_of
from emulation.sending.samples import FOLDER, fresh, names, sample
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Inbound

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", names())
def test_the_ids_that_are_waited_for_are_those_that_the_product_gives(name):
    body = sample(name)
    inbound = Inbound(
        body=body,
        ingress="erp",
        organization="contoso",
        organization_url="https://contoso.crm.dynamics.com",
        received_at=NOW,
        content_type=over_http(message_of(body), "")[1]["content-type"],
    )
    items = decode(inbound).items
    events = [each.id for each in items if isinstance(each, Event)]
    found = list(message_of(body, "contoso").ids)
    if len(events) < len(items):
        return  # acknowledged, or read only with Dataverse's help
    computed = name in {"plugin-sync-update", "data-event-created", "data-event-deleted", "data-event-updated"}
    assert found == ([] if computed else events), "only the id of a payload is not written in it"


@pytest.mark.parametrize("name", names())
def test_a_sample_is_another_event_each_time_and_happens_now(name):
    first, second = sample(name), sample(name)
    text = (FOLDER / f"{name}.json").read_text()
    if message_of(text.encode()).ids:
        assert not set(message_of(first).ids) & set(message_of(second).ids)
        assert "2026-01-01T12" not in json.dumps(
            json.loads(first).get("EventTimeIso8601", "") if first[:1] == b"{" else ""
        )
    assert message_of(first).shape == message_of(text.encode()).shape


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"null", b"[]", b"{}", b'"x"', b"[1]", b'{"id": []}'])
def test_what_is_no_event_is_sent_as_it_is(body):
    message = message_of(body)
    assert (message.shape, message.ids) == ("unknown", ())
    assert over_http(message, "") == (message, {"content-type": "application/json; charset=utf-8"})
    assert properties_of(message, "https://x") == {}


def test_dataverse_says_beside_a_context_what_is_in_it():
    message = message_of(sample("plugin-update"))
    sent, headers = over_http(message, "https://contoso.crm4.dynamics.com")
    assert sent == message
    assert headers["x-ms-dynamics-organization"] == "contoso.crm4.dynamics.com"
    assert (headers["x-ms-dynamics-entity-name"], headers["x-ms-dynamics-request-name"]) == ("account", "Update")
    assert "x-ms-dynamics-msg-size-exceeded" not in headers
    assert properties_of(message, "https://contoso.crm4.dynamics.com")[f"{CLAIMS}EntityLogicalName"] == "account"


@pytest.mark.parametrize("limit", [WEBHOOK_LIMIT, BUS_LIMIT])
def test_dataverse_cuts_a_context_that_is_too_large(limit):
    document = json.loads(sample("plugin-update"))
    document["Padding"], document["InputParameters"] = "", ["x" * limit]
    cut = shrunk(message_of(json.dumps(document).encode()), limit)
    assert cut.stripped
    assert not set(REMOVED) & set(json.loads(cut.body))
    assert json.loads(cut.body)["MessageName"] == "Update"
    small = message_of(sample("plugin-update"))
    assert shrunk(small, limit) == small


@pytest.mark.parametrize(
    ("shape", "retried", "final"),
    [
        ("dataverse", {502, 503, 504}, {0, 200, 400, 401, 429, 500}),
        ("finance-operations", {0, 400, 429, 500, 503}, set()),
        ("event-grid", {0, 429, 500, 503}, {400, 401, 403, 404, 413}),
    ],
)
def test_each_sender_tries_again_where_the_real_one_does(shape, retried, final):
    assert {status for status in retried | final if RULES[shape].retries(status)} == retried
    assert len(RULES[shape].waits) == {"dataverse": 1, "finance-operations": 2, "event-grid": 2}[shape]


def test_fresh_ids_keep_their_case_and_braces():
    text = '{"EventId": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11", "BusinessEventId": "X", "EventTime": "/Date(1)/"}'
    made = json.loads(fresh(text))
    assert made["EventId"] != "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11"
    assert made["EventId"].isupper()
    assert made["EventTime"] > "/Date(17"


def row(state, *deliveries, accepted=NOW):
    made = [{"route": "r", "target": "t", "state": each} for each in deliveries]
    return {"id": "1", "type": "T", "state": state, "acceptedAt": accepted.isoformat(), "deliveries": made}


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (("done", "delivered"), Exit.DELIVERED),
        (("parked", "parked"), Exit.NOT_DELIVERED),
        (("dead_lettered", "delivered", "dead_lettered"), Exit.NOT_DELIVERED),
        (("unrouted",), Exit.NOT_DELIVERED),
        (("deferred", "deferred"), Exit.UNKNOWN),
        (("received",), Exit.UNKNOWN),
    ],
)
def test_how_it_ends(states, code):
    became = of_row(row(*states), NOW)
    assert became.exit is code
    assert exit_of([became]) is code
    assert not became.duplicate


def test_the_worst_of_several_counts_and_nothing_is_not_known():
    done, dead = of_row(row("done"), NOW), of_dead_letter({"reason": "Undecodable", "message": "no"})
    assert exit_of([done, dead]) is Exit.NOT_DELIVERED
    assert exit_of([]) is Exit.UNKNOWN
    assert dead.reason == "Undecodable: no"


def test_an_event_that_was_there_before_is_a_duplicate():
    assert of_row(row("done", accepted=NOW - timedelta(minutes=1)), NOW).duplicate


@pytest.mark.parametrize("wrong", [{}, {"deliveries": None}, {"acceptedAt": 5, "state": None, "deliveries": []}])
def test_a_row_that_says_little_is_read_all_the_same(wrong):
    assert isinstance(of_row(wrong, NOW), Became)


def test_a_delivery_is_one_line():
    line = str(Delivery("r", "t", "deferred", 2, 503, "Unreachable", "soon"))
    assert line == "r → t: deferred, after 2 attempts, status 503, Unreachable, again soon"
