import asyncio
import json
from datetime import UTC, datetime, timedelta

from integration.config.model import Breaker, Organization
from integration.delivery.breaker import Circuit, admit, fail
from integration.errors import StorageUnavailable
from integration.health import States
from integration.storage import Storage
from integration.web.health import FRESH_FOR, HealthPages
from tests.fake_clock import FakeClock

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OPEN = fail(Circuit(), Breaker(failures=1), NOW, "TargetUnavailable")


def pages(**circuits):
    return HealthPages({}, States(Storage({})), lambda: circuits, FakeClock())


async def test_an_open_circuit_is_a_warning_with_its_times():
    half_open = admit(OPEN, NOW + timedelta(hours=1)).circuit
    response = await pages(orders=OPEN, crm=Circuit(failures=2, code="TargetUnavailable"), erp=half_open).details()
    details = json.loads(response.body)
    assert (response.status, details["status"]) == (200, "warn")
    assert details["targets"] == {
        "orders": {
            "status": "warn",
            "circuit": "open",
            "code": "TargetUnavailable",
            "since": "2026-01-02T03:04:05Z",
            "until": "2026-01-02T03:04:35Z",
            "opened": 1,
        },
        "crm": {"status": "pass", "circuit": "closed", "failures": 2, "code": "TargetUnavailable"},
        "erp": {
            "status": "warn",
            "circuit": "half_open",
            "code": "TargetUnavailable",
            "since": "2026-01-02T03:04:05Z",
            "until": "2026-01-02T04:06:05Z",
            "opened": 1,
        },
    }


async def test_without_a_key_nothing_is_said_of_targets():
    assert json.loads((await pages(orders=OPEN).status()).body) == {"status": "warn"}
    assert json.loads((await pages(orders=Circuit()).status()).body) == {"status": "pass"}


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
    answering = HealthPages({"contoso": contoso}, states, dict, clock)  # pyright: ignore[reportArgumentType]
    answers = await asyncio.gather(*(answering.status() for _ in range(200)))
    assert {answer.status for answer in answers} == {503}
    assert states.loads == 1
    await clock.advance(FRESH_FOR - 0.1)
    await answering.status()
    assert states.loads == 1
    await clock.advance(0.2)
    await answering.status()
    assert states.loads == 2
    # Who has a key is told how it is now.
    await answering.details()
    assert states.loads == 3
