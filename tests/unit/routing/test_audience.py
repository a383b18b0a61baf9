"""`config check` finds the alerts that nobody would hear of, and no others."""

import pytest

from integration.config.keys.model import Route, TeamsTarget, WebhookTarget
from integration.events.alerts import ALL, ENDS
from integration.routing.audience import unheard
from integration.routing.table import RouteTable

TARGETS = {
    "hook": WebhookTarget(name="hook", url="https://example.com"),
    "ops": TeamsTarget(name="ops", url="https://example.com"),
    "off": TeamsTarget(name="off", url="https://example.com", enabled=False),
}


def warnings(*routes, targets=TARGETS):
    made = [Route(**{"name": f"r{i}", "target": "hook", **route}) for i, route in enumerate(routes)]
    return list(unheard(RouteTable.compile(made), targets, file="f"))


ELSEWHERE = {"event_types": ("fno-link.target.*",), "target": "ops"}


@pytest.mark.parametrize("route", [{"event_types": ("fno-link.*",)}, {}, {"event_types": ("*",)}])
def test_who_takes_everything_hears_everything(route):
    assert warnings(route, ELSEWHERE) == []


@pytest.mark.parametrize(
    "route",
    [
        {"event_types": ("SalesOrder*",)},
        {"sources": ("crm",)},
        {"event_types": ("fno-link.*",), "enabled": False},
        {"event_types": ("fno-link.*",), "sources": ("crm",)},
        {"filters": [{"operator": "IsNotNull", "key": "fnourl"}]},
    ],
)
def test_an_app_in_which_no_alert_finds_a_route_is_told_once_with_what_to_add(route):
    [warning] = warnings(route)
    assert all(each in warning.message for each in ALL)
    assert '[[routes]]\nname = "alerts"\nevent_types = ["fno-link.*"]\ntarget = "ops"' in warning.hint


def test_each_type_that_is_missing_is_named_and_an_end_follows_its_beginning():
    warning = warnings({"event_types": ("fno-link.integration.*",)}, ELSEWHERE)[0]
    named = warning.message.removeprefix("no route takes ").split(", ")
    expected = {each for each in ALL if each.split(".")[1] not in ("integration", "target")}
    assert set(named) == expected
    troubles = tuple(each for each in ALL if each not in ENDS.values())
    assert warnings({"event_types": troubles}, ELSEWHERE) == []


def test_an_end_of_several_beginnings_is_missing_while_one_of_them_is():
    types = tuple(each for each in ALL if each not in ("fno-link.source.silent", "fno-link.source.restored"))
    [warning] = warnings({"event_types": types}, ELSEWHERE)
    assert warning.message == "no route takes fno-link.source.silent, fno-link.source.restored"


def test_a_target_whose_alerts_would_go_to_itself_alone_is_named():
    [warning] = warnings(
        {"event_types": ("fno-link.*",)}, {"target": "ops", "event_types": ("fno-link.integration.*",)}
    )
    assert warning.key == "routes[0].target"
    assert "those about hook itself go nowhere" in warning.message
    assert 'event_types = ["fno-link.target.*"]' in warning.hint
    assert warnings({"event_types": ("fno-link.*",)}, {"event_types": ("fno-link.*",), "target": "ops"}) == []
