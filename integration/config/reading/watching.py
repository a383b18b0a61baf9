"""What `[health]` and its tables must be beyond their types, and what in them is probably not meant."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integration.config.keys.health import Escalation, Health, Maintenance, OwnThresholds, Thresholds
from integration.config.keys.model import Configuration
from integration.config.keys.wordings import wording_fault
from integration.config.reading.judging import LOOPBACK, Fault, Judged, parsed, positive
from integration.config.reading.zones import check_zone
from integration.errors import Problem

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = timedelta(days=7)
LONGEST_WINDOW = timedelta(days=366)
LONGEST_QUESTION = timedelta(minutes=4)
"""host.json ends a function after five minutes."""


def check_ping_url(text: str) -> Fault | None:
    """Judge the dead man's URL, which is never shown: whoever knows it can keep the alarm quiet."""
    return _address(text, "the URL")


def check_page_url(text: str) -> Fault | None:
    """Judge the address of the status page."""
    return _address(text, "{}")


def check_wording(text: str) -> Fault | None:
    """Judge a regular expression."""
    fault = wording_fault(text)
    return (
        Fault(f"{{}} {fault}", "such as nicht.*integriert: at most two of * and +, none inside another")
        if fault
        else None
    )


def _address(text: str, shown: str) -> Fault | None:
    if not text:
        return None
    url = parsed(text)
    if url is None or url.scheme not in ("https", "http") or not url.hostname:
        return Fault(f"{shown} is no https URL", "https://host/path")
    if url.username is not None or url.password is not None:
        return Fault("the URL holds a user name or password", "leave it out")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        return Fault(f"{shown} is not encrypted", "https; http only on localhost")
    return None


def _thresholds(judged: Judged) -> Iterator[Problem]:
    yield from positive(judged, "flapping_window", "stable_for", "growing_window", "reminder_cap")
    for key in ("failures_of", "successes_of"):
        numbers = judged.fields.get(key) or ()
        if numbers and len(numbers) != len(("m", "k")):
            yield Problem(
                judged.at(key), f"has {len(numbers)} numbers", "[m, k]: m of the last k answers; k at most 64"
            )
        elif numbers and numbers[0] > numbers[1]:
            yield Problem(judged.at(key), f"{numbers[0]} of the last {numbers[1]} can never be", "[m, k], m at most k")
    every, cap = judged.known("reminder_every"), judged.known("reminder_cap")
    if every is not None and cap is not None and every > cap:
        place = "reminder_cap" if "reminder_cap" in judged.fields else "reminder_every"
        yield Problem(judged.at(place), *_CAPPED)


def _health(judged: Judged) -> Iterator[Problem]:
    yield from _thresholds(judged)
    yield from positive(judged, "ask_within", "refused_window")
    if judged.fields.get("ask_within", timedelta(0)) > LONGEST_QUESTION:
        yield Problem(judged.at("ask_within"), "is longer than a round may take", "at most 4m")


def _maintenance(judged: Judged) -> Iterator[Problem]:
    duration: Any = judged.fields.get("duration")
    if duration is not None and duration <= timedelta(0):
        yield Problem(judged.at("duration"), "the window ends before it begins", "longer than nothing, such as 2h")
    if any(judged.at(key) in judged.open for key in ("weekday", "date")):
        return
    weekday: str | tuple[str, ...] = judged.fields.get("weekday", ())
    days = (weekday,) if isinstance(weekday, str) else weekday
    date = judged.fields.get("date")
    if bool(days) == bool(date):
        has = "both a weekday and a date" if date else "neither a weekday nor a date"
        yield Problem(judged.place, f"has {has}", f"weekday, one or a list of {', '.join(WEEKDAYS)}; or date")
    elif duration is not None and date and duration > LONGEST_WINDOW:
        yield Problem(judged.at("duration"), "is longer than a year", "at most 366d")
    elif duration is not None and days:
        yield from _period(judged, days, duration)


def _period(judged: Judged, days: tuple[str, ...], duration: timedelta) -> Iterator[Problem]:
    """Report a weekly window that is not over when it begins anew, or that never ends."""
    numbers = sorted({WEEKDAYS.index(day) for day in days})
    gaps = [
        (later - earlier) % len(WEEKDAYS) or len(WEEKDAYS)
        for earlier, later in zip(numbers, [*numbers[1:], numbers[0]], strict=True)
    ]
    shortest = timedelta(days=min(gaps))
    if duration > shortest:
        yield Problem(
            judged.at("duration"), "is longer than the time until the window begins again", f"at most {shortest.days}d"
        )
    elif duration * len(numbers) >= WEEK:
        yield Problem(
            judged.at("duration"),
            "the window never ends",
            "nothing would ever be told; leave a gap, or mute what need not be told",
        )


def _escalation(judged: Judged) -> Iterator[Problem]:
    yield from positive(judged, "after")


def watch_problems(configuration: Configuration) -> Iterator[Problem]:
    """Report what an organization's own thresholds make wrong only together with those of all."""
    for index, (name, organization) in enumerate(configuration.organizations.items()):
        both = configuration.thresholds(name)
        if both.reminder_every > both.reminder_cap:
            written = "reminder_every" if organization.health.reminder_every is not None else "reminder_cap"
            yield Problem(f"organizations[{index}].health.{written}", *_CAPPED, configuration.file)


def watch_warnings(configuration: Configuration, now: datetime) -> Iterator[Problem]:
    """Warn of windows that are over and of escalations that reach nobody."""
    for index, window in enumerate(configuration.health.maintenance):
        if window.date is None:
            continue
        start = datetime.combine(window.date, time.fromisoformat(window.start), ZoneInfo(window.timezone))
        if start.astimezone(UTC) + window.duration <= now:
            yield Problem(
                f"health.maintenance[{index}].date",
                f"{window.date} is over",
                "delete the window, or give it its next date",
                configuration.file,
            )
    for index, step in enumerate(configuration.health.escalation):
        for position, target in enumerate(step.targets):
            if not configuration.targets[target].enabled:
                yield Problem(
                    f"health.escalation[{index}].targets[{position}]",
                    f"targets.{target} is switched off",
                    "nobody is told there; switch it on, or name another",
                    configuration.file,
                )


_CAPPED = (
    "reminder_every is longer than reminder_cap",
    "the first wait for a reminder is already longer than the longest",
)

CHECKS: dict[str, Callable[[str], Fault | None]] = {
    "zone": check_zone,
    "ping_url": check_ping_url,
    "page_url": check_page_url,
    "wording": check_wording,
}
ENTRIES: dict[type, Callable[[Judged], Iterator[Problem]]] = {
    Health: _health,
    Thresholds: _thresholds,
    OwnThresholds: _thresholds,
    Maintenance: _maintenance,
    Escalation: _escalation,
}
