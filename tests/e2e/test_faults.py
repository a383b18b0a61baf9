"""Storage that hangs or is gone, too many requests, a killed host, a wrong configuration: nothing lost."""

import asyncio
import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest

from emulation.azurite import Azurite
from integration.storage.names import DEAD_LETTERS, EVENTS
from tests.e2e.stage import Stage, business_event, until
from tests.e2e.topology import configuration

PATIENCE = 5.0


@pytest.fixture(scope="module")
def own_azurite(tmp_path_factory) -> Iterator[Azurite]:
    with Azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture(scope="module")
def fragile(own_azurite, tmp_path_factory) -> Iterator[Stage]:
    """A stage on a storage account that tests take away; links are refreshed often."""
    text = configuration().replace("[cache]", '[cache]\nrefresh_after = "2s"')
    with Stage(tmp_path_factory.mktemp("fragile"), own_azurite.connection_string, text=text) as stage:
        # Warm: it has read its keys, without which it could not even be asked.
        accepted_in_the_end(stage, business_event())
        yield stage


def impatiently(stage, body):
    """Send as a sender that waits 5 s and not longer."""
    url = f"{stage.host.url}/api/events/contoso"
    return httpx.post(url, json=body, headers={"x-functions-key": stage.host.key}, timeout=PATIENCE, trust_env=False)


def accepted_in_the_end(stage, body):
    return until(lambda: impatiently(stage, body).status_code == 202)


def assert_asks_to_try_again(answer):
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in {"StorageUnavailable", "Overloaded"}


def test_while_storage_hangs_every_answer_comes_in_time_and_asks_to_try_again(fragile, own_azurite):
    before = business_event()
    accepted_in_the_end(fragile, before)
    fragile.arrived("archive", lambda found: found["id"] == before["EventId"])
    own_azurite.pause()
    try:
        assert_asks_to_try_again(impatiently(fragile, business_event()))
        assert_asks_to_try_again(impatiently(fragile, business_event(Notes="n" * 100_000)))
        url = f"{fragile.host.url}/api/health"
        health = httpx.get(url, timeout=PATIENCE, trust_env=False)
        assert (health.status_code, health.json()) == (503, {"status": "fail"})
    finally:
        own_azurite.resume()
    after = business_event()
    accepted_in_the_end(fragile, after)
    fragile.arrived("archive", lambda found: found["id"] == after["EventId"])


def test_more_requests_at_once_than_an_instance_takes_are_asked_to_come_back(fragile, own_azurite):
    async def flood() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None)
        headers = {"x-functions-key": fragile.host.key}
        async with httpx.AsyncClient(timeout=30, trust_env=False, limits=limits, headers=headers) as client:
            url = f"{fragile.host.url}/api/events/contoso"
            return await asyncio.gather(*(client.post(url, json=business_event()) for _ in range(300)))

    own_azurite.pause()
    try:
        answers = asyncio.run(flood())
    finally:
        own_azurite.resume()
    for answer in answers:
        assert_asks_to_try_again(answer)
    assert "Overloaded" in {answer.json()["code"] for answer in answers}
    accepted_in_the_end(fragile, business_event())


def test_while_storage_is_gone_senders_are_asked_to_try_again_and_then_all_goes_on(fragile, own_azurite):
    own_azurite.stop()
    try:
        assert_asks_to_try_again(impatiently(fragile, business_event()))
    finally:
        own_azurite.start()
    sent = business_event()
    accepted_in_the_end(fragile, sent)
    fragile.arrived("archive", lambda found: found["id"] == sent["EventId"])


def test_a_new_instance_that_cannot_read_its_keys_answers_500_before_it_asks_python(fragile, own_azurite):
    own_azurite.stop()
    try:
        fragile.host.kill()
        fragile.host.start()
        new = fragile.post("contoso", business_event())
        assert (new.status_code, new.content) == (500, b"")
        assert "Executing 'Functions.intake_contoso'" not in fragile.host.log
        url = f"{fragile.host.url}/api"
        assert fragile.http.post(f"{url}/events/contoso", content=b"{}").status_code == 401
        assert fragile.http.get(f"{url}/health").status_code == 503
    finally:
        own_azurite.start()
    accepted_in_the_end(fragile, business_event())


def test_what_runs_behind_an_answer_is_heard_in_the_log_though_no_invocation_runs_then(fragile):
    def served() -> bool:
        return fragile.get("organizations/asked/link").json()["state"] == "linked"

    until(served)
    fragile.control.break_("asked", "reset")
    try:
        # The old link is served at once, so the refresh that fails runs when its invocation is over.
        heard = re.compile(r"the link of asked is unknown \(Unreachable.* \(in the background, 20")
        until(lambda: served() and heard.search(fragile.host.log))
    finally:
        fragile.control.heal("asked")


def test_a_host_that_is_killed_while_it_works_loses_nothing_that_it_accepted(fragile):
    # One delivery is surely under way when the host dies: its claim outlives it until the lease is over.
    fragile.receivers.hang("raw", times=1)
    held = business_event("RawBusinessEvent")
    accepted_in_the_end(fragile, held)
    until(lambda: fragile.receivers.received("raw"))
    accepted = {held["EventId"]}
    for number in range(39):
        sent = business_event("RawBusinessEvent" if number % 2 else "ArchiveBusinessEvent")
        if impatiently(fragile, sent).status_code == 202:
            accepted.add(sent["EventId"])
    assert len(accepted) == 40
    assert fragile.host.kill() != 0
    fragile.host.start()
    found: set[str] = set()

    def all_there() -> bool:
        found.update(event["id"] for event in fragile.take("archive"))
        found.update(json.loads(each.body)["EventId"] for each in fragile.receivers.received("raw") if each.status)
        found.update(record["event"]["id"] for record in fragile.records(DEAD_LETTERS) if record["event"])
        return accepted <= found

    until(all_there)
    row = until(lambda: settled(fragile, held["EventId"]))
    assert (row["state"], row["generation"]) == ("done", 2)


def settled(stage, event):
    row = stage.get(f"events/{event}").json()
    return row if row["state"] not in ("received", "deferred") else None


def test_with_a_wrong_storage_key_senders_are_asked_to_try_again(azurite, tmp_path):
    wrong = azurite.spare_account().replace("AccountKey=", "AccountKey=AAAA")
    # The tables SDK trips over a warning of the standard library when it reads this answer.
    tolerant = ("-W", "error", "-W", "ignore:Testing an element:DeprecationWarning")
    # Without keys: those it could not read either.
    with Stage(tmp_path, wrong, python=tolerant, enforce_keys=False) as stage:
        assert_asks_to_try_again(impatiently(stage, business_event()))
        assert stage.http.get(f"{stage.host.url}/api/health").status_code == 503


@pytest.fixture(scope="module")
def misconfigured(azurite, tmp_path_factory) -> Iterator[Stage]:
    text = configuration().replace("[targets.archive]", "[targets.archives]") + "\nunknown_key = 1\n"
    with Stage(tmp_path_factory.mktemp("wrong"), azurite.spare_account(), text=text) as stage:
        yield stage


def test_with_a_wrong_configuration_intake_asks_to_try_again_without_telling_why(misconfigured):
    for source in ("contoso", "anything", "a/b"):
        answer = misconfigured.post(source, business_event())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"] == "ConfigurationError"
        assert "archives" not in answer.text
        assert "unknown_key" not in answer.text


def test_with_a_wrong_configuration_health_counts_the_problems_and_lists_them_for_key_holders(misconfigured):
    status = misconfigured.http.get(f"{misconfigured.host.url}/api/health")
    assert status.status_code == 503
    assert status.json()["problems"] >= 2
    assert misconfigured.http.get(f"{misconfigured.host.url}/api/health/details").status_code == 401
    details = misconfigured.get("health/details").json()["problems"]
    assert len(details) == status.json()["problems"]
    assert any("unknown_key" in problem["key"] + problem["message"] for problem in details)


def test_with_a_wrong_configuration_messages_wait_and_the_timer_says_what_is_wrong(misconfigured):
    misconfigured.put("erp-in", json.dumps(business_event()).encode())
    misconfigured.put(EVENTS, b"{}")
    misconfigured.probe()
    assert "ERROR fno_link.functions: configuration:" in misconfigured.host.log
    assert "unknown_key" in misconfigured.host.log
    kinds = {function["trigger"] for function in misconfigured.host.functions}
    assert kinds == {"httpTrigger", "timerTrigger"}
    time.sleep(0.5)
    assert len(misconfigured.take("erp-in")) == 1
    assert len(misconfigured.take(EVENTS)) == 1
