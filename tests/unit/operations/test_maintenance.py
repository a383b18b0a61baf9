"""Maintenance as operators see it: windows and calls, now and next; called once, moved, ended before its time."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integration.config.keys.health import Maintenance
from integration.errors import InvalidRequest, UnknownMaintenance, UnknownOrganization
from integration.health.maintenance.platform import PlatformView
from integration.health.standing import Standing, Watched
from integration.health.standings import Kept
from integration.operations.maintenance import MaintenanceOperations, MaintenanceOrder, Silent
from tests.fake_clock import PassingClock

# A Friday.
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SUNDAYS = Maintenance(weekday="sun", start="02:00", duration=timedelta(hours=2), timezone="Europe/Berlin")
NOW_OF_CONTOSO = Maintenance(weekday="fri", start="03:00", duration=timedelta(hours=2), organizations=("contoso",))


class Rows:
    """The rows of calls, in memory."""

    def __init__(self) -> None:
        self.kept = {}

    async def calls(self):
        return list(self.kept.values())

    async def call(self, call):
        self.kept[call.id] = call


class Views:
    """The rows of standings, as the test says."""

    def __init__(self, **views) -> None:
        self.views = views

    async def all(self):
        return {Watched("organization", name): Kept(Standing(platform=view)) for name, view in self.views.items()}


@pytest.fixture
def clock():
    return PassingClock(AT)


@pytest.fixture
def operations(clock):
    return MaintenanceOperations({"contoso", "fabrikam"}, (SUNDAYS, NOW_OF_CONTOSO), Rows(), Views(), clock)


def order(**keys):
    return MaintenanceOrder.read(msgspec.json.encode({"by": "ada"} | keys))


async def test_windows_and_calls_are_told_now_and_next(operations):
    called = await operations.begin(order(all=True, **{"for": "2h"}, note="upgrade"))
    listed = msgspec.json.decode(msgspec.json.encode(await operations.list()))
    (window, call) = listed["active"]
    assert (window["source"], window["organizations"]) == ("configuration", ["contoso"])
    assert (window["since"], window["until"]) == ("2026-01-02T03:00:00Z", "2026-01-02T05:00:00Z")
    assert call == {
        "source": "call", "since": "2026-01-02T03:04:05Z", "until": "2026-01-02T05:04:05Z",
        "by": "ada", "note": "upgrade", "id": called.id,
    }  # fmt: skip
    assert [(each["since"], each.get("organizations")) for each in listed["next"]] == [
        ("2026-01-04T01:00:00Z", None),
        ("2026-01-09T03:00:00Z", ["contoso"]),
    ]
    assert [each["id"] for each in listed["calls"]] == [called.id]


async def test_what_the_platform_says_is_silent_as_long_as_it_says_so(clock):
    since = AT - timedelta(hours=1)
    busy = PlatformView(at=AT, since=since, because="the environment is in administration mode")
    views = Views(contoso=busy, fabrikam=PlatformView(at=AT), old=msgspec.structs.replace(busy, at=since))
    operations = MaintenanceOperations({"contoso", "fabrikam"}, (), Rows(), views, clock)
    await clock.sleep(1)
    listed = await operations.list()
    assert (listed.active, listed.next) == (
        [
            Silent(
                source="platform",
                organizations=("contoso",),
                since=since,
                until=since + timedelta(hours=24),
                note="the environment is in administration mode",
            )
        ],
        [],
    )


async def test_the_same_again_moves_its_end_and_another_note_is_another_one(operations, clock):
    first = await operations.begin(order(organization="contoso", **{"for": "2h"}))
    await clock.sleep(600)
    moved = await operations.begin(order(organization="contoso", **{"for": "3h"}))
    assert (moved.id, moved.since, moved.until) == (first.id, AT, AT + timedelta(hours=3, minutes=10))
    shorter = await operations.begin(order(organization="contoso", until="2026-01-02T04:00:00Z"))
    assert (shorter.id, shorter.until) == (first.id, datetime(2026, 1, 2, 4, tzinfo=UTC))
    other = await operations.begin(order(organization="contoso", note="of the database", **{"for": "2h"}))
    assert other.id != first.id
    assert len((await operations.list()).calls) == 2


async def test_it_is_ended_before_its_time(operations, clock):
    called = await operations.begin(order(organization="contoso", **{"for": "2h"}))
    await clock.sleep(60)
    ended = await operations.end(called.id)
    assert (ended.id, ended.until) == (called.id, AT + timedelta(minutes=1))
    assert (await operations.list()).calls == []
    await clock.sleep(60)
    assert await operations.end(called.id) == ended
    with pytest.raises(UnknownMaintenance):
        await operations.end("0123456789abcdef")


async def test_it_ends_by_itself(operations, clock):
    await operations.begin(order(organization="contoso", **{"for": "1h"}))
    await clock.sleep(3600)
    assert (await operations.list()).calls == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"organization": "contoso"},
        {"organization": "contoso", "all": True, "for": "2h"},
        {"all": True, "for": "2h", "until": "2026-01-02T05:00:00Z"},
        {"all": True, "for": "for ever"},
        {"all": True, "for": "31d"},
        {"all": True, "until": "2026-01-02T03:04:05"},
        {"all": True, "for": "2h", "by": ""},
        {"all": True, "for": "2h", "since": "2026-01-02T05:00:00Z"},
        {"all": "yes", "for": "2h"},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(InvalidRequest):
        order(**wrong)


@pytest.mark.parametrize("until", ["2026-01-02T03:04:05Z", "2025-12-31T00:00:00Z", "2026-03-01T00:00:00Z"])
async def test_what_would_be_over_or_endless_is_refused(operations, until):
    with pytest.raises(InvalidRequest):
        await operations.begin(order(all=True, until=until))


async def test_who_is_not_configured_has_no_maintenance(operations):
    with pytest.raises(UnknownOrganization):
        await operations.begin(order(organization="nobody", **{"for": "2h"}))
