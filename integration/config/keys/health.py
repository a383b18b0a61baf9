"""How the watch judges, when it is silent and who else is told: `[health]`, and what organizations have instead."""

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from integration.config.keys.fields import (
    AddedCount,
    ChangeCount,
    ClockTime,
    Concurrency,
    Day,
    Days,
    Factor,
    OrganizationName,
    OutOf,
    PageUrl,
    PingUrl,
    Schedule,
    TargetName,
    Threshold,
    Weekday,
    Wording,
    Zone,
)


class Maintenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the watch is silent, every week or once; it goes on counting, and at the end says what is still wrong.

    Args:
        weekday: On which day of the week it begins, or on which: `"sun"` or `["sat", "sun"]`. Either this or `date`.
        date: On which day it begins, once: `2026-12-24`.
        start: When it begins, by the clock of `timezone`: `"02:00"`. In the night in which the clock is put forward, a
            time that does not exist is taken by the clock as it was before; where it is put back, a time that is there
            twice is the first of the two.
        duration: How long it lasts, in time that really passes: across midnight, and across a change of the clock.
        timezone: An IANA zone, such as `Europe/Berlin`.
        organizations: Whose alerts are silent; none named: all alerts.
    """

    weekday: Weekday | tuple[Weekday, ...] = ()
    date: Day | None = None
    start: ClockTime
    duration: timedelta
    timezone: Zone = "UTC"
    organizations: tuple[OrganizationName, ...] = ()

    @property
    def weekdays(self) -> tuple[Weekday, ...]:
        """The days of the week on which it begins; none where it has a date."""
        return self.weekday if isinstance(self.weekday, tuple) else (self.weekday,)


class Escalation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who else is told of an incident that nobody has acknowledged.

    Args:
        after: How long after the alert was told.
        targets: Where the escalation goes, besides the routes that take the alert.
        organizations: Whose incidents; none named: all.
    """

    after: timedelta
    targets: Annotated[tuple[TargetName, ...], Meta(min_length=1)]
    organizations: tuple[OrganizationName, ...] = ()


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a subject is judged ill, and how often that is said.

    Args:
        failure_threshold: Bad answers in a row before the alarm is raised.
        success_threshold: Good answers in a row before the alarm is resolved.
        failures_of: A second way to raise it, `[m, k]`: m bad answers among the last k; left out: none.
        successes_of: A second way to resolve it, `[m, k]`: m good answers among the last k; left out: none.
        flapping: More changes between good and bad than this within `flapping_window` are told once, as flapping, and
            nothing more until it is stable; 0: never.
        flapping_window: How long changes are counted together.
        stable_for: How long it must not change to be stable.
        reminder_every: How long after an alert it is told again while it lasts; `0s`: never.
        reminder_factor: Each wait for a reminder is this many times the one before.
        reminder_cap: The longest wait for a reminder.
        credential_days: A certificate or secret with fewer days left than this is told.
        growing: So many dead letters, or parked deliveries, added within `growing_window` are told.
        growing_window: How long what is added is counted together.
        escalation: Who else is told, and when.
    """

    failure_threshold: Threshold = 3
    success_threshold: Threshold = 2
    failures_of: tuple[OutOf, ...] = ()
    successes_of: tuple[OutOf, ...] = ()
    flapping: ChangeCount = 6
    flapping_window: timedelta = timedelta(hours=1)
    stable_for: timedelta = timedelta(minutes=30)
    reminder_every: timedelta = timedelta(hours=4)
    reminder_factor: Factor = 2.0
    reminder_cap: timedelta = timedelta(hours=24)
    credential_days: Days = 30
    growing: AddedCount = 20
    growing_window: timedelta = timedelta(hours=1)
    escalation: tuple[Escalation, ...] = ()


class OwnThresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When this organization is judged ill, as far as it differs from `[health]`.

    Args:
        failure_threshold: Bad answers in a row before the alarm is raised.
        success_threshold: Good answers in a row before the alarm is resolved.
        failures_of: A second way to raise it, `[m, k]`: m bad answers among the last k; `[]`: none.
        successes_of: A second way to resolve it, `[m, k]`: m good answers among the last k; `[]`: none.
        flapping: More changes between good and bad than this within `flapping_window` are told as flapping; 0: never.
        flapping_window: How long changes are counted together.
        stable_for: How long it must not change to be stable.
        reminder_every: How long after an alert it is told again while it lasts; `0s`: never.
        reminder_factor: Each wait for a reminder is this many times the one before.
        reminder_cap: The longest wait for a reminder.
        credential_days: A certificate or secret with fewer days left than this is told.
        growing: So many dead letters, or parked deliveries, added within `growing_window` are told.
        growing_window: How long what is added is counted together.
    """

    failure_threshold: Threshold | None = None
    success_threshold: Threshold | None = None
    failures_of: tuple[OutOf, ...] | None = None
    successes_of: tuple[OutOf, ...] | None = None
    flapping: ChangeCount | None = None
    flapping_window: timedelta | None = None
    stable_for: timedelta | None = None
    reminder_every: timedelta | None = None
    reminder_factor: Factor | None = None
    reminder_cap: timedelta | None = None
    credential_days: Days | None = None
    growing: AddedCount | None = None
    growing_window: timedelta | None = None

    def overlaid_on(self, common: Thresholds) -> Thresholds:
        """Return what holds for the organization.

        Args:
            common: What holds for all.
        """
        own = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(common, **own)


class Health(Thresholds, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the watch asks and how often, and when it speaks.

    Args:
        schedule: An NCRONTAB expression of six fields, in UTC: second minute hour day month weekday.
        concurrency: How many questions are under way at once.
        ask_within: How long one question may take.
        finance_operations: Whether the linked Finance & Operations environments are asked, too.
        platform: Whether the Power Platform is asked whether it has an environment in maintenance, where the
            application may ask it.
        registration_every: How long it holds that Dataverse has registered what `[sources.NAME.dataverse]` declares,
            and Finance & Operations what `[sources.NAME.finance_operations]` does; then it is compared again. `0s`:
            never.
        refused: More callers than this, refused within `refused_window` for a token of Entra that is not good or lacks
            the role, are told; half as many are the end of it. Nobody is counted without `[[clients]]`.
        refused_window: How long they are counted together.
        dead_man_url: Called after every round that came to its end, for a service that notices when the calls stop;
            empty: none. Best an app setting: whoever knows the URL can keep it quiet.
        page: The address of the status page as people open it, named in alerts.
        wordings: Regular expressions that find "not integrated with finance and operations" in the language of the
            environment, in any case. Matched against the first 256 characters of the message.
        maintenance: When the watch is silent.
    """

    schedule: Schedule = "0 */5 * * * *"
    concurrency: Concurrency = 16
    ask_within: timedelta = timedelta(seconds=60)
    finance_operations: bool = True
    platform: bool = True
    registration_every: timedelta = timedelta(hours=1)
    refused: AddedCount = 20
    refused_window: timedelta = timedelta(minutes=15)
    dead_man_url: PingUrl = ""
    page: PageUrl = ""
    wordings: tuple[Wording, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()

    @property
    def escalation_targets(self) -> tuple[str, ...]:
        """The targets of all escalation steps, each once."""
        return tuple(dict.fromkeys(target for step in self.escalation for target in step.targets))

    def thresholds(self, organization: str = "", own: OwnThresholds | None = None) -> Thresholds:
        """Return what holds for a subject.

        Args:
            organization: The organization that it is, or belongs to; empty: none.
            own: That organization's own thresholds.
        """
        common = Thresholds(**{name: getattr(self, name) for name in Thresholds.__struct_fields__})
        steps = [step for step in self.escalation if not step.organizations or organization in step.organizations]
        mine = msgspec.structs.replace(common, escalation=tuple(sorted(steps, key=lambda step: step.after)))
        return own.overlaid_on(mine) if own else mine
