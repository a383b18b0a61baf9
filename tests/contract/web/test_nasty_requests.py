"""No request makes an operation fail: nasty values in path, query, headers and body, drawn by a seed.

`--requests 6000` sends that many; `--seed` repeats a run.
"""

import json
import logging
import random
import sys
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import azure.functions as func  # noqa: TID251  # the operations take its requests
import pytest

from integration.dead_letters import Filter
from integration.functions import http, intake
from integration.storage import Storage
from integration.worker.lost import Message
from tests.unit.worker.test_net import AT, World, unlinked

USUAL = 400
DEEP = "[" * 50_000
NUMBERS = ["0", "-1", "1", "200", "201", "000000001999999", "9" * 5000, "1e3", "١٢", "+5", " 5", "0x10", "NaN", ""]
TIMES = [
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1600-12-31T23:59:59Z",
    "1601-01-01T00:00:00Z",
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05",
    "2026-01-02",
    "2026-W01-1",
    "2026-02-30T00:00:00Z",
    "2026-01-02T03:04:05+23:59",
    "2026-01-02T24:00:00Z",
    "20260102T030405Z",
    "/Date(1)/",
    "\u0662\u0660\u0662\u0666-01-02",
]
TEXTS = [
    *("", "a", "contoso", "Poison", "NotLinked", "erp", "done", "received", "true", "false", "*", "a*", "_" * 64),
    *("'", "''", "' or 1 eq 1", '"', "\\", "/", "../..", "%2e%2e%2f", "%", "%zz", "#", "?", "&", ";", "\x00", "\x1f"),
    *(
        "\n",
        "\r\nX: y",
        "\x7f",
        "\u202e",
        "\ufeff",
        "\ud800",
        "\udfff",
        "\U0010ffff",
        "ü",
        "日本",
        "😀" * 50,
        "e\u0301",
    ),
    *("0" * 64, "f" * 64, "F" * 64, "a" * 63, "a" * 2_049, "a" * 10_000, "{", "[]", "null", "{}", "${7*7}", "<script>"),
    *("bm90IGEgcGF0aA", "WyJmbm9saW5ram91cm5hbDIwMjZ3MDEiLCJ4IiwieSJd", "====", "-", "--", ".", "..", "CON", "W/*"),
]
SWITCHES = ["true", "false", "TRUE", "1", "", "yes"]
BY_NAME = {
    **dict.fromkeys(("limit", "perSecond"), NUMBERS),
    **dict.fromkeys(("since", "until"), TIMES),
    **dict.fromkeys(("dryRun", "all", "payload"), SWITCHES),
    "for": ["2h", "0s", "31d", "99999999999w", "-1h", "1h30m", "\u0663h", ""],
}
QUERY = [
    *("limit", "since", "until", "dryRun", "all", "payload", "organization", "reason", "route", "after", "state", "id"),
    *("type", "source", "legalEntity", "kind", "code", "clientId", "unknown"),
]
HEADERS = [
    *("if-none-match", "content-type", "content-length", "transfer-encoding", "webhook-request-origin", "accept"),
    *("aeg-event-type", "ce-id", "ce-specversion", "ce-type", "ce-source", "x-ms-dynamics-organization", "traceparent"),
]
SCALARS = [None, True, 0, -1, 1.5, 10**30, -(10**400), 1e308, [], {}, [[]], {"a": None}]
BODIES = [
    *(b"", b"\xff", b"[]", b"null", b"{", b'"', b"\x00", b"{}", b'[{"eventType":"\xff"}]', DEEP.encode(), b"1" * 5_000),
    *(
        b'{"all":true}',
        b'{"all":true,"dryRun":false}',
        b'{"organization":"contoso"}',
        b"\xef\xbb\xbf{}",
        b'{"ids":[1e999]}',
    ),
    b'[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"\\ud83d\\ude00"}}]',
]
MEMBERS = [
    *("filter", "ids", "all", "perSecond", "currentEnvironment", "dryRun", "organization", "reason", "route", "since"),
    *("until", "unknown", "for", "by", "note", "unmute"),
]


class Sender:
    """Draws requests."""

    def __init__(self, rng, known) -> None:
        self.rng = rng
        self.known = known

    def value(self, name=""):
        choices = BY_NAME.get(name)
        if choices is not None and self.rng.random() < 0.8:
            return self.rng.choice(choices)
        if name in ("after", "id") and self.rng.random() < 0.4:
            return self.changed(self.rng.choice(self.known))
        return self.rng.choice(TEXTS)

    def changed(self, text):
        if self.rng.random() < 0.5:
            return text
        at = self.rng.randrange(len(text))
        return text[:at] + self.rng.choice(["", "A", "_", "\x00", "é"]) + text[at + 1 :]

    def member(self, name, depth=2):
        if name == "filter" and depth and self.rng.random() < 0.8:
            return self.members(depth - 1)
        if name == "ids" and self.rng.random() < 0.8:
            return [self.value("id") for _ in range(self.rng.choice((0, 1, 3, 101)))]
        return self.rng.choice(SCALARS) if self.rng.random() < 0.4 else self.value(name)

    def members(self, depth=2):
        names = self.rng.sample(MEMBERS, self.rng.randrange(5))
        return {name: self.member(name, depth) for name in names}

    def body(self):
        if self.rng.random() < 0.4:
            return self.rng.choice(BODIES)
        if self.rng.random() < 0.2:
            return self.rng.randbytes(self.rng.randrange(200))
        return json.dumps(self.members()).encode()

    def request(self, method, route, names):
        query = {name: self.value(name) for name in self.rng.sample(QUERY, self.rng.choice((0, 0, 1, 1, 2, 3)))}
        headers = {name: self.value() for name in self.rng.sample(HEADERS, self.rng.choice((0, 1, 2)))}
        if self.rng.random() < 0.3:
            headers["aeg-event-type"] = "SubscriptionValidation"
        if method in ("POST", "DELETE") and self.rng.random() < 0.8:
            headers["content-length"] = "0"
        return func.HttpRequest(
            method=method,
            url=f"https://app.example/api/{route}",
            headers=headers,
            params=query,
            route_params={name: self.value(name) for name in names},
            body=self.body(),
        )


CONTEXT = SimpleNamespace(trace_context=None)
"""An invocation without a trace."""


def operations(world):
    """List every operation that is registered: its function, method, route and the names in it."""
    app = func.FunctionApp()
    for blueprint in (
        intake.blueprint(world.configuration, lambda _: world),
        http.blueprint(world.configuration, lambda _: world),
    ):
        app.register_functions(blueprint)
    found = []
    for each in app.get_functions():
        trigger = each.get_trigger()
        if trigger.type != "httpTrigger":
            continue
        names = [part[1:-1] for part in trigger.route.split("/") if part.startswith("{")]
        for method in trigger.methods:
            verb = getattr(method, "value", method)
            found.append((partial(each.get_user_function(), context=CONTEXT), str(verb).upper(), trigger.route, names))
    return found


@pytest.fixture
async def world(azurite):
    world = World()
    world.storage = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    await unlinked(world)
    await world.lost.bury(Message(source="erp", body=b"{", received_at=AT), KeyErrorOfOurs())
    yield world
    await world.close()
    await world.storage.close()
    await world.webhook_http.aclose()


class KeyErrorOfOurs(Exception):
    code, hint = "Undecodable", ""


def dead_ids(page):
    return [each["id"] for each in json.loads(page.body)["deadLetters"]]


async def known_ids(world):
    from integration.web import Request  # noqa: PLC0415

    letters = dead_ids(await world.dead_letter_pages.list(Request()))
    job = await world.replays.ask("purge", Filter(reason="Undecodable"), order=False)
    row = json.loads((await world.event_pages.list(Request())).body)["events"][0]
    return [*letters, job.id, row["id"], row["key"]]


async def test_no_request_makes_an_operation_fail(world, request, caplog):
    caplog.set_level(logging.ERROR, "fno_link.web")
    seed = request.config.getoption("--seed")
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    count = request.config.getoption("--requests") or USUAL
    sender = Sender(random.Random(seed), await known_ids(world))
    table = operations(world)
    assert len(table) >= 20
    statuses = {}
    for number in range(count):
        operation, method, route, names = table[number % len(table)]
        asked = sender.request(method, route, names)
        answer = await operation(asked)
        status = answer.status_code
        statuses[status] = statuses.get(status, 0) + 1
        shown = (seed, number, method, route, asked.params, asked.route_params, asked.headers, asked.get_body()[:200])
        assert status < 500 or (status == 503 and route.startswith(("health", "organizations"))), (status, shown)
        if status >= 400 and (method, route) == ("POST", "status/operator"):
            assert b"Not done" in answer.get_body(), shown  # it is sent by people
        elif status >= 400:
            told = json.loads(answer.get_body())
            assert told.keys() >= {"title", "status", "detail", "code"} or route.startswith("health"), shown
        for name, value in answer.headers.items():
            assert value.isascii(), (name, shown)
            assert value.isprintable(), (name, shown)
    sys.stderr.write(f"seed {seed}: {count} requests over {len(table)} operations: {dict(sorted(statuses.items()))}\n")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "000000001999999"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"limit": "9" * 5_000},
    ],
    ids=str,
)
async def test_what_was_answered_500_is_refused(world, query):
    for operation, method, route, _names in operations(world):
        if method == "GET" and route in ("events", "dead-letters", "parked"):
            asked = func.HttpRequest(method="GET", url="/", params=query, route_params={}, body=b"")
            assert (await operation(asked)).status_code == 400, route


async def test_a_time_with_an_offset_is_the_same_moment(world):
    [(listing, *_)] = [each for each in operations(world) if each[2] == "dead-letters" and each[1] == "GET"]

    async def found(since):
        asked = func.HttpRequest(method="GET", url="/", params={"since": since}, route_params={}, body=b"")
        return len(json.loads((await listing(asked)).get_body())["deadLetters"])

    assert await found(AT.isoformat()) == await found((AT - timedelta()).replace(tzinfo=None).isoformat() + "Z") == 1
    assert await found("2026-01-02T05:04:05+02:00") == 1
    assert await found("2026-01-02T05:04:06+02:00") == 0


async def test_a_handshake_that_cannot_be_read_is_kept_as_a_message(world):
    [(take, *_)] = [each for each in operations(world) if each[2] == "events/erp" and each[1] == "POST"]
    body = b'[{"eventType":"\xff"}]'
    headers = {"aeg-event-type": "SubscriptionValidation", "content-length": str(len(body))}
    answer = await take(
        func.HttpRequest(method="POST", url="/", headers=headers, params={}, route_params={}, body=body)
    )
    assert answer.status_code == 202


async def test_what_nobody_foresees_is_problem_details_with_an_id_that_stands_in_the_log(world, caplog, monkeypatch):
    async def fails(*args):
        raise ValueError("AccountKey=c2VjcmV0c2VjcmV0 is no key")

    for part in ("dead_letter_pages", "event_pages", "parked_pages", "control_number_pages"):
        monkeypatch.setattr(getattr(world, part), "list", fails)
    monkeypatch.setattr(world.intake, "accept", fails)
    failed = 0
    for operation, method, route, _names in operations(world):
        if (method, route) not in {
            (m, r)
            for m in ("GET", "POST")
            for r in ("dead-letters", "events", "parked", "control-numbers", "events/erp")
        }:
            continue
        asked = func.HttpRequest(method=method, url="/", params={}, route_params={}, body=b"{}")
        answer = await operation(asked)
        told = json.loads(answer.get_body())
        failed += 1
        assert answer.status_code == told["status"] == (503 if route == "events/erp" else 500)
        assert answer.mimetype == "application/problem+json"
        assert told["code"] == "Unforeseen"
        assert told["instance"].startswith("urn:uuid:")
        assert "ValueError" not in str(told)
        [record] = [each.getMessage() for each in caplog.records if told["instance"] in each.getMessage()]
        assert "ValueError" in record
        assert "c2VjcmV0" not in record
    assert failed == 5


async def test_a_worker_that_cannot_be_built_is_problem_details_too():
    def fails(_):
        raise RuntimeError("no certificate")

    app = func.FunctionApp()
    app.register_functions(http.blueprint(World().configuration, fails))
    for each in app.get_functions():
        request = func.HttpRequest(method="GET", url="/", body=b"")
        answer = await each.get_user_function()(request, context=CONTEXT)
        assert answer.status_code == 500
        assert json.loads(answer.get_body())["code"] == "Unforeseen"
