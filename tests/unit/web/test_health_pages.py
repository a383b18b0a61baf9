"""The health page: targets left alone are told to holders of a key; strangers cost little; nothing is made up."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import msgspec

from integration.config.keys.model import Organization
from integration.delivery.breaking.circuit_rows import Standing
from integration.errors import StorageUnavailable
from integration.health import States
from integration.storage import Storage
from integration.web.health import FRESH_FOR_SECONDS, HealthPages
from tests.fake_clock import FakeClock, PassingClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OPEN = Standing(
    target="orders",
    state="open",
    since=NOW - timedelta(minutes=1),
    until=NOW + timedelta(seconds=30),
    opened=2,
    code="TargetUnavailable",
)


class Rows:
    def __init__(self, *standings: Standing, away: bool = False) -> None:
        self.standings = {each.target: each for each in standings}
        self.away = away

    async def open(self):
        if self.away:
            raise StorageUnavailable
        return self.standings


def pages(*standings, away=False):
    return HealthPages(
        {}, States(Storage({})), Rows(*standings, away=away), ("orders", "crm", "erp"), PassingClock(NOW)
    )


async def test_a_target_that_some_process_leaves_alone_is_a_warning_with_its_times():
    probed = Standing(target="erp", state="open", since=NOW - timedelta(hours=1), until=NOW, opened=1, code="Throttled")
    gone = Standing(target="no longer configured", state="open", since=NOW)
    response = await pages(OPEN, probed, gone).details()
    details = json.loads(response.body)
    assert (response.status, details["status"]) == (200, "warn")
    assert details["targets"] == {
        "orders": {
            "status": "warn",
            "circuit": "open",
            "code": "TargetUnavailable",
            "since": "2026-01-02T03:03:05Z",
            "until": "2026-01-02T03:04:35Z",
            "opened": 2,
        },
        "crm": {"status": "pass", "circuit": "closed"},
        "erp": {
            "status": "warn",
            "circuit": "half_open",
            "code": "Throttled",
            "since": "2026-01-02T02:04:05Z",
            "until": "2026-01-02T03:04:05Z",
            "opened": 1,
        },
    }


async def test_no_target_is_half_open_for_ever():
    for hours, circuit in ((0.0, "half_open"), (0.9, "half_open"), (1.0, "closed"), (500.0, "closed")):
        left = msgspec.structs.replace(OPEN, until=NOW - timedelta(hours=hours))
        details = json.loads((await pages(left).details()).body)
        assert details["targets"]["orders"]["circuit"] == circuit
        assert details["status"] == ("pass" if circuit == "closed" else "warn")


async def test_without_a_key_nothing_is_said_of_targets():
    assert json.loads((await pages(OPEN).status()).body) == {"status": "warn"}
    assert json.loads((await pages().status()).body) == {"status": "pass"}


async def test_what_storage_does_not_say_of_targets_is_not_made_up():
    details = json.loads((await pages(away=True).details()).body)
    assert (details["status"], details["targets"]) == ("fail", {})
    assert details["checks"]["storage"]["code"] == "StorageUnavailable"


class Counted:
    """Stands for the stored states; counts how often they are asked for, and answers after a moment."""

    def __init__(self) -> None:
        self.loads = 0

    async def load(self, _name: str):
        self.loads += 1
        await asyncio.sleep(0)
        raise StorageUnavailable


async def test_strangers_cost_no_storage_request_more_often_than_every_few_seconds():
    states, clock = Counted(), FakeClock()
    contoso = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.onmicrosoft.com")
    answering = HealthPages({"contoso": contoso}, states, Rows(), (), clock)  # pyright: ignore[reportArgumentType]
    answers = await asyncio.gather(*(answering.status() for _ in range(200)))
    assert {answer.status for answer in answers} == {503}
    assert states.loads == 1
    await clock.advance(FRESH_FOR_SECONDS - 0.1)
    await answering.status()
    assert states.loads == 1
    await clock.advance(0.2)
    await answering.status()
    assert states.loads == 2
    # Who has a key is told how it is now.
    await answering.details()
    assert states.loads == 3
