"""A notice becomes an alert with the command that helps: what replays what failed, else what shows the incident."""

from datetime import UTC, datetime

import pytest

from integration.events.alerts import Failed
from integration.health.machine import Notice
from integration.health.notices import Notices
from integration.health.standing import Watched

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FAILED = (Failed(type="T", id="1", code="TargetRejected", message="no", route="orders"),)


@pytest.mark.parametrize(
    ("watched", "kind", "code", "failed", "command"),
    [
        (Watched("source", "fno-link-events"), "source", "PoisonMessages", (), "dead-letters replay --reason Poison"),
        (Watched("source", "crm"), "source", "SourceSilent", (), "incidents show i1"),
        (
            Watched("target", "erp"),
            "target",
            "TargetUnavailable",
            FAILED,
            "dead-letters replay --reason RetriesExhausted --route orders",
        ),
        (Watched("app", "app"), "storage", "StorageUnavailable", (), "incidents show i1"),
    ],
)
def test_the_command_is_the_one_for_what_is_wrong(watched, kind, code, failed, command):
    notice = Notice(
        incident="i1",
        transition="triggered",
        n=1,
        kind=kind,
        subject=watched.name,
        health="bad",
        at=NOW,
        since=NOW,
        code=code,
        failed=failed,
    )
    notices = Notices(
        pipeline=pytest.fail, standings=pytest.fail, organizations={}, sources={}, page="https://a.example/s"
    )
    alert = notices._alert(watched, notice, None)
    assert (alert.command, alert.failed) == (f"fno-link {command}", failed)
    assert alert.page == "https://a.example/s#incident-i1"
