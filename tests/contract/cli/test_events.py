"""The event commands as processes, on a storage account."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from integration.clock import SystemClock
from integration.dead_letters import DeadLetters, Record
from integration.events.event import Event
from integration.journal import Entry, Journal, Listing, Payloads, Run, Subject
from integration.journal.scope import ByRoute
from integration.storage import Storage
from tests.contract.cli.test_dead_letters import Account


class Journalled(Account):
    command = "events"

    async def journal(self, *events: Event) -> None:
        storage = Storage({"AzureWebJobsStorage": self.connection})
        journal = Journal(storage, SystemClock(), random.Random(1), timedelta(days=14))
        for event in events:
            at = event.time or datetime.now(UTC)
            record = Record(
                organization="contoso",
                reason="TargetRejected",
                message="m",
                accepted_at=at,
                recorded_at=at,
                event=event,
                route="orders",
            )
            letter = await DeadLetters(storage).bury(record)
            run = await journal.claim(Subject.of(event), "source", accepted_at=at)
            assert isinstance(run, Run)
            failed = Entry(
                slot=ByRoute("orders"), state="dead_lettered", code="TargetRejected", status=400, letter=letter
            )
            await journal.end(run, (failed,))
        await storage.close()

    async def keep(self, event: Event) -> str:
        storage = Storage({"AzureWebJobsStorage": self.connection})
        found = await Listing(storage, SystemClock()).get("contoso", event.key)
        assert found is not None
        await Payloads(storage, SystemClock(), timedelta(days=14)).put(found.table, event)
        await storage.close()
        return event.key


@pytest.fixture
def account(azurite, tmp_path) -> Journalled:
    return Journalled(azurite.spare_account(), tmp_path)


def an_event(number: int) -> Event:
    time = datetime.now(UTC).replace(microsecond=123) - timedelta(minutes=number)
    return Event(id=f"e{number}", source="s", type=f"Order{number % 2}", organization="contoso", time=time)


def test_events_are_listed_and_shown_with_what_is_needed_to_go_on(account):
    asyncio.run(account.journal(*map(an_event, range(5))))
    code, out, error = account.run("list", "--json", "--type", "Order1")
    assert code == 0, error
    assert {each["id"] for each in json.loads(out)["events"]} == {"e1", "e3"}
    code, out, error = account.run("list", "--limit", "2", "--organization", "contoso")
    assert (code, out.count("orders: dead_lettered")) == (0, 2), error
    assert "--after" in error
    code, out, _ = account.run("show", "--json", "e3")
    (delivery,) = json.loads(out)["deliveries"]
    assert (code, delivery["code"], delivery["status"]) == (0, "TargetRejected", 400)
    account.command = "dead-letters"
    code, out, _ = account.run("show", "--json", delivery["deadLetter"])
    assert (code, json.loads(out)["event"]["id"]) == (0, "e3")


def test_what_is_not_there_is_wrong_usage(account):
    code, _, error = account.run("show", "--json", "nothing")
    assert (code, json.loads(error)["code"]) == (2, "UnknownEvent")
    code, _, error = account.run("list", "--state", "lost")
    assert (code, "dead_lettered" in error) == (2, True)


def test_one_event_is_replayed_and_forgotten(account):
    asyncio.run(account.journal(*map(an_event, range(3))))
    code, out, error = account.run("replay", "e1", "--json")
    assert (code, json.loads(out)["counts"]) == (0, {"delivered": 1}), error
    assert account.delivered() == ["e1"]
    code, out, _ = account.run("show", "--json", "e1")
    shown = json.loads(out)
    assert (code, shown["state"], shown["replayed"]) == (0, "done", 1)
    code, _, error = account.run("replay", "e1", "--json")
    assert (code, json.loads(error)["code"]) == (1, "PayloadNotKept")
    key = asyncio.run(account.keep(an_event(1)))
    code, out, error = account.run("show", "e1", "--payload", "--json")
    assert (code, json.loads(out)["payload"]["id"]) == (0, "e1"), error
    code, out, error = account.run("replay", "e1", "--json")
    assert (code, json.loads(out)["event"], json.loads(out)["replay"]) == (0, key, 2), error
    assert account.depth("fno-link-retries") == 1
    code, _, error = account.run("purge", "--yes", "--json")
    assert (code, json.loads(error)["code"]) == (2, "Usage")
    code, out, error = account.run("purge", "--state", "done", "--yes", "--json")
    assert (code, json.loads(out)["purged"]) == (0, 1), error
    code, out, _ = account.run("list", "--json")
    assert {each["id"] for each in json.loads(out)["events"]} == {"e0", "e2"}
