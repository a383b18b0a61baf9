"""What happens in March 2027. All times are UTC; Berlin puts its clocks forward in the night to Sunday, the 28th."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec

from integration.config.keys.health import Escalation, Maintenance, OwnThresholds, Thresholds
from integration.health.check import OK, Answer
from integration.health.machine import State, acknowledge, mute
from integration.health.standing import Watched
from integration.links.values import Linked

BEGIN, END = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
ROUND = timedelta(minutes=5)

CONTOSO, FABRIKAM = Watched("organization", "contoso"), Watched("organization", "fabrikam")
SANDBOX, ERP = Watched("organization", "sandbox"), Watched("target", "erp")
MACHINES = {
    CONTOSO: ("integration", "finance_operations", "credential"),
    FABRIKAM: ("integration",),
    SANDBOX: ("integration",),
    ERP: ("target",),
}

COMMON = Thresholds(failures_of=(5, 10), escalation=(Escalation(after=timedelta(minutes=30), targets=("oncall",)),))
PATIENT = OwnThresholds(failure_threshold=12, success_threshold=6, flapping=0, reminder_every=timedelta(0))
SETTINGS = {
    CONTOSO: COMMON,
    FABRIKAM: COMMON,
    SANDBOX: PATIENT.overlaid_on(msgspec.structs.replace(COMMON, escalation=())),
    ERP: COMMON,
}
WINDOWS = (
    Maintenance(weekday=("sun", "mon"), start="02:30", duration=timedelta(hours=1), timezone="Europe/Berlin"),
    Maintenance(
        date=datetime(2027, 3, 17, tzinfo=UTC).date(),
        start="20:00",
        duration=timedelta(hours=4),
        timezone="Europe/Berlin",
        organizations=("contoso",),
    ),
)
ROUTES = {
    "mail": ("",),
    "erp-team": ("fno-link.integration.lost", "fno-link.integration.relinked"),
    "targets": ("fno-link.target.opened",),
}
"""Which types each takes, by how they begin. None but `mail` takes an end by its type."""

ANSWERS = {
    ".": OK,
    "U": Answer(health="unknown", code="Unreachable", message="no answer within 60 seconds"),
    "L": Answer(health="bad", code="0x80048d0b", message="not integrated with finance and operations"),
    "E": Answer(health="unknown", code="Unreachable", message="Entra is away", cause="entra:contoso.com"),
    "F": Answer(health="unknown", code="Unreachable", message="503"),
    "O": Answer(health="bad", code="CircuitOpen", message="five failures in a row"),
    "x": Answer(health="bad", code="CredentialExpiring", message="good for 29 more days"),
    "X": Answer(health="bad", code="CredentialExpired", message="AADSTS7000222"),
    "-": Answer(health="not_asked", message="not asked: link"),
}


@cache
def at(text: str) -> datetime:
    """Read a time of the month: `03 10:05`."""
    return datetime.strptime(f"2027-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


class Spell(msgspec.Struct, frozen=True):
    """Answers of one machine for a while: letters, over and over."""

    begin: str
    end: str
    watched: Watched
    kind: str
    letters: str


SPELLS = (
    # A blip: nothing.
    Spell("02 09:00", "02 09:10", CONTOSO, "integration", "U"),
    # It cannot be asked, then it is lost, then it is well: one incident. F&O is not asked meanwhile.
    Spell("03 10:00", "03 11:00", CONTOSO, "integration", "U"),
    Spell("03 11:00", "03 13:00", CONTOSO, "integration", "L"),
    Spell("03 10:00", "03 13:00", CONTOSO, "finance_operations", "-"),
    # Flapping that turns out well; flapping that turns out bad.
    Spell("04 08:00", "04 10:00", FABRIKAM, "integration", "L."),
    Spell("04 20:00", "04 21:00", FABRIKAM, "integration", "L."),
    Spell("04 21:00", "04 23:00", FABRIKAM, "integration", "L"),
    # What alternates, and never is bad twelve times in a row.
    Spell("05 08:00", "05 10:00", SANDBOX, "integration", "L."),
    # Inside the weekly window: 01:30 to 02:30, in winter.
    Spell("07 01:40", "07 02:20", CONTOSO, "integration", "L"),
    # Somebody knows.
    Spell("12 06:00", "12 20:00", CONTOSO, "finance_operations", "F"),
    # Told before the window, over inside it.
    Spell("14 01:00", "14 02:00", CONTOSO, "integration", "U"),
    # A dead target.
    Spell("15 12:00", "18 12:00", ERP, "target", "O"),
    # From the dated window (19:00 to 23:00) until after it.
    Spell("17 19:30", "18 01:00", CONTOSO, "integration", "L"),
    # With everything going wrong that can: see FAULTS.
    Spell("19 08:00", "19 09:00", FABRIKAM, "integration", "L"),
    # While the clocks are two hours ahead: see SKEWS.
    Spell("22 09:30", "22 13:00", CONTOSO, "integration", "U"),
    # Entra is away for all; one of them has a trouble of its own after it.
    Spell("23 10:00", "23 11:00", CONTOSO, "integration", "E"),
    Spell("23 10:00", "23 11:00", FABRIKAM, "integration", "E"),
    Spell("23 11:00", "23 12:00", FABRIKAM, "integration", "L"),
    Spell("23 10:00", "23 12:00", SANDBOX, "integration", "E"),
    # A credential that expires.
    Spell("24 08:00", "25 08:00", CONTOSO, "credential", "x"),
    Spell("25 08:00", "25 10:00", CONTOSO, "credential", "X"),
    # Muted for a day, and lost for longer.
    Spell("26 06:00", "27 12:00", SANDBOX, "integration", "L"),
    # The window of Sunday, 02:30, which does not exist: 01:30 to 02:30.
    Spell("28 01:35", "28 02:20", CONTOSO, "integration", "L"),
    # The window of Monday, in summer: 00:30 to 01:30. Who reckoned in UTC would be silent an hour too late.
    Spell("29 00:35", "29 01:20", CONTOSO, "integration", "L"),
    Spell("29 01:35", "29 02:20", FABRIKAM, "integration", "L"),
    # It is bad at the end of the month, and the month does not end it.
    Spell("31 23:00", "31 23:59", ERP, "target", "O"),
)


def _environment(host: str) -> Linked:
    url = f"https://{host}.operations.dynamics.com"
    return Linked(url=url, tenant_id="t", id=host, trusted=True, checked_at=BEGIN)


MOVES = {
    CONTOSO: (("01 00:00", _environment("contoso")),),
    FABRIKAM: (
        ("01 00:00", _environment("fabrikam")),
        ("10 14:00", _environment("fabrikam-new")),  # told
        ("10 14:10", _environment("fabrikam")),  # to and fro: held back, and then no news
        ("10 14:20", _environment("fabrikam-new")),
        ("11 02:00", _environment("fabrikam")),  # told, in the middle of the night
    ),
    SANDBOX: (("01 00:00", _environment("sandbox")),),
}

ORDERS: dict[str, tuple[Watched, str, Callable[[State, datetime], State]]] = {
    "12 06:20": (CONTOSO, "finance_operations", lambda state, now: acknowledge(state, "ada", "a known outage", now)),
    "26 05:00": (SANDBOX, "integration", lambda state, now: mute(state, now + timedelta(days=1))),
}

FAULTS = {
    ("19 08:05", FABRIKAM): "away",  # the account: this answer does not count, so that the third is one round later
    ("19 08:15", FABRIKAM): "unheard",  # it is written, and the prober does not know
    ("19 08:20", FABRIKAM): "unsent",  # nothing can be taken
    ("19 08:25", FABRIKAM): "dies",  # all is sent, nothing settled
    ("19 08:30", FABRIKAM): "overtaken",  # the other prober sends the same, and settles it
    ("19 08:35", FABRIKAM): "race",  # both have read the same row
    ("19 09:00", FABRIKAM): "race",
    ("19 09:05", FABRIKAM): "dies",  # of the end, too
    ("03 10:10", CONTOSO): "overtaken",
    ("03 13:05", CONTOSO): "unheard",
    ("17 23:00", CONTOSO): "unheard",
    ("15 12:10", ERP): "dies",
}
RESTARTS = ("03 10:05", "03 11:30", "04 08:40", "15 20:00", "19 08:22", "23 10:30", "26 12:00")
SKEWS = (("22 09:00", "22 10:00", timedelta(hours=2)),)
