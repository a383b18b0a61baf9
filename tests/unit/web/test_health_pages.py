import json
from datetime import UTC, datetime, timedelta

from integration.config.model import Breaker
from integration.delivery.breaker import Circuit, admit, fail
from integration.health import States
from integration.storage import Storage
from integration.web.health import HealthPages

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OPEN = fail(Circuit(), Breaker(failures=1), NOW, "TargetUnavailable")


def pages(**circuits):
    return HealthPages({}, States(Storage({})), lambda: circuits)


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
