"""What an event of a hub comes to that cannot be processed: the host invokes again for ever, and waits meanwhile."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from integration.errors import StorageUnavailable
from integration.functions import event_hubs
from integration.functions.event_hubs import MOST_RETRIES

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Failing:
    """A worker that fails on every message; what it buries is kept, while storage is there."""

    def __init__(self, error: Exception, *, storage: bool = True) -> None:
        self.error, self.storage = error, storage
        self.buried: list[tuple[Any, ...]] = []

    async def take(self, *_: object, **__: object) -> None:
        raise self.error

    async def take_poison(
        self, source: str, body: bytes, *, received_at: datetime, content_type: str, properties: dict[str, Any]
    ) -> None:
        if not self.storage:
            raise StorageUnavailable("away")
        self.buried.append((source, body, received_at, content_type, properties))


def handler(worker: Any):
    return event_hubs._take("hub", lambda _: worker)


def event() -> Any:
    system = {"content-type": "text/plain", "correlation-id": "c-1"}
    given = {"SystemProperties": SimpleNamespace(python_value=system)}
    return SimpleNamespace(get_body=lambda: b"\xff", enqueued_time=AT, _EventHubEvent__trigger_metadata=given)


def context(retries: int | None) -> Any:
    return SimpleNamespace(retry_context=None if retries is None else SimpleNamespace(retry_count=retries))


@pytest.mark.parametrize("retries", [None, 0, MOST_RETRIES - 1])
async def test_an_event_that_fails_is_given_back_to_the_hosts_policy(retries):
    worker = Failing(ValueError("odd"))
    with pytest.raises(ValueError, match="odd"):
        await handler(worker)(event(), context(retries))
    assert worker.buried == []


@pytest.mark.parametrize("error", [ValueError("odd"), StorageUnavailable("this row is refused")])
async def test_an_event_that_goes_on_failing_becomes_a_dead_letter_and_the_partition_goes_on(error):
    worker = Failing(error)
    await handler(worker)(event(), context(MOST_RETRIES))
    assert worker.buried == [("hub", b"\xff", AT, "text/plain", {"correlation-id": "c-1"})]


async def test_while_storage_is_away_the_event_stays_where_it_is_however_long_that_takes():
    worker = Failing(StorageUnavailable("away"), storage=False)
    for retries in (MOST_RETRIES, 1_000):
        with pytest.raises(StorageUnavailable):
            await handler(worker)(event(), context(retries))
