"""Whether notices are held back, by what, and until when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.config.keys.health import Maintenance
from integration.health.maintenance import MaintenanceCall, PlatformView, Silence, call_fault, silence, spell_at
from integration.health.maintenance.calls import LONGEST_CALL

NOW = datetime(2026, 11, 29, 1, 30, tzinfo=UTC)  # a Sunday
HOUR = timedelta(hours=1)
SUNDAY = Maintenance(weekday="sun", start="01:00", duration=2 * HOUR)
OTHERS = Maintenance(weekday="sun", start="01:00", duration=2 * HOUR, organizations=("fabrikam",))


def called(start, end, organization="", **fields):
    return MaintenanceCall(organization=organization, since=NOW + start * HOUR, until=NOW + end * HOUR, **fields)


def test_nothing_is_silent_without_a_reason():
    assert silence("contoso", NOW, windows=()) is None
    assert silence("contoso", NOW, windows=(OTHERS,), calls=(called(-1, 1, "fabrikam"), called(1, 2))) is None
    assert silence("contoso", NOW + 2 * HOUR, windows=(SUNDAY,)) is None


def test_a_window_says_why_and_until_when():
    assert silence("contoso", NOW, windows=(SUNDAY,)) == Silence(
        datetime(2026, 11, 29, 3, tzinfo=UTC), ("window of fno-link.toml: sun 01:00 UTC",)
    )


def test_windows_and_calls_for_others_do_not_hold_for_what_belongs_to_none():
    assert silence("", NOW, windows=(OTHERS,), calls=(called(-1, 1, "fabrikam"),)) is None
    assert silence("", NOW, windows=(SUNDAY,))
    assert silence("", NOW, windows=(), calls=(called(-1, 1),))
    assert silence("fabrikam", NOW, windows=(OTHERS,))


def test_what_begins_before_the_rest_has_ended_goes_on_with_it():
    calls = (called(-1, 1, by="ada", note="upgrade"), called(1, 3), called(2, 5, "contoso"), called(6, 7))
    found = silence("contoso", NOW, windows=(), calls=calls)
    assert found == Silence(NOW + 5 * HOUR, ("called by ada: upgrade",))


def test_windows_without_a_gap_between_them_end_somewhere():
    always = tuple(
        Maintenance(weekday=day, start="00:00", duration=timedelta(days=1))
        for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    )
    found = silence("contoso", NOW, windows=always)
    assert found
    assert found.until
    assert found.until > NOW + timedelta(days=365)


def test_as_long_as_the_platform_says_so_has_no_end():
    view = PlatformView(at=NOW, since=NOW, because="the environment is in administration mode")
    found = silence("contoso", NOW, windows=(SUNDAY,), platform=view)
    assert found == Silence(
        None, ("window of fno-link.toml: sun 01:00 UTC", "the environment is in administration mode")
    )
    assert silence("contoso", NOW, windows=(), platform=PlatformView(at=NOW)) is None


windows = st.builds(
    Maintenance,
    weekday=st.sampled_from(["mon", "sun", ("sat", "sun")]),
    start=st.sampled_from(["00:00", "12:00", "23:30"]),
    duration=st.integers(1, 24).map(lambda hours: hours * HOUR),
    timezone=st.sampled_from(["UTC", "Europe/Berlin"]),
    organizations=st.sampled_from([(), ("contoso",), ("fabrikam",)]),
)
calls = st.builds(
    lambda start, lasting, organization: called(start, start + lasting, organization),
    st.integers(-100, 100),
    st.integers(1, 50),
    st.sampled_from(["", "contoso", "fabrikam"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(windows, max_size=3), st.lists(calls, max_size=4), st.integers(-200, 200))
def test_silence_ends_at_the_first_minute_in_which_nothing_is_open(windows, calls, offset):
    now = NOW + offset * HOUR

    def is_open(at):
        return any(
            spell_at(each, at) for each in windows if not each.organizations or "contoso" in each.organizations
        ) or any(each.since <= at < each.until for each in calls if each.organization in ("", "contoso"))

    found = silence("contoso", now, windows=windows, calls=calls)
    assert (found is not None) == is_open(now)
    if found:
        at = now
        while is_open(at):  # everything here begins and ends at a half or whole hour
            at += HOUR / 2
        assert found.until == at


def test_a_call_may_be_ended_before_its_time():
    call = called(-1, 5)
    assert call.ended(NOW).until == NOW
    assert not call.ended(NOW).is_open(NOW)
    assert called(1, 2).ended(NOW).until == NOW + HOUR  # never was
    assert call.ended(NOW + 9 * HOUR) == call
    assert call.ended(NOW).id == call.id


def test_the_same_call_made_twice_is_one():
    assert called(0, 1, by="ada").id == called(0, 2, by="ada").id
    assert len({called(0, 1).id, called(0, 1, "contoso").id, called(1, 2).id, called(0, 1, by="ada").id}) == 4


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (called(0, 1), ""),
        (called(-5, 1), ""),
        (called(24, 25), ""),
        (MaintenanceCall(since=NOW, until=NOW + LONGEST_CALL), ""),
        (MaintenanceCall(since=NOW, until=NOW + LONGEST_CALL + timedelta(seconds=1)), "longer than 30 days"),
        (called(2, 1), "before it begins"),
        (called(0, 0), "before it begins"),
        (called(-2, -1), "over already"),
        (called(-2, 0), "over already"),
        (called(0, 1, note="n" * 501), "501 characters"),
        (MaintenanceCall(since=NOW.replace(tzinfo=None), until=NOW), "offset"),
        (MaintenanceCall(since=NOW, until=(NOW + HOUR).replace(tzinfo=None)), "offset"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_with_the_reason(call, says):
    fault = call_fault(call, NOW)
    assert says in fault if says else fault == ""
