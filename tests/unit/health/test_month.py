"""The scripted month: outages, flapping, moves, maintenance, a night of 23 hours, and all that can be lost.

`uv run python -m tests.month` prints what was told; tests/month/script.py says what happens.
"""

import asyncio

import pytest

from integration.health.machine import State
from tests.month.script import CONTOSO, ERP, FABRIKAM, MACHINES, SANDBOX
from tests.month.world import World

TABLE = """
03 10:10  contoso   integration.unreachable         triggered 1  03 10:00  mail
03 10:40  contoso   integration.unreachable         escalated 1  03 10:00  oncall
03 11:00  contoso   integration.lost                changed 1    03 10:00  mail, erp-team, oncall
03 13:05  contoso   integration.restored            resolved 1   03 10:00  mail, oncall, erp-team
04 08:30  fabrikam  integration.flapping            flapping 1   04 08:00  mail
04 10:25  fabrikam  integration.restored            resolved 1   04 08:00  mail
04 20:30  fabrikam  integration.flapping            flapping 1   04 20:00  mail
04 21:30  fabrikam  integration.lost                triggered 1  04 20:00  mail, erp-team
04 22:00  fabrikam  integration.lost                escalated 1  04 20:00  oncall
04 23:05  fabrikam  integration.restored            resolved 1   04 20:00  mail, erp-team, oncall
05 08:40  sandbox   integration.lost                triggered 1  05 08:00  mail, erp-team
05 10:20  sandbox   integration.restored            resolved 1   05 08:00  mail, erp-team
10 14:00  fabrikam  integration.relinked            relinked 1   10 14:00  mail, erp-team
11 02:00  fabrikam  integration.relinked            relinked 1   11 02:00  mail, erp-team
12 06:10  contoso   finance_operations.unreachable  triggered 1  12 06:00  mail
12 20:05  contoso   finance_operations.restored     resolved 1   12 06:00  mail
14 01:10  contoso   integration.unreachable         triggered 1  14 01:00  mail
14 02:05  contoso   integration.restored            resolved 1   14 01:00  mail
15 12:10  erp       target.opened                   triggered 1  15 12:00  mail, targets
15 12:40  erp       target.opened                   escalated 1  15 12:00  oncall
15 16:10  erp       target.opened                   reminder 1   15 12:00  mail, targets, oncall
16 00:10  erp       target.opened                   reminder 2   15 12:00  mail, targets, oncall
16 16:10  erp       target.opened                   reminder 3   15 12:00  mail, targets, oncall
17 16:10  erp       target.opened                   reminder 4   15 12:00  mail, targets, oncall
17 23:00  contoso   integration.lost                triggered 1  17 19:30  mail, erp-team
17 23:30  contoso   integration.lost                escalated 1  17 19:30  oncall
18 01:05  contoso   integration.restored            resolved 1   17 19:30  mail, erp-team, oncall
18 12:05  erp       target.closed                   resolved 1   15 12:00  mail, targets, oncall
19 08:15  fabrikam  integration.lost                triggered 1  19 08:00  mail, erp-team
19 08:45  fabrikam  integration.lost                escalated 1  19 08:00  oncall
19 09:05  fabrikam  integration.restored            resolved 1   19 08:00  mail, erp-team, oncall
22 11:40  contoso   integration.unreachable         triggered 1  22 11:30  mail
22 10:30  contoso   integration.unreachable         escalated 1  22 10:00  oncall
22 13:05  contoso   integration.restored            resolved 1   22 10:00  mail, oncall
23 10:10  contoso   integration.unreachable         triggered 1  23 10:00  mail  with fabrikam, sandbox
23 10:40  contoso   integration.unreachable         escalated 1  23 10:00  oncall  with fabrikam, sandbox
23 11:00  fabrikam  integration.lost                triggered 1  23 10:00  mail, erp-team
23 11:00  sandbox   integration.unreachable         triggered 1  23 10:00  mail
23 11:05  contoso   integration.restored            resolved 1   23 10:00  mail, oncall  with fabrikam, sandbox
23 11:30  fabrikam  integration.lost                escalated 1  23 10:00  oncall
23 12:05  fabrikam  integration.restored            resolved 1   23 10:00  mail, erp-team, oncall
23 12:25  sandbox   integration.restored            resolved 1   23 10:00  mail
24 08:10  contoso   credentials.expiring            triggered 1  24 08:00  mail
24 08:40  contoso   credentials.expiring            escalated 1  24 08:00  oncall
24 12:10  contoso   credentials.expiring            reminder 1   24 08:00  mail, oncall
24 20:10  contoso   credentials.expiring            reminder 2   24 08:00  mail, oncall
25 08:00  contoso   credentials.expired             changed 1    24 08:00  mail, oncall
25 10:05  contoso   credentials.renewed             resolved 1   24 08:00  mail, oncall
27 05:00  sandbox   integration.lost                triggered 1  26 06:00  mail, erp-team
27 12:25  sandbox   integration.restored            resolved 1   26 06:00  mail, erp-team
29 01:45  fabrikam  integration.lost                triggered 1  29 01:35  mail, erp-team
29 02:15  fabrikam  integration.lost                escalated 1  29 01:35  oncall
29 02:25  fabrikam  integration.restored            resolved 1   29 01:35  mail, erp-team, oncall
31 23:10  erp       target.opened                   triggered 1  31 23:00  mail, targets
31 23:40  erp       target.opened                   escalated 1  31 23:00  oncall
"""

FAULTS = [
    "03 13:05 contoso: StorageUnavailable",
    "17 23:00 contoso: StorageUnavailable",
    "19 08:05 fabrikam: StorageUnavailable",
    "19 08:15 fabrikam: StorageUnavailable",
    "19 08:20 fabrikam: Unsent",
    "fabrikam: the other prober was faster",
    "fabrikam: the other prober was faster",
]


@pytest.fixture(scope="module")
def world():
    played = World()
    asyncio.run(played.run())
    return played


def test_exactly_what_is_expected_is_told(world):
    assert world.table.splitlines() == TABLE.strip("\n").splitlines()


def test_what_was_sent_again_was_sent_under_its_key(world):
    again = [(heard.notice.subject, key.split(":", 1)[1]) for key, heard in world.heard.items() if heard.times > 1]
    assert again == [
        ("contoso", "triggered:1"),
        ("erp", "triggered:1"),
        ("fabrikam", "triggered:1"),
        ("fabrikam", "resolved:1"),
    ]


def test_all_that_was_to_fail_has_failed(world):
    assert world.faults == FAULTS


def states(world, watched):
    standing = asyncio.run(world.standing(watched))
    return [standing.states.get(kind, State()) for kind in MACHINES[watched]]


def test_at_its_end_nothing_is_unsent_and_open_is_what_lasts(world):
    every = {watched: states(world, watched) for watched in MACHINES}
    assert [state.outbox for each in every.values() for state in each if state.outbox] == []
    phases = {watched: [state.phase for state in each] for watched, each in every.items()}
    assert phases == {CONTOSO: ["ok", "ok", "ok"], FABRIKAM: ["ok"], SANDBOX: ["ok"], ERP: ["firing"]}


def test_every_end_went_where_the_alert_went(world):
    told: dict[str, set[str]] = {}
    ends: dict[str, list[set[str]]] = {}
    for heard in world.heard.values():
        if heard.notice.transition == "resolved":
            ends.setdefault(heard.notice.incident, []).append(set(heard.routes))
        elif heard.notice.transition != "relinked":
            told.setdefault(heard.notice.incident, set()).update(heard.routes)
    (lasting,) = told.keys() - ends.keys()
    assert ends == {incident: [routes] for incident, routes in told.items() if incident != lasting}
