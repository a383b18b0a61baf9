"""Microsoft's own client of Dataverse, unmodified, under the production names: it reads rows out of the box."""

from collections.abc import Generator
from typing import Any

import msal
import pytest
from azure.core.credentials import AccessToken, TokenCredential
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError, MetadataError
from PowerPlatform.Dataverse.models.filters import col

from tests.fixtures.dynamics import CLIENT_ID, CLIENT_SECRET, TENANT, Playground

IDS = [f"6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f00{n}" for n in range(5)]
ACCOUNTS = [
    {"accountid": IDS[0], "name": "Contoso", "revenue": 300.5, "statecode": 0, "createdon": "2026-01-01T08:00:00Z"},
    {"accountid": IDS[1], "name": "Fabrikam", "revenue": 100, "statecode": 0, "createdon": "2026-02-01T08:00:00Z"},
    {"accountid": IDS[2], "name": "O'Neil Ltd", "revenue": None, "statecode": 1, "createdon": "2026-03-01T08:00:00Z"},
    {
        "accountid": IDS[3],
        "name": "Contoso Suites",
        "revenue": 200,
        "statecode": 0,
        "createdon": "2026-04-01T08:00:00Z",
    },
    {"accountid": IDS[4], "name": "adatum", "revenue": 100, "statecode": 1, "createdon": "2026-05-01T08:00:00Z"},
]
PARTS = [{"new_partid": IDS[0], "new_name": "bolt", "new_weight": 12}]


class MsalCredential(TokenCredential):
    """What azure-identity does, without its own discovery: msal against the emulated Entra."""

    def __init__(self) -> None:
        authority = f"https://login.microsoftonline.com/{TENANT.domain}"
        self._app = msal.ConfidentialClientApplication(CLIENT_ID, client_credential=CLIENT_SECRET, authority=authority)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        answer = self._app.acquire_token_for_client(list(scopes))
        return AccessToken(answer["access_token"], answer["expires_in"])


@pytest.fixture
def client(dynamics: Playground) -> Generator[DataverseClient]:
    organization = dynamics.organization()
    dynamics.control.add_rows(organization.name, "accounts", ACCOUNTS)
    dynamics.control.add_rows(organization.name, "new_parts", PARTS)
    with DataverseClient(organization.base_url(), MsalCredential()) as client:
        yield client


def names(rows) -> list[str]:
    return [row["name"] for row in rows]


def test_rows_are_read_filtered_ordered_and_limited(client: DataverseClient):
    rows = client.records.list(
        "account",
        select=["name", "revenue"],
        filter="statecode eq 0 and (revenue gt 150 or contains(name,'fab'))",
        orderby=["revenue desc", "name"],
        top=2,
    )
    assert [(row["name"], row["revenue"]) for row in rows] == [("Contoso", 300.5), ("Contoso Suites", 200)]
    assert all("statecode" not in row.data for row in rows)
    assert [row["accountid"] for row in rows] == [IDS[0], IDS[3]]


def test_pages_follow_each_other_until_there_are_no_more(client: DataverseClient):
    pages = list(client.records.list_pages("account", select=["name"], orderby=["name"], page_size=2, count=True))
    assert [names(page) for page in pages] == [["adatum", "Contoso"], ["Contoso Suites", "Fabrikam"], ["O'Neil Ltd"]]
    assert names(client.records.list("account", page_size=1)) == names(ACCOUNTS)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (col("name") == "o'neil ltd", ["O'Neil Ltd"]),
        (~(col("name") == "Contoso") & (col("revenue") >= 100), ["Fabrikam", "Contoso Suites", "adatum"]),
        (col("name").startswith("Contoso") | col("name").endswith("TUM"), ["Contoso", "Contoso Suites", "adatum"]),
        (col("revenue").is_null(), ["O'Neil Ltd"]),
        (col("revenue").between(150, 250), ["Contoso Suites"]),
        (col("name").in_(["contoso", "Fabrikam"]), ["Contoso", "Fabrikam"]),
        (col("statecode").not_in([0]), ["O'Neil Ltd", "adatum"]),
        (col("name").not_like("%o%"), ["Fabrikam", "adatum"]),
    ],
)
def test_the_clients_own_filters_are_evaluated(client: DataverseClient, expression, found):
    assert names(client.query.builder("account").select("name").where(expression).execute()) == found


def test_a_row_is_read_by_its_id_and_none_is_none(client: DataverseClient):
    row = client.records.retrieve("account", IDS[1], select=["name"])
    assert row is not None
    assert (row["name"], "revenue" in row.data) == ("Fabrikam", False)
    assert client.records.retrieve("account", "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7ffff") is None


def test_tables_and_their_columns_are_described(client: DataverseClient):
    account, part = client.tables.get("Account"), client.tables.get("new_Part")
    assert account is not None
    assert (account.entity_set_name, account.primary_id_attribute, account.primary_name_attribute) == (
        "accounts",
        "accountid",
        "name",
    )
    assert part is not None
    assert (part.logical_name, part.primary_name_attribute) == ("new_part", "new_name")
    assert client.tables.get("invoice") is None
    listed = client.tables.list(filter="startswith(SchemaName,'new_')", select=["LogicalName", "EntitySetName"])
    assert [(table["LogicalName"], table["EntitySetName"]) for table in listed] == [("new_part", "new_parts")]
    columns = {column["name"]: column for column in client.query.sql_columns("account")}
    told = {
        "accountid": "Uniqueidentifier",
        "name": "String",
        "revenue": "Money",
        "statecode": "State",
        "createdon": "DateTime",
    }
    assert told.items() <= {name: column["type"] for name, column in columns.items()}.items()
    assert [name for name, column in columns.items() if column["is_pk"]] == ["accountid"]


def test_what_dataverse_refuses_the_client_says(client: DataverseClient):
    with pytest.raises(HttpError, match="Could not find a property named 'nam' on type "):
        client.records.list("account", select=["nam"])
    with pytest.raises(HttpError, match="Syntax error at position") as caught:
        client.records.list("account", filter="name eq")
    assert (caught.value.status_code, caught.value.details["service_error_code"]) == (400, "0x80060888")
    with pytest.raises(MetadataError):
        client.records.list("invoice")
