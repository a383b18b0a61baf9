"""What the platform's answers mean, and that nothing which is not understood silences anything."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.health.maintenance.platform import PlatformView, agreement, second_view, view_of
from integration.links.values import Linked
from integration.power_platform.answers import Application, Environment, LinkedEnvironment, Operation

NOW = datetime(2026, 11, 29, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = "https://contoso.operations.dynamics.com"
LINK = Linked(url=URL, tenant_id="t", id="6a0d8a9b-0000-4000-8000-0000000000aa", trusted=True, checked_at=NOW)


def environment(linked=None, **fields):
    return Environment(id="e-1", linked=linked, **fields)


def view(*args, operations=(), application=None, now=NOW, before=None):
    return view_of(args[0] if args else environment(), operations, application, now, before=before)


@pytest.mark.parametrize("value", ["Enabled", "enabled", "true", "AdminMode", "Admin Mode", "On"])
def test_administration_mode_is_maintenance(value):
    found = view(environment(admin_mode=value))
    assert found.in_maintenance(NOW)
    assert "administration mode" in found.because


@pytest.mark.parametrize("value", ["AdminMode", "Upgrading", "Restoring", "Under Maintenance", "under_maintenance"])
def test_a_state_that_says_so_is_maintenance(value):
    assert view(environment(state=value)).in_maintenance(NOW)
    assert view(application=Application(state=value)).in_maintenance(NOW)


@pytest.mark.parametrize(
    "value",
    ["", "Ready", "Disabled", "Deleted", "SoftDeleted", "Failed", "Running", "NotSpecified", "Qwerty", "0", "…"],
)
def test_a_state_that_does_not_say_so_or_is_not_known_silences_nothing(value):
    assert not view(environment(state=value)).in_maintenance(NOW)
    assert not view(application=Application(state=value, version="10.0.40")).in_maintenance(NOW)
    if value != "Running":
        assert not view(environment(admin_mode=value)).in_maintenance(NOW)


@pytest.mark.parametrize(
    ("operation", "silences"),
    [
        (Operation(name="Copy", status="InProgress", started=NOW - HOUR), True),
        (Operation(name="Restore", status="Running"), True),
        (Operation(id="o-1", status="in progress"), True),
        (Operation(name="Copy", status="Queued"), False),
        (Operation(name="Copy", status="Succeeded", started=NOW - HOUR, ended=NOW), False),
        (Operation(name="Copy", status="InProgress", started=NOW - HOUR, ended=NOW), False),
        (Operation(name="Copy", status="InProgress", started=NOW - 25 * HOUR), False),
        (Operation(name="DeleteEnvironment", status="InProgress"), False),
        (Operation(name="Manual backup", status="InProgress"), False),
        (Operation(name="EnableManaged", status="InProgress"), False),
        (Operation(), False),
    ],
)
def test_an_operation_that_interrupts_is_maintenance(operation, silences):
    assert view(operations=(Operation(status="Failed"), operation)).in_maintenance(NOW) == silences


def test_it_is_believed_for_an_hour_and_for_a_day_in_all():
    first = view(environment(admin_mode="Enabled"))
    assert first.in_maintenance(NOW + HOUR)
    assert not first.in_maintenance(NOW + HOUR + timedelta(seconds=1))
    later = NOW + 23 * HOUR
    again = view(environment(admin_mode="Enabled"), now=later, before=first)
    assert again.since == NOW
    assert again.in_maintenance(later + timedelta(minutes=59))
    assert not again.in_maintenance(NOW + 24 * HOUR)
    ended = view(now=later, before=again)
    assert ended.since is None
    assert view(environment(admin_mode="Enabled"), now=later + HOUR, before=ended).since == later + HOUR


def test_a_clock_that_is_set_back_makes_it_no_longer():
    first = view(environment(admin_mode="Enabled"), now=NOW + 100 * HOUR)
    assert view(environment(admin_mode="Enabled"), before=first).since == NOW


@pytest.mark.parametrize(
    ("linked", "link", "says", "words"),
    [
        (None, None, "agrees", "no Finance & Operations environment for it either."),
        (None, LINK, "disagrees", "no Finance & Operations environment for it."),
        (LinkedEnvironment(), None, "agrees", "either"),
        (
            LinkedEnvironment(url=URL),
            None,
            "disagrees",
            f"still has a Finance & Operations environment for it ({URL}): the two disagree",
        ),
        (LinkedEnvironment(url=f"{URL.upper()}/"), LINK, "agrees", "the same"),
        (LinkedEnvironment(url="contoso.operations.dynamics.com"), LINK, "agrees", "the same"),
        (
            LinkedEnvironment(url="https://other.operations.dynamics.com/"),
            LINK,
            "disagrees",
            "has another Finance & Operations environment for it (https://other",
        ),
        (LinkedEnvironment(id=LINK.id.upper()), LINK, "agrees", "the same"),
        (LinkedEnvironment(id="another"), LINK, "disagrees", "(another)"),
        (LinkedEnvironment(url="http://[", id=""), LINK, "unknown", ""),
        (LinkedEnvironment(url="http://[", id=LINK.id), LINK, "agrees", "the same"),
    ],
)
def test_the_second_view_agrees_or_not(linked, link, says, words):
    found = view(environment(linked))
    assert agreement(found, link) == says
    assert words in second_view(found, link)
    assert bool(words) == bool(second_view(found, link))


def test_who_says_nothing_does_not_know():
    assert agreement(None, None) == agreement(PlatformView(at=NOW), LINK) == "unknown"
    assert second_view(None, None) == second_view(PlatformView(at=NOW), None) == ""


def test_the_application_is_a_view_of_its_own():
    application = Application(state="Running", version="10.0.40")
    alone = view_of(None, (), application, NOW)
    assert (alone.link, agreement(alone, None), second_view(alone, None)) == (
        "linked",
        "disagrees",
        "The Power Platform still has a Finance & Operations environment for it: the two disagree.",
    )
    assert agreement(alone, LINK) == "unknown"
    assert view(application=application).link == "unknown"  # the two contradict each other
    assert view_of(None, (), None, NOW).link == "unknown"


def test_what_was_read_is_kept_for_people():
    found = view(environment(state="Ready"), application=Application(state="Qwerty"))
    assert found.seen == "adminMode not told, state Ready, finopsenvironmentstate Qwerty"
    assert (found.environment_id, found.at) == ("e-1", NOW)
    assert view_of(None, (), None, NOW, before=found).environment_id == "e-1"


text = st.text(max_size=30)
times = st.none() | st.datetimes(timezones=st.just(UTC))


@given(
    st.none()
    | st.builds(
        Environment,
        id=text,
        admin_mode=text,
        state=text,
        linked=st.none() | st.builds(LinkedEnvironment, text, text, text),
    ),
    st.lists(st.builds(Operation, id=text, name=text, status=text, started=times, ended=times), max_size=3),
    st.none() | st.builds(Application, state=text, version=text),
    st.none() | st.just(LINK),
)
def test_whatever_is_answered_has_a_meaning(answered, operations, application, link):
    found = view_of(answered, operations, application, NOW)
    assert found.in_maintenance(NOW) == bool(found.because)
    assert bool(second_view(found, link)) == (agreement(found, link) != "unknown")
