"""`EntityDefinitions` of the emulated Web API: the tables of the world, told from their rows."""

import pytest

from tests.fixtures.dynamics import Playground

DEFINITIONS = "/api/data/v9.2/EntityDefinitions"


@pytest.fixture
def client(dynamics: Playground):
    organization = dynamics.organization()
    for entity_set, row in {
        "accounts": {"accountid": "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001", "name": "Contoso", "_ownerid_value": None},
        "opportunities": {"opportunityid": "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f002"},
        "new_boxes": {"new_boxid": "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f003", "new_name": "A", "new_height": 1.5},
        "tasks": {"activityid": "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f004", "subject": "Call"},
    }.items():
        dynamics.control.add_rows(organization.name, entity_set, [row])
    with dynamics.client(organization.base_url()) as client:
        yield client


def read(client, **options: str) -> list[dict[str, object]]:
    answer = client.get(DEFINITIONS, params={f"${name}": value for name, value in options.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def test_every_table_of_the_world_has_its_names(client):
    found = {
        row["EntitySetName"]: (
            row["LogicalName"],
            row["SchemaName"],
            row["PrimaryIdAttribute"],
            row["PrimaryNameAttribute"],
        )
        for row in read(client)
    }
    expected = {
        "asyncoperations": ("asyncoperation", "AsyncOperation", "asyncoperationid", "name"),
        "sdkmessages": ("sdkmessage", "SdkMessage", "sdkmessageid", "name"),
        "serviceendpoints": ("serviceendpoint", "ServiceEndpoint", "serviceendpointid", "name"),
        "accounts": ("account", "Account", "accountid", "name"),
        "opportunities": ("opportunity", "Opportunity", "opportunityid", None),
        "new_boxes": ("new_box", "new_Box", "new_boxid", "new_name"),
        "tasks": ("task", "Task", "activityid", "subject"),
    }
    assert {entity_set: found[entity_set] for entity_set in expected} == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LogicalName eq 'account'", ["account"]),
        ("LogicalName eq 'Account'", []),
        ("SchemaName eq 'new_Box'", ["new_box"]),
        ("EntitySetName eq 'opportunities'", ["opportunity"]),
        ("IsPrivate eq false and (LogicalName eq 'task' or IsCustomEntity eq true)", ["new_box", "task"]),
        ("LogicalName eq 'invoice'", []),
    ],
)
def test_definitions_are_filtered_and_selected(client, text, found):
    rows = read(client, filter=text, select="LogicalName")
    assert [row["LogicalName"] for row in rows] == found
    assert all(set(row) == {"LogicalName", "MetadataId"} for row in rows)


def test_one_definition_is_read_by_name_or_id_with_its_columns(client):
    by_name = client.get(f"{DEFINITIONS}(LogicalName='new_box')", params={"$select": "EntitySetName"}).json()
    by_id = client.get(f"{DEFINITIONS}({by_name['MetadataId']})").json()
    assert (by_name["EntitySetName"], by_id["LogicalName"]) == ("new_boxes", "new_box")
    columns = client.get(
        f"{DEFINITIONS}(LogicalName='account')/Attributes",
        params={
            "$filter": "AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Lookup'",
            "$select": "SchemaName",
        },
    )
    assert "Ownerid" in [column["SchemaName"] for column in columns.json()["value"]]
    one = client.get(f"{DEFINITIONS}({by_name['MetadataId']})/Attributes(LogicalName='new_height')").json()
    assert (one["AttributeType"], one["IsPrimaryId"]) == ("Decimal", False)


@pytest.mark.parametrize(
    ("below", "options", "status", "code"),
    [
        ("", {"$filter": "LogicalName eq"}, 400, "0x80060888"),
        ("", {"$filter": "logicalname eq 'account'"}, 400, "0x80060888"),
        ("", {"$select": "Colour"}, 400, "0x80060888"),
        ("", {"$top": "1"}, 400, "0x80060888"),
        ("", {"$orderby": "LogicalName"}, 400, "0x80060888"),
        ("(LogicalName='invoice')", {}, 404, "0x80060888"),
        ("(LogicalName='account')/Attributes(LogicalName='colour')", {}, 404, "0x80060888"),
        ("(LogicalName='account')/Keys", {}, 404, "0x8006088a"),
        ("(LogicalName='account')", {"$select": "Colour"}, 400, "0x80060888"),
    ],
)
def test_what_is_not_there_is_said(client, below, options, status, code):
    answer = client.get(f"{DEFINITIONS}{below}", params=options)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
