"""The keys of the watch: what they mean, and what is wrong with them, each at its place and all at once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from integration.config import check_text
from integration.config.keys.health import Escalation, Health, Maintenance, OwnThresholds, Thresholds
from integration.config.reading import zones
from tests.fake_clock import FakeClock
from tests.unit.config.written import ORGANIZATION, STORAGE, configuration, http, only_problem, webhook

WINDOW = "[[health.maintenance]]\nstart = '02:00'\nduration = '2h'\n"
ONCALL = webhook("url = 'https://oncall.example'").replace("targets.w", "targets.oncall")


def window(lines):
    return f"[[health.maintenance]]\n{lines}\n"


def escalation(lines):
    return f"[[health.escalation]]\n{lines}\n"


def own(lines):
    return f"health = {{ {lines} }}\n"


def warnings(text, now=datetime(2026, 1, 1, tzinfo=UTC)):
    checked = check_text(ORGANIZATION + text, STORAGE, clock=FakeClock((now - FakeClock().now()).total_seconds()))
    assert checked.problems == ()
    return [each for each in checked.warnings if "health" in each.key]


def test_the_keys_of_yesterday_mean_what_they_meant():
    health = configuration("[health]\nschedule = '0 0 * * * *'\nfailure_threshold = 5\nsuccess_threshold = 4").health
    assert health == Health(schedule="0 0 * * * *", failure_threshold=5, success_threshold=4)
    assert (health.failures_of, health.successes_of, health.escalation, health.maintenance) == ((), (), (), ())


def test_every_key_is_read():
    text = """
health = { failure_threshold = 10, failures_of = [], reminder_every = "0s" }
steps = ["7f2a3b1c-0000-4000-8000-00000000000a"]
[health]
failures_of = [5, 10]
successes_of = [4, 5]
flapping = 0
flapping_window = "2h"
stable_for = "1h"
reminder_every = "30m"
reminder_factor = 1
reminder_cap = "%CAP%"
concurrency = "%N%"
ask_within = "5s"
finance_operations = false
credential_days = 14
growing = 100
growing_window = "10m"
dead_man_url = "%PING%"
page = "https://fno.example/api/status"
platform = false
wordings = ["nicht.*integriert"]
[[health.maintenance]]
weekday = ["sat", "sun"]
start = "23:30"
duration = "1d"
timezone = "Europe/Berlin"
[[health.maintenance]]
date = 2026-12-24
start = "%START%"
duration = "3d"
organizations = ["contoso"]
[[health.escalation]]
after = "2h"
targets = ["oncall"]
organizations = ["contoso"]
[[health.escalation]]
after = "30m"
targets = ["oncall"]
"""
    source = http("erp") + "silent_after = '2h'\n"
    environ = {"CAP": "12h", "N": "4", "PING": "https://ping.example/secret", "START": "18:00"}
    found = configuration(text + ONCALL + source, environ)
    health = found.health
    assert health.maintenance == (
        Maintenance(weekday=("sat", "sun"), start="23:30", duration=timedelta(days=1), timezone="Europe/Berlin"),
        Maintenance(
            date=date(2026, 12, 24),
            start="18:00",
            duration=timedelta(days=3),
            organizations=("contoso",),
            timezone="UTC",
        ),
    )
    assert (health.reminder_factor, health.reminder_cap, health.concurrency) == (1.0, timedelta(hours=12), 4)
    assert health.dead_man_url == "https://ping.example/secret"
    assert found.sources["erp"].silent_after == timedelta(hours=2)
    assert found.organizations["contoso"].steps == ("7f2a3b1c-0000-4000-8000-00000000000a",)
    mine, common = found.thresholds("contoso"), found.thresholds()
    assert (mine.failure_threshold, mine.failures_of, mine.reminder_every) == (10, (), timedelta(0))
    assert (common.failure_threshold, common.failures_of, common.reminder_every) == (3, (5, 10), timedelta(minutes=30))
    assert [step.after for step in mine.escalation] == [timedelta(minutes=30), timedelta(hours=2)]
    assert [step.after for step in common.escalation] == [timedelta(minutes=30)]


def test_thresholds_of_an_organization_change_what_it_names_and_nothing_else():
    step = Escalation(after=timedelta(minutes=5), targets=("a",))
    common = Thresholds(failure_threshold=7, growing=3, escalation=(step,))
    assert OwnThresholds().overlaid_on(common) == common
    assert OwnThresholds(growing=4).overlaid_on(common) == Thresholds(
        failure_threshold=7, growing=4, escalation=(step,)
    )
    assert set(OwnThresholds.__struct_fields__) | {"escalation"} == set(Thresholds.__struct_fields__)


def test_a_weekday_may_stand_alone_or_in_a_list():
    [single] = configuration(WINDOW + "weekday = 'sun'").health.maintenance
    [listed] = configuration(WINDOW + "weekday = ['sun']").health.maintenance
    assert single.weekdays == listed.weekdays == ("sun",)


@pytest.mark.parametrize(
    ("text", "key", "says", "hint"),
    [
        ("[health]\nfailures_of = [11, 10]", "health.failures_of", "11 of the last 10 can never be", "m at most k"),
        ("[health]\nsuccesses_of = [5, 4]", "health.successes_of", "5 of the last 4 can never be", "m at most k"),
        ("[health]\nfailures_of = [5, 65]", "health.failures_of[1]", "65 is out of range", "1 to 64"),
        ("[health]\nfailures_of = [0, 5]", "health.failures_of[0]", "0 is out of range", "1 to 64"),
        ("[health]\nfailures_of = [5]", "health.failures_of", "has 1 numbers", "[m, k]"),
        ("[health]\nfailures_of = [5, 6, 7]", "health.failures_of", "has 3 numbers", "[m, k]"),
        ("[health]\nfailures_of = 5", "health.failures_of", "must be a list", ""),
        ("[health]\nflapping = -1", "health.flapping", "out of range", "0 to 60"),
        ("[health]\nflapping_window = '0s'", "health.flapping_window", "longer than nothing", ""),
        ("[health]\nstable_for = '0s'", "health.stable_for", "longer than nothing", ""),
        ("[health]\ngrowing_window = '0s'", "health.growing_window", "longer than nothing", ""),
        ("[health]\nrefused_window = '0s'", "health.refused_window", "longer than nothing", ""),
        ("[health]\nrefused = 0", "health.refused", "out of range", "1 to 1000000"),
        ("[health]\ngrowing = 0", "health.growing", "out of range", "1 to 1000000"),
        ("[health]\ncredential_days = 366", "health.credential_days", "out of range", "0 to 365"),
        ("[health]\nreminder_cap = '1h'", "health.reminder_cap", "longer than reminder_cap", ""),
        ("[health]\nreminder_every = '2d'", "health.reminder_every", "longer than reminder_cap", ""),
        ("[health]\nreminder_factor = 0.5", "health.reminder_factor", "0.5 is out of range", "1 to 10"),
        ("[health]\nreminder_factor = nan", "health.reminder_factor", "nan is out of range", "1 to 10"),
        ("[health]\nreminder_factor = 'two'", "health.reminder_factor", "must be a number, not text", ""),
        ("[health]\nreminder_factor = '%TWO%'", "health.reminder_factor", "not to a number", "set it"),
        ("[health]\nconcurrency = 0", "health.concurrency", "out of range", "1 to 256"),
        ("[health]\nask_within = '0s'", "health.ask_within", "longer than nothing", ""),
        ("[health]\nask_within = '5m'", "health.ask_within", "longer than a round", "at most 4m"),
        ("[health]\ndead_man_url = 'ping.example'", "health.dead_man_url", "the URL is no https URL", "https://"),
        ("[health]\ndead_man_url = 'http://ping.example/x'", "health.dead_man_url", "not encrypted", "https"),
        ("[health]\ndead_man_url = 'https://u:p@ping.example/'", "health.dead_man_url", "user name", "leave it out"),
        ("[health]\ndead_man_url = 'https://ping example/'", "health.dead_man_url", "no https URL", "https://"),
        ("[health]\npage = 'ftp://fno.example'", "health.page", "`ftp://fno.example` is no https URL", "https://"),
        ("[health]\nwordings = ['(']", "health.wordings[0]", "no regular expression", "nicht"),
        ("[health]\nwordings = ['a', '(a+)+$']", "health.wordings[1]", "too many ways", "none inside another"),
        ("[health]\nwordings = ['']", "health.wordings[0]", "is empty", ""),
        (f"[health]\nwordings = ['{'a' * 257}']", "health.wordings[0]", "257 characters", "at most 256"),
        ("[health]\nfailure_treshold = 3", "health.failure_treshold", "unknown key", "`failure_threshold`"),
        (
            window("start = '02:00'\nduration = '2h'"),
            "health.maintenance[0]",
            "neither a weekday nor a date",
            "mon, tue",
        ),
        (WINDOW + "weekday = []", "health.maintenance[0]", "neither a weekday nor a date", "or date"),
        (
            WINDOW + "weekday = 'sun'\ndate = 2026-12-24",
            "health.maintenance[0]",
            "both a weekday and a date",
            "or date",
        ),
        (WINDOW + "weekday = 'sonntag'", "health.maintenance[0].weekday", "`sonntag` is not allowed", "one of"),
        (WINDOW + "weekday = ['sun', 'Mon']", "health.maintenance[0].weekday[1]", "`Mon` is not allowed", "`mon`"),
        (WINDOW + "date = '24.12.2026'", "health.maintenance[0].date", "is no date", "2026-12-24"),
        (WINDOW + "date = '2026-02-29'", "health.maintenance[0].date", "is no date", "2026-12-24"),
        (WINDOW + "date = 2026-12-24T02:00:00", "health.maintenance[0].date", "must be a date", "2026-12-24"),
        (WINDOW + "date = 20261224", "health.maintenance[0].date", "must be a date, not the number", "2026-12-24"),
        (window("weekday = 'sun'\nduration = '2h'"), "health.maintenance[0].start", "is missing", ""),
        (window("weekday = 'sun'\nstart = '02:00'"), "health.maintenance[0].duration", "is missing", ""),
        (
            window("weekday = 'sun'\nstart = '24:00'\nduration = '2h'"),
            "health.maintenance[0].start",
            "`24:00`",
            "23:59",
        ),
        (window("weekday = 'sun'\nstart = '2:00'\nduration = '2h'"), "health.maintenance[0].start", "`2:00`", "02:00"),
        (
            window("weekday = 'sun'\nstart = 02:00:00\nduration = '2h'"),
            "health.maintenance[0].start",
            "must be text",
            "",
        ),
        (
            window("weekday = 'sun'\nstart = '02:00'\nduration = '0s'"),
            "health.maintenance[0].duration",
            "ends before it begins",
            "such as 2h",
        ),
        (
            window("weekday = 'sun'\nstart = '02:00'\nend = '01:00'\nduration = '2h'"),
            "health.maintenance[0].end",
            "unknown key",
            "duration",
        ),
        (
            window("weekday = ['sat', 'sun']\nstart = '02:00'\nduration = '25h'"),
            "health.maintenance[0].duration",
            "longer than the time until the window begins again",
            "at most 1d",
        ),
        (
            window("weekday = 'sun'\nstart = '02:00'\nduration = '8d'"),
            "health.maintenance[0].duration",
            "longer than the time until the window begins again",
            "at most 7d",
        ),
        (
            window("weekday = 'sun'\nstart = '02:00'\nduration = '1w'"),
            "health.maintenance[0].duration",
            "never ends",
            "leave a gap",
        ),
        (
            window("date = 2026-12-24\nstart = '02:00'\nduration = '367d'"),
            "health.maintenance[0].duration",
            "longer than a year",
            "366d",
        ),
        (
            WINDOW + "weekday = 'sun'\ntimezone = 'Europe/Berlim'",
            "health.maintenance[0].timezone",
            "`Europe/Berlim` is no time zone",
            "did you mean `Europe/Berlin`?",
        ),
        (
            WINDOW + "weekday = 'sun'\ntimezone = 'W. Europe Standard Time'",
            "health.maintenance[0].timezone",
            "no time zone",
            "IANA",
        ),
        (WINDOW + "weekday = 'sun'\ntimezone = ''", "health.maintenance[0].timezone", "no time zone", "IANA"),
        (WINDOW + "weekday = 'sun'\ntimezone = '../etc/passwd'", "health.maintenance[0].timezone", "no time zone", ""),
        (WINDOW + "weekday = 'sun'\ntimezone = 'Europe'", "health.maintenance[0].timezone", "no time zone", "IANA"),
        (WINDOW + "weekday = 'sun'\ntimezone = 'posixrules'", "health.maintenance[0].timezone", "no time zone", "IANA"),
        (
            WINDOW + "weekday = 'sun'\ntimezone = 'europe/berlin'",
            "health.maintenance[0].timezone",
            "no",
            "Europe/Berlin",
        ),
        (
            WINDOW + "weekday = 'sun'\norganizations = ['contosso']",
            "health.maintenance[0].organizations[0]",
            "`contosso` is none of the organizations",
            "did you mean `contoso`?",
        ),
        (escalation("after = '30m'\ntargets = []") + ONCALL, "health.escalation[0].targets", "at least 1", ""),
        (escalation("after = '0s'\ntargets = ['oncall']") + ONCALL, "health.escalation[0].after", "longer than", ""),
        (
            escalation("after = '30m'\ntargets = ['onkall']") + ONCALL,
            "health.escalation[0].targets[0]",
            "`onkall` is none of the targets",
            "did you mean `oncall`?",
        ),
        (
            escalation("after = '30m'\ntargets = ['oncall']\norganizations = ['fabrikam']") + ONCALL,
            "health.escalation[0].organizations[0]",
            "none of the organizations",
            "contoso",
        ),
        (own("failures_of = [9, 8]"), "organizations[0].health.failures_of", "9 of the last 8", "m at most k"),
        (own("reminder_every = '2d'"), "organizations[0].health.reminder_every", "longer than reminder_cap", ""),
        (own("reminder_cap = '1h'"), "organizations[0].health.reminder_cap", "longer than reminder_cap", ""),
        (own("schedule = '0 * * * * *'"), "organizations[0].health.schedule", "unknown key", "allowed: failure"),
        ("steps = ['a step']", "organizations[0].steps[0]", "`a step` is not allowed", "8-4-4-4-12"),
        (http("erp") + "silent_after = '0s'", "sources.erp.silent_after", "longer than nothing", ""),
    ],
)
def test_what_is_wrong_is_said_once_at_its_place_with_what_is_allowed(text, key, says, hint):
    problem = only_problem(text, {"TWO": "two"})
    assert problem.key == key
    assert says in problem.message
    assert hint in problem.hint
    assert problem.file == "fno-link.toml"


def test_all_problems_are_told_at_once():
    text = """
[health]
failures_of = [6, 5]
reminder_cap = "1h"
dead_man_url = "nowhere"
wordings = ["("]
[[health.maintenance]]
start = "02:00"
duration = "0s"
timezone = "Mars/Olympus"
organizations = ["nobody"]
[[health.escalation]]
after = "0s"
targets = ["nowhere"]
"""
    checked = check_text(ORGANIZATION + text, STORAGE)
    assert {problem.key for problem in checked.problems} == {
        "health.failures_of",
        "health.reminder_cap",
        "health.dead_man_url",
        "health.wordings[0]",
        "health.maintenance[0]",
        "health.maintenance[0].duration",
        "health.maintenance[0].timezone",
        "health.maintenance[0].organizations[0]",
        "health.escalation[0].after",
        "health.escalation[0].targets[0]",
    }


def test_the_dead_mans_url_is_never_shown():
    problem = only_problem("[health]\ndead_man_url = '%PING%'", {"PING": "http://ping.example/s3cret"})
    assert "s3cret" not in str(problem)


def test_a_dead_mans_url_that_a_stage_does_not_have_is_empty():
    assert configuration("[health]\ndead_man_url = '%PING%'", {"PING": ""}).health.dead_man_url == ""


def test_a_machine_without_a_time_zone_database_says_so(monkeypatch):
    monkeypatch.setattr(zones, "available", set)
    problem = only_problem(WINDOW + "weekday = 'sun'\ntimezone = 'Europe/Berlin'")
    assert problem.message == "this machine has no time zone database"
    assert problem.hint == "install the Python package tzdata"
    assert configuration(WINDOW + "weekday = 'sun'").health.maintenance


@pytest.mark.parametrize(
    ("now", "over"),
    [(datetime(2026, 12, 24, 2, 59, tzinfo=UTC), False), (datetime(2026, 12, 24, 3, 0, tzinfo=UTC), True)],
)
def test_a_date_that_is_over_is_a_warning(now, over):
    found = warnings(WINDOW + "date = 2026-12-24\ntimezone = 'Europe/Berlin'", now)
    assert [each.key for each in found] == (["health.maintenance[0].date"] if over else [])


def test_an_escalation_to_a_target_that_is_off_is_a_warning():
    off = ONCALL + "enabled = false\n"
    [warning] = warnings(escalation("after = '30m'\ntargets = ['oncall']") + off)
    assert (warning.key, warning.message) == ("health.escalation[0].targets[0]", "targets.oncall is switched off")
