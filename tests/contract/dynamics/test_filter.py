"""Filters of the emulated Web API: what it cannot read is an error, never no rows."""

import pytest

from tests.fixtures.dynamics import Playground

ROWS = [
    {"a": 0, "b": 1, "name": "Contoso"},
    {"a": 0, "b": 2, "name": "O'Neil"},
    {"a": 5, "b": None, "name": "fabrikam"},
]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a eq 0", ["Contoso", "O'Neil"]),
        ("a eq 0 and b gt 1", ["O'Neil"]),
        ("a eq 5 or b eq 1", ["Contoso", "fabrikam"]),
        ("name eq 'CONTOSO'", ["Contoso"]),
        ("name eq 'O''Neil'", ["O'Neil"]),
        ("b eq null", ["fabrikam"]),
        ("a eq 7", []),
    ],
)
def test_a_filter_is_evaluated(dynamics: Playground, text, names):
    organization = dynamics.organization()
    dynamics.control.add_rows(organization.name, "things", ROWS)
    with dynamics.client(organization.base_url()) as client:
        answer = client.get("/api/data/v9.2/things", params={"$filter": text})
    assert [row["name"] for row in answer.json()["value"]] == names


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("things", {"$filter": "a eq"}),
        ("things", {"$filter": "a eq 0 and"}),
        ("things", {"$filter": "a eq 0 b gt 1"}),
        ("things", {"$filter": "contains(a,'x')"}),
        ("things", {"$filter": "a eq c"}),
        ("things", {"$filter": ""}),
        ("things", {"sql": "SELECT a FROM thing"}),
        ("EntityDefinitions", {"$filter": "LogicalName eq thing"}),
    ],
)
def test_what_it_cannot_read_is_400(dynamics: Playground, path, options):
    organization = dynamics.organization()
    dynamics.control.add_rows(organization.name, "things", ROWS)
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(f"/api/data/v9.2/{path}", params=options)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "0x80060888"
