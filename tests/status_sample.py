"""States of fno-link for tests of the status page: an ordinary day, a bad one, and one of hostile names."""

from datetime import UTC, datetime, timedelta

import msgspec

from integration.operations.status_shapes import (
    Day,
    Hour,
    IncidentStatus,
    LetterStatus,
    Level,
    OrganizationStatus,
    SourceStatus,
    Status,
    TargetStatus,
)

NOW = datetime(2026, 11, 28, 16, 45, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}\u202e\x1b[2J</style><img src=x onerror=alert(2)>"
_QUARTER = 90


def ago(**lasting: float) -> datetime:
    return NOW - timedelta(**lasting)


def days(*bad: int) -> tuple[Day, ...]:
    return tuple("bad" if day in bad else "none" if day < 3 else "ok" for day in range(_QUARTER))


def organization(name: str, level: Level = "pass", **more: object) -> OrganizationStatus:
    usual = OrganizationStatus(
        name=name,
        url=f"https://{name[:20]}.crm.dynamics.com",
        level=level,
        state="linked",
        environment=f"https://{name[:20]}.operations.dynamics.com",
        since=ago(days=40),
        checked_at=ago(minutes=2),
        days=days(50),
    )
    return msgspec.structs.replace(usual, **more)


def hours() -> tuple[Hour, ...]:
    counted = [(n * 37) % 160 for n in range(24)]
    return tuple(
        Hour(
            at=NOW.replace(minute=0) - timedelta(hours=23 - number),
            received=count,
            delivered=count - count // 10,
            deferred=count // 12,
            dead_lettered=count // 60,
        )
        for number, count in enumerate(counted)
    )


def well(organizations: int = 3) -> Status:
    """Everything is well."""
    return Status(
        at=NOW,
        level="pass",
        linked=organizations,
        linked_since=ago(days=40),
        last_round=ago(minutes=2),
        organizations=tuple(organization(f"contoso-{number}") for number in range(organizations)),
        organizations_in_all=organizations,
        hours=hours(),
        sources=(SourceStatus(name="erp-events", kind="service_bus", last_event_at=ago(minutes=4)),),
        targets=(TargetStatus(name="orders", kind="service_bus", error_rate=0.002),),
    )


def troubled() -> Status:
    """The link of one organization is lost, a target is left alone, and there are dead letters."""
    lost = organization(
        "fabrikam",
        "fail",
        state="not_linked",
        since=ago(hours=3),
        code="0x80048d0b",
        message="Dataverse instance isn't integrated with finance and operations.",
        hint="Open the environment in the Power Platform admin center and check its Finance and Operations URL.",
        parked=42,
        notes=("Acknowledged by Ada: Microsoft's case 2607 is open.",),
        days=days(50, 88, 89),
    )
    return msgspec.structs.replace(
        well(),
        level="fail",
        oldest_waiting=ago(hours=3),
        parked={"NotLinked": 42},
        dead_letters={"TargetRejected": 3, "Undecodable": 1},
        circuits_open=("invoices",),
        linked=2,
        linked_since=ago(hours=3),
        organizations=(lost, *well(2).organizations),
        open_incidents=(
            IncidentStatus(
                id="9f2c4e1b7a605d38",
                subject="fabrikam",
                check="integration",
                since=ago(hours=3),
                code="0x80048d0b",
                message=lost.message,
                hint=lost.hint,
                acknowledged_by="Ada",
            ),
        ),
        ended_incidents=(
            IncidentStatus(
                id="1b7a605d389f2c4e",
                subject="contoso-0",
                check="finance_operations",
                since=ago(days=40, hours=2),
                ended_at=ago(days=40),
                code="Unreachable",
                message="contoso.operations.dynamics.com answered 503.",
            ),
        ),
        targets=(
            TargetStatus(
                name="invoices",
                kind="webhook",
                level="warn",
                circuit="open",
                since=ago(minutes=20),
                code="TargetUnavailable",
                error_rate=0.31,
                oldest_waiting=ago(minutes=25),
            ),
            TargetStatus(name="orders", kind="service_bus", error_rate=0.002),
        ),
        letters=(
            LetterStatus(
                id="contoso~TargetRejected~2026~11~28~x",
                at=ago(minutes=30),
                organization="contoso-0",
                reason="TargetRejected",
                type="SalesOrderConfirmedBusinessEvent",
                event="4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10",
                route="large-orders",
                command="fno-link dead-letters replay --id contoso~TargetRejected~2026~11~28~x",
            ),
        ),
    )


def unattended() -> Status:
    """The same, and nobody has said yet that they work on it."""
    status = troubled()
    (incident,) = status.open_incidents
    return msgspec.structs.replace(status, open_incidents=(msgspec.structs.replace(incident, acknowledged_by=""),))


def hostile() -> Status:
    """Every text that may come from outside tries to be more than text."""
    named = organization(HOSTILE, "fail", url=HOSTILE, environment=HOSTILE, code=HOSTILE, message=HOSTILE, hint=HOSTILE)
    incident = IncidentStatus(
        id="9f2c4e1b7a605d38",
        subject=HOSTILE,
        check=HOSTILE,
        since=ago(hours=1),
        code=HOSTILE,
        message=HOSTILE,
        hint=HOSTILE,
        acknowledged_by=HOSTILE,
        muted_until=NOW + timedelta(hours=2),
    )
    letter = LetterStatus(
        id=HOSTILE,
        at=ago(hours=1),
        organization=HOSTILE,
        reason=HOSTILE,
        type=HOSTILE,
        event=HOSTILE,
        route=HOSTILE,
        command=HOSTILE,
    )
    return msgspec.structs.replace(
        troubled(),
        parked={HOSTILE: 1},
        dead_letters={HOSTILE: 2},
        circuits_open=(HOSTILE,),
        organizations=(msgspec.structs.replace(named, parked=1, notes=(HOSTILE,)),),
        following=HOSTILE,
        open_incidents=(incident,),
        ended_incidents=(msgspec.structs.replace(incident, ended_at=NOW),),
        sources=(SourceStatus(name=HOSTILE, kind=HOSTILE, level="warn", code=HOSTILE, message=HOSTILE),),
        targets=(TargetStatus(name=HOSTILE, kind=HOSTILE, level="fail", circuit=HOSTILE, code=HOSTILE),),
        letters=(letter,),
        notes=(HOSTILE,),
    )
