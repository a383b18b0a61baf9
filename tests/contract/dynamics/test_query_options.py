"""Query options and pages of the emulated Web API, as Dataverse documents them."""

import pytest

from tests.fixtures.dynamics import Playground

THINGS = "/api/data/v9.2/things"
ROWS = [
    {"thingid": f"6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f00{n}", "name": name, "size": size, "at": at}
    for n, (name, size, at) in enumerate(
        [
            ("Nut", 3, "2026-01-02T00:00:00Z"),
            ("bolt", None, "2026-01-01T12:00:00Z"),
            ("Screw", 1, "2025-12-31T23:00:00Z"),
            ("anchor", 3, "2026-01-03T00:00:00Z"),
        ]
    )
]


@pytest.fixture
def client(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.add_rows(organization.name, "things", ROWS)
    with dynamics.client(organization.base_url()) as client:
        yield client


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["value"]]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"$orderby": "name"}, ["anchor", "bolt", "Nut", "Screw"]),
        ({"$orderby": "size desc,name asc"}, ["anchor", "Nut", "Screw", "bolt"]),
        ({"$orderby": "size, name desc"}, ["bolt", "Screw", "Nut", "anchor"]),
        ({"$orderby": "at"}, ["Screw", "bolt", "Nut", "anchor"]),
        ({"$orderby": "at desc", "$top": "1"}, ["anchor"]),
        ({"$top": "0"}, []),
        ({"$filter": "at ge 2026-01-01 and at lt 2026-01-02T00:00:00Z"}, ["bolt"]),
        ({"$filter": "not (size eq 3)"}, ["bolt", "Screw"]),
        ({"$filter": "not (size gt 1)"}, ["Screw"]),
        ({"$filter": "size eq 1 or (size eq 3 and not startswith(name,'a'))"}, ["Nut", "Screw"]),
        ({"$filter": "size eq 1 or size eq 3 and not startswith(name,'a')"}, ["Nut", "Screw"]),
        ({"$filter": "(size eq 1 or size eq 3) and not startswith(name,'n')"}, ["Screw", "anchor"]),
        ({"$filter": "endswith(name,'T') and contains(name,'_t')"}, ["Nut", "bolt"]),
        ({"$filter": "contains(name,'[nb]o')"}, ["bolt"]),
        ({"$filter": "thingid eq 6D81C9A3-2f35-4b5e-9d1c-0a4be2c7f001"}, ["bolt"]),
        ({"$filter": "thingid eq '6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001'"}, ["bolt"]),
        ({"$filter": "name ne name or size eq size and size gt 2"}, ["Nut", "anchor"]),
        ({"$filter": "Microsoft.Dynamics.CRM.NotIn(PropertyName='size',PropertyValues=[\"3\"])"}, ["Screw"]),
    ],
)
def test_options_are_evaluated(client, options, found):
    assert names(client.get(THINGS, params=options)) == found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"$filter": "((size eq 1)"}, "Syntax error at position 12"),
        ({"$filter": "size eq 1) "}, "Syntax error at position 9"),
        ({"$filter": "not size eq 1"}, "operator kind 'Not'"),
        ({"$filter": "size eq 'three'"}, "'Edm.Int32' and 'Edm.String' for operator kind 'Equal'"),
        ({"$filter": "name gt 3"}, "'Edm.String' and 'Edm.Int32' for operator kind 'GreaterThan'"),
        ({"$filter": "name eq 'O'Neil'"}, "unterminated literal at position 15"),
        ({"$filter": "length(name) eq 3"}, "unknown function with name 'length'"),
        ({"$filter": "contains(size,'3')"}, "'contains'"),
        ({"$filter": "contains(name,3)"}, "Syntax error"),
        ({"$filter": "Name eq 'Nut'"}, "named 'Name' on type 'Microsoft.Dynamics.CRM.thing'"),
        ({"$filter": "(" * 200 + "size eq 1" + ")" * 200}, "Recursion depth"),
        ({"$filter": "Microsoft.Dynamics.CRM.In(PropertyName='size',PropertyValues=['3'])"}, "Invalid JSON"),
        ({"$filter": "contains(name,'[z-a]')"}, "wildcards"),
        ({"$orderby": "weight"}, "named 'weight'"),
        ({"$orderby": "name up"}, "Syntax error at position 0"),
        ({"$orderby": "name,"}, "Syntax error at position 5"),
        ({"$select": "name,weight"}, "named 'weight'"),
        ({"$select": "name,"}, "$select"),
        ({"$top": "-1"}, "Invalid value '-1' for $top"),
        ({"$top": "many"}, "Invalid value 'many' for $top"),
        ({"$count": "yes"}, "Invalid value 'yes' for $count"),
        ({"$skip": "2"}, "The query parameter $skip is not supported"),
        ({"$search": "nut"}, "The query parameter $search is not supported"),
        ({"filter": "size eq 1"}, "The query parameter filter is not supported"),
        ({"$expand": "owner"}, "named 'owner'"),
        ({"$expand": "owner($select=name"}, "Syntax error in the value"),
        ({"$skiptoken": "2"}, "Malformed XML in the Paging Cookie"),
        ([("$top", "1"), ("$top", "2")], "more than once"),
    ],
)
def test_what_dataverse_cannot_read_is_400_with_its_message(client, options, message):
    answer = client.get(THINGS, params=options)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "0x80060888"
    assert message in answer.json()["error"]["message"]


def test_a_count_is_of_all_rows_that_pass(client):
    answer = client.get(THINGS, params={"$count": "true", "$filter": "size ge 1", "$top": "1"}).json()
    assert (answer["@odata.count"], len(answer["value"])) == (3, 1)
    assert "@odata.count" not in client.get(THINGS, params={"$count": "false"}).json()
    prefer = {"Prefer": 'odata.include-annotations="*"'}
    answer = client.get(THINGS, params={"$count": "true"}, headers=prefer).json()
    assert answer["@Microsoft.Dynamics.CRM.totalrecordcount"] == 4
    assert answer["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"] is False


def test_pages_link_to_the_next_until_the_last(client, dynamics: Playground):
    prefer = {"Prefer": 'odata.include-annotations="a,b", odata.maxpagesize=3'}
    first = client.get(THINGS, params={"$select": "name", "$orderby": "name", "$count": "true"}, headers=prefer)
    assert first.headers["Preference-Applied"] == "odata.maxpagesize=3"
    assert names(first) == ["anchor", "bolt", "Nut"]
    link = first.json()["@odata.nextLink"]
    assert link.startswith(
        f"https://{first.request.url.host}{THINGS}?$select=name&$orderby=name&$count=true&$skiptoken="
    )
    # A row that comes before the end of a page moves nothing.
    dynamics.control.add_rows(
        first.request.url.host.partition(".")[0], "things", [ROWS[0] | {"name": "aa", "thingid": "x"}]
    )
    last = client.get(link, headers=prefer)
    assert names(last) == ["Screw"]
    assert last.json()["@odata.count"] == 5
    assert "@odata.nextLink" not in last.json()
    assert set(last.json()["value"][0]) == {"name", "thingid"}


def test_pages_hold_at_most_five_thousand_rows(dynamics: Playground):
    organization = dynamics.organization()
    many = [{"thingid": f"6d81c9a3-2f35-4b5e-9d1c-{n:012}", "name": "x"} for n in range(5001)]
    dynamics.control.add_rows(organization.name, "things", many)
    with dynamics.client(organization.base_url()) as client:
        first = client.get(THINGS, params={"$select": "name", "$count": "true"}).json()
        larger = client.get(THINGS, headers={"Prefer": "odata.maxpagesize=9000"}).json()
        second = client.get(first["@odata.nextLink"]).json()
    assert (len(first["value"]), len(larger["value"]), len(second["value"])) == (5000, 5000, 1)
    assert first["@odata.count"] == 5000


@pytest.mark.parametrize("size", ["0", "-2", "many", ""])
def test_a_page_size_that_is_no_number_is_400(client, size):
    answer = client.get(THINGS, headers={"Prefer": f"odata.maxpagesize={size}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "0x80060888")


def test_a_row_is_read_by_alternate_keys_and_selects_columns_that_exist(client):
    row = client.get(f"{THINGS}(name='nut',size=3)", params={"$select": "at"}).json()
    assert row["at"] == ROWS[0]["at"]
    assert client.get(f"{THINGS}(name='nut',size=1)").status_code == 404
    refused = client.get(f"{THINGS}({ROWS[0]['thingid']})", params={"$select": "weight"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "0x80060888")
    assert client.get(f"{THINGS}({ROWS[0]['thingid']})", params={"$filter": "size eq 3"}).status_code == 400


def test_a_column_without_a_value_is_null(client):
    row = client.get(f"{THINGS}({ROWS[1]['thingid']})").json()
    assert row["size"] is None
