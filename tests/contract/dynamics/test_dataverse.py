"""The emulated Dataverse, by httpx, requests and curl."""

import os
import shutil
import subprocess

import httpx
import msgspec
import pytest
import requests

from tests.fixtures.dynamics import OTHER_TENANT, Playground

LINK = "/api/data/v9.2/RetrieveFinanceAndOperationsIntegrationDetails"
LINK_91 = "/api/data/v9.1/RetrieveFinanceAndOperationsIntegrationDetails"
WHO = "/api/data/v9.2/WhoAmI"


@pytest.mark.parametrize("path", [LINK, LINK_91, f"{LINK}()"])
def test_a_linked_organization_answers_its_environment(dynamics: Playground, path: str):
    organization = dynamics.organization(linked=False)
    dynamics.control.link(organization.name, "https://contoso.sandbox.operations.eu.dynamics.com", "an-id")
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(path)
    version = path.split("/")[3]
    assert answer.json() == {
        "@odata.context": f"{organization.base_url()}/api/data/{version}/$metadata"
        "#Microsoft.Dynamics.CRM.RetrieveFinanceAndOperationsIntegrationDetailsResponse",
        "Url": "https://contoso.sandbox.operations.eu.dynamics.com",
        "TenantId": dynamics.tenant.id,
        "Id": "an-id",
        "IsUnifiedDatabase": False,
        "OrgLifecycleStatus": "Running",
    }


def test_the_undocumented_properties_may_be_absent(dynamics: Playground):
    organization = dynamics.organization()
    url = "https://contoso.operations.dynamics.com"
    dynamics.control.link(organization.name, url, is_unified_database=None, lifecycle_status=None)
    with dynamics.client(organization.base_url()) as client:
        assert set(client.get(LINK).json()) == {"@odata.context", "Url", "TenantId", "Id"}


def test_unlinking_and_relinking_change_the_answer(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        first = client.get(LINK).json()
        dynamics.control.unlink(organization.name)
        unlinked = client.get(LINK)
        dynamics.control.relink(organization.name, "https://elsewhere.operations.dynamics.com")
        second = client.get(LINK).json()
    message = "Dataverse instance isn't integrated with finance and operations."
    assert unlinked.status_code == 400
    assert unlinked.json() == {"error": {"code": "0x80048d0b", "message": message}}
    assert first["Url"] == f"https://{organization.name}.operations.dynamics.com"
    assert second["Url"] == "https://elsewhere.operations.dynamics.com"
    assert first["Id"] != second["Id"]


def test_who_am_i_names_the_organization(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(WHO)
    assert answer.json()["OrganizationId"] == organization.id()
    assert set(answer.json()) == {"@odata.context", "BusinessUnitId", "UserId", "OrganizationId"}
    assert answer.headers["OData-Version"] == "4.0"


def test_the_api_form_of_the_host_answers_too(dynamics: Playground):
    organization = dynamics.organization()
    host, api_host = organization.hosts()
    with dynamics.client(f"https://{host}") as client:
        assert client.get(f"https://{api_host}{WHO}").status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://{name}.crm.dynamics.com",
        "https://{name}.crm4.dynamics.com",
        "https://{name}.crm9.dynamics.com",
        "https://{name}.crm19.dynamics.com/",
    ],
)
def test_every_region_has_its_host_name(dynamics: Playground, url: str):
    organization = dynamics.organization(url=url)
    with dynamics.client(organization.base_url()) as client:
        assert client.get(WHO).status_code == 200


def test_sdkmessages_lists_the_messages(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        everything = client.get("/api/data/v9.2/sdkmessages", params={"$select": "name"}).json()["value"]
        one = client.get("/api/data/v9.2/sdkmessages", params={"$filter": "name eq 'WhoAmI'", "$top": "1"}).json()
    assert "RetrieveFinanceAndOperationsIntegrationDetails" in [row["name"] for row in everything]
    assert [row["name"] for row in one["value"]] == ["WhoAmI"]


def test_a_row_is_read_by_its_key_with_the_columns_asked_for(dynamics: Playground):
    organization = dynamics.organization()
    row = {
        "@odata.etag": 'W/"1"',
        "accountid": "6d810000-0000-4000-8000-000000000001",
        "accountnumber": "US-001",
        "creditlimit": 12.5,
        "creditlimit@OData.Community.Display.V1.FormattedValue": "$12.50",
    }
    dynamics.control.add_rows(organization.name, "accounts", [row])
    with dynamics.client(organization.base_url()) as client:
        whole = client.get(f"/api/data/v9.2/accounts({row['accountid']})").json()
        column = client.get("/api/data/v9.2/accounts(accountnumber='US-001')?$select=creditlimit").json()
        missing = client.get("/api/data/v9.2/accounts(00000000-0000-4000-8000-000000000002)")
        unknown_table = client.get("/api/data/v9.2/nothings")
    assert whole.pop("@odata.context") == f"{organization.base_url()}/api/data/v9.2/$metadata#accounts/$entity"
    assert whole == row
    assert column["creditlimit"] == 12.5
    assert "accountnumber" not in column
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "0x80040217")
    assert (unknown_table.status_code, unknown_table.json()["error"]["code"]) == (404, "0x8006088a")


def test_no_token_and_a_forged_one_are_401_with_the_challenge(dynamics: Playground):
    organization = dynamics.organization()
    good = dynamics.token(organization.base_url())
    head, body, signature = good.split(".")
    forged = f"{head}.{body}.{signature[:-8]}AAAAAAAA"
    for headers in ({}, {"Authorization": f"Bearer {forged}"}, {"Authorization": f"Basic {good}"}):
        answer = httpx.get(f"{organization.base_url()}{WHO}", headers=headers)
        assert (answer.status_code, answer.content) == (401, b"")
        assert dynamics.tenant.id in answer.headers["WWW-Authenticate"]


def test_a_token_for_another_organization_is_401(dynamics: Playground):
    mine, other = dynamics.organization(), dynamics.organization()
    headers = {"Authorization": f"Bearer {dynamics.token(other.base_url())}"}
    answer = httpx.get(f"{mine.base_url()}{WHO}", headers=headers)
    assert answer.status_code == 401
    assert other.base_url() in answer.headers["x-emulated-reason"]


def test_a_token_born_expired_is_401(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.set_token_lifetime(-1)
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(WHO)
    assert answer.status_code == 401
    assert "expired" in answer.headers["x-emulated-reason"]


def test_revoked_tokens_are_401_and_new_ones_are_not(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        assert client.get(WHO).status_code == 200
        dynamics.control.revoke_tokens(organization.name)
        assert client.get(WHO).status_code == 401
    with dynamics.client(organization.base_url()) as client:
        assert client.get(WHO).status_code == 200


def test_an_app_without_an_application_user_is_403(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.set_access(dynamics.client_id, ())
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(LINK)
    assert answer.status_code == 403
    assert answer.json() == {
        "error": {"code": "0x80072560", "message": "The user is not a member of the organization."}
    }


def test_an_organization_of_another_tenant_is_not_a_resource_of_this_one(dynamics: Playground):
    organization = dynamics.organization(tenant=OTHER_TENANT.id)
    with pytest.raises(KeyError, match="access_token"):
        dynamics.token(organization.base_url())


def test_calls_are_counted_by_kind(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        for path in (LINK, LINK_91, WHO, "/api/data/v9.2/sdkmessages", "/api/data/v9.2/accounts"):
            client.get(path)
    calls = dynamics.control.calls(organization.name)
    assert {kind: calls[kind] for kind in ("token", "link", "whoami", "sdkmessages", "row")} == {
        "token": 1,
        "link": 2,
        "whoami": 1,
        "sdkmessages": 1,
        "row": 1,
    }


def test_requests_reaches_it_by_the_environment_alone(dynamics: Playground):
    organization = dynamics.organization()
    headers = {"Authorization": f"Bearer {dynamics.token(organization.base_url())}"}
    answer = requests.get(f"{organization.base_url()}{WHO}", headers=headers, timeout=10)
    assert answer.json()["OrganizationId"] == organization.id()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_reaches_it_by_the_environment_alone(dynamics: Playground):
    organization = dynamics.organization()
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--header",
        f"Authorization: Bearer {dynamics.token(organization.base_url())}",
        f"{organization.base_url()}{WHO}",
    ]
    done = subprocess.run(command, env=dict(os.environ) | dynamics.environ, capture_output=True, check=True, timeout=20)
    assert msgspec.json.decode(done.stdout)["OrganizationId"] == organization.id()
