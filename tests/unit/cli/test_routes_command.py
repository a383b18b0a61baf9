"""`fno-link routes` explains every route for an event: which condition fails, and what only the link can decide."""

import json
from typing import Any

import pytest

from integration.cli import frame

CONFIGURATION = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"

[[organizations]]
name = "fabrikam"
url = "https://fabrikam.crm.dynamics.com"
tenant = "fabrikam.onmicrosoft.com"

[sources.erp]
kind = "http"
organization = "fabrikam"

[[routes]]
name = "large-orders"
event_types = ["SalesOrder*BusinessEvent"]
filters = [
  { operator = "StringIn", key = "data.LegalEntity", values = ["usmf", "demf"] },
  { operator = "NumberGreaterThan", key = "data.OrderTotal", value = 1000 },
]
target = "orders"

[[routes]]
name = "fabrikam-only"
organizations = ["fabrikam"]
sources = ["erp"]
target = "orders"

[[routes]]
name = "accounts"
event_types = ["account.update"]
filters = [{ operator = "NumberGreaterThanOrEquals", key = "data.target.creditlimit", value = 100 }]
target = "orders"

[[routes]]
name = "europe"
filters = [{ operator = "StringEndsWith", key = "fnourl", values = [".eu.dynamics.com"] }]
event_types = ["europe"]
target = "orders"

[[routes]]
name = "off"
enabled = false
target = "orders"

[targets.orders]
kind = "webhook"
url = "https://orders.example/hook"
secret = "%ORDERS_SECRET%"
"""
ORDER = {
    "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
    "BusinessEventLegalEntity": "USMF",
    "EventId": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11",
    "ControlNumber": 5637611099,
    "LegalEntity": "usmf",
    "OrderTotal": 1250.5,
}
XRM = ":http://schemas.microsoft.com/xrm/2011/Contracts"
CONTEXT = {
    "MessageName": "Update",
    "PrimaryEntityName": "account",
    "PrimaryEntityId": "6d81aaaa-0000-0000-0000-000000000001",
    "OperationId": "4af1aaaa-0000-0000-0000-000000000001",
    "Mode": 1,
    "Stage": 40,
    "OperationCreatedOn": "/Date(1767268800000+0000)/",
    "InputParameters": [
        {
            "key": "Target",
            "value": {
                "__type": "Entity" + XRM,
                "Attributes": [{"key": "creditlimit", "value": {"__type": "Money" + XRM, "Value": 100.0}}],
                "Id": "6d81aaaa-0000-0000-0000-000000000001",
                "LogicalName": "account",
            },
        }
    ],
}
CLOUD_EVENT = {"specversion": "1.0", "id": "1", "source": "https://x", "type": "europe", "data": {"a": 1}}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FNO_LINK_CONFIG", raising=False)
    (tmp_path / "fno-link.toml").write_text(CONFIGURATION)
    return tmp_path


@pytest.fixture
def tested(project, capsys):
    def run(event: Any, *options: str) -> tuple[int, Any]:
        (project / "event.json").write_text(event if isinstance(event, str) else json.dumps(event))
        code = frame.run(["routes", "test", "event.json", "--json", *options])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_every_route_is_explained_for_a_raw_business_event(tested):
    code, answer = tested(ORDER)
    assert code == 0
    assert answer[0] == {"route": "large-orders", "matched": True, "because": "all 3 conditions hold"}
    assert answer[1]["because"] == 'organizations: organization is "contoso", wanted StringIn ["fabrikam"]'
    assert answer[2]["because"].startswith('event_types: type is "SalesOrderConfirmedBusinessEvent", wanted one of')
    assert [each["matched"] for each in answer] == [True, False, False, False, False]
    assert [set(each) for each in answer] == [{"route", "matched", "because"}] * 5


def test_the_first_condition_that_fails_is_named_with_the_value_seen(tested):
    code, answer = tested({**ORDER, "OrderTotal": 900})
    assert code == 1
    assert answer[0]["because"] == "filters[1]: data.OrderTotal is 900, wanted NumberGreaterThan 1000"
    _, answer = tested({**ORDER, "LegalEntity": "x" * 500})
    assert len(answer[0]["because"]) < 200
    _, answer = tested(
        {name: value for name, value in ORDER.items() if name != "LegalEntity"} | {"legalEntity": "usmf"}
    )
    assert "data.LegalEntity is missing (the event has data.legalEntity)" in answer[0]["because"]


def test_a_remote_execution_context_is_explained_in_its_flat_form(tested):
    code, answer = tested(CONTEXT)
    assert code == 0
    assert [each["route"] for each in answer if each["matched"]] == ["accounts"]


def test_what_the_link_decides_is_neither_yes_nor_no_until_it_is_stamped(tested):
    code, answer = tested(CLOUD_EVENT)
    assert code == 3
    assert answer[3]["matched"] is None
    assert "asks about the link" in answer[3]["because"]
    code, answer = tested(CLOUD_EVENT, "--stamp", "fnourl=https://contoso.operations.eu.dynamics.com")
    assert (code, answer[3]["matched"]) == (0, True)


def test_a_source_brings_its_organization(tested):
    code, answer = tested(ORDER, "--source", "erp")
    assert code == 0
    assert [each["route"] for each in answer if each["matched"]] == ["large-orders", "fabrikam-only"]
    assert (
        tested(ORDER, "--organization", "fabrikam")[1][1]["because"]
        == 'sources: the source is "", wanted StringIn ["erp"]'
    )


def test_several_events_in_one_file_are_told_apart(tested):
    code, answer = tested([ORDER, {**ORDER, "EventId": "8E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11", "OrderTotal": 1}])
    assert code == 1
    assert len(answer) == 10
    assert len({each["event"] for each in answer}) == 2


@pytest.mark.parametrize("body", ["", "hello", "{", "Test message", "[]"])
def test_what_is_no_event_is_reported_and_bad(project, capsys, body):
    (project / "event.json").write_text(body)
    assert frame.run(["routes", "test", "event.json"]) == 1
    assert capsys.readouterr().err


def test_text_for_people_says_the_same(project, capsys):
    (project / "event.json").write_text(json.dumps(ORDER))
    assert frame.run(["routes", "test", "event.json"]) == 0
    out = capsys.readouterr().out
    assert "large-orders: takes it - all 3 conditions hold" in out
    assert "off: no - the route is disabled" in out


@pytest.mark.parametrize(
    "options",
    [
        ["missing.json"],
        ["event.json", "--source", "nowhere"],
        ["event.json", "--organization", "nobody"],
        ["event.json", "--source", "erp", "--organization", "contoso"],
        ["event.json", "--stamp", "legalentity=usmf"],
        [],
    ],
)
def test_wrong_usage_ends_with_2(project, options):
    (project / "event.json").write_text(json.dumps(ORDER))
    assert frame.run(["routes", "test", *options]) == 2


def test_routes_are_listed_in_order(capsys):
    assert frame.run(["routes", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["route"] for each in listed] == ["large-orders", "fabrikam-only", "accounts", "europe", "off"]
    assert listed[0]["conditions"] == 3
    assert [each["enabled"] for each in listed] == [True, True, True, True, False]
    assert frame.run(["routes", "list"]) == 0
    assert "large-orders" in capsys.readouterr().out


def test_wrong_filters_are_listed_with_their_places(project, capsys):
    text = CONFIGURATION.replace('NumberGreaterThan"', 'NumberGreater"').replace('values = [".eu', 'value = [".eu')
    (project / "fno-link.toml").write_text(text.replace("example/hook", "example/{colour}"))
    assert frame.run(["routes", "list"]) == 1
    err = capsys.readouterr().err
    assert "fno-link.toml: targets.orders.url: names the unknown field {colour}" in err
    assert "fno-link.toml: routes[0].filters[1].operator" in err
    assert "did you mean NumberGreaterThan?" in err
    assert "fno-link.toml: routes[3].filters[0].value" in err
