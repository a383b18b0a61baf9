"""How health is written: `application/health+json`, of which only that is told which is not well.

The base members are those of the Internet draft "Health Check Response Format for HTTP APIs".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from integration.health.levels import Level


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What anybody may know.

    Args:
        status: `pass`, `warn` or `fail`.
        problems: How many problems the configuration has, where it has any.
    """

    status: Level
    problems: int | UnsetType = UNSET


class CheckHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a subject, or one check of it, stands; what does not apply is left out.

    Args:
        status: `pass`, `warn` or `fail`.
        since: When this began.
        checked_at: When it was asked last.
        code: Why it is not well: an error code.
        output: The same in words.
        hint: What to do.
        facts: What else is known of it.
        phase: Where its machine is, where that is not `ok`.
        flapping: It comes and goes too often to be told.
        not_asked: Why nothing was asked.
        muted_until: Until when nothing is told of it.
        incident: The id of its incident.
        incident_since: When the trouble of that began.
        acknowledged_by: Who works on it.
        explained_by: The cause by which it is explained.
    """

    status: Level
    since: datetime | UnsetType | None = UNSET
    checked_at: datetime | UnsetType | None = UNSET
    code: str | UnsetType = UNSET
    output: str | UnsetType = UNSET
    hint: str | UnsetType = UNSET
    facts: Mapping[str, str] | UnsetType = UNSET
    phase: str | UnsetType = UNSET
    flapping: bool | UnsetType = UNSET
    not_asked: str | UnsetType = UNSET
    muted_until: datetime | UnsetType | None = UNSET
    incident: str | UnsetType = UNSET
    incident_since: datetime | UnsetType = UNSET
    acknowledged_by: str | UnsetType = UNSET
    explained_by: str | UnsetType = UNSET


class OrganizationHealth(CheckHealth, frozen=True, kw_only=True, rename="camel"):
    """How an organization stands.

    Args:
        state: `linked`, `not_linked` or `unknown`.
        trouble: What its incident is about.
        url: Of the linked environment.
        tenant_id: Of that.
        id: Of that.
        maintenance: Why its alerts are silent.
        passed: The checks that are well.
        checks: The others.
    """

    state: str | UnsetType = UNSET
    trouble: Literal["lost", "unreachable"] | UnsetType = UNSET
    url: str | UnsetType = UNSET
    tenant_id: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    maintenance: str | UnsetType = UNSET
    passed: Sequence[str] | UnsetType = UNSET
    checks: Mapping[str, CheckHealth] | UnsetType = UNSET


class FirstFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The first delivery that failed before a circuit was opened."""

    type: str
    id: str
    message: str
    route: str


class TargetHealth(CheckHealth, frozen=True, kw_only=True, rename="camel"):
    """How a target stands.

    Args:
        circuit: `closed`, `open` or `half_open`.
        until: Until when it is left alone.
        opened: How often one process opened it without a success between.
        first: What failed first.
    """

    circuit: str
    until: datetime | UnsetType | None = UNSET
    opened: int | UnsetType = UNSET
    first: FirstFailed | UnsetType = UNSET


class SourceHealth(CheckHealth, frozen=True, kw_only=True, rename="camel"):
    """How a source stands; `last_event`: when it had its latest one, as of the last round."""

    last_event: datetime | UnsetType | None = UNSET


class WatchHealth(CheckHealth, frozen=True, kw_only=True, rename="camel"):
    """Whether the rounds run.

    Args:
        last_round: When the last one asked; null: none has.
        stale: They do not: what is told is old.
    """

    last_round: datetime | None
    stale: bool | UnsetType = UNSET


class CalledHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Maintenance that was called; an empty `organization`: of every one, and of the app itself."""

    id: str
    organization: str
    since: datetime
    until: datetime
    by: str
    note: str


class FoundProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with the configuration."""

    file: str
    key: str
    message: str
    hint: str


class HealthDetails(msgspec.Struct, frozen=True, kw_only=True):
    """How everything stands, for who has a key.

    Args:
        status: The worst of all.
        version: Of fno-link.
        time: When this was read.
        watch: Whether the rounds run.
        checks: The organizations by their names; `storage` alone, while the account is away.
        targets: By their names.
        sources: By their names.
        app: What is about the app itself, by the kind of check.
        maintenance: What was called and is not over.
        problems: What is wrong with the configuration: then there is nothing else.
    """

    status: Level
    version: str | UnsetType = UNSET
    time: datetime | UnsetType = UNSET
    watch: WatchHealth | UnsetType = UNSET
    checks: Mapping[str, OrganizationHealth] | UnsetType = UNSET
    targets: Mapping[str, TargetHealth] | UnsetType = UNSET
    sources: Mapping[str, SourceHealth] | UnsetType = UNSET
    app: Mapping[str, CheckHealth] | UnsetType = UNSET
    maintenance: Sequence[CalledHealth] | UnsetType = UNSET
    problems: Sequence[FoundProblem] | UnsetType = UNSET
