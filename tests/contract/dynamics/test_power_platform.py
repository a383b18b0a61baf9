"""The emulated Power Platform API, and what Dataverse tells of the environment that an organization is in."""

import httpx
import msal
import pytest

from emulation.dynamics import App, Application, Environment, Metadata, Operation, Organization, Secret
from tests.fixtures.dynamics import US_TENANT, Playground

API = "https://api.powerplatform.com"
VERSION = "api-version=2024-10-01"
CURRENT = "/api/data/v9.2/RetrieveCurrentOrganization"


def path(organization: Organization, rest: str = "") -> str:
    return f"/environmentmanagement/environments/{Environment().named(organization.base_url())}{rest}?{VERSION}"


@pytest.fixture
def allowed(dynamics: Playground) -> Playground:
    dynamics.control.set_platform_access(dynamics.client_id)
    return dynamics


def test_an_application_without_a_role_is_403_though_entra_gives_it_a_token(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(API) as client:
        for rest in ("", "/operations"):
            answer = client.get(path(organization, rest))
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Forbidden")
            assert "does not have permission to access the path" in answer.json()["error"]["message"]
    assert dynamics.control.calls(organization.name)["platform"] == 2


def test_a_token_for_something_else_is_401(allowed: Playground):
    organization = allowed.organization()
    for headers in ({}, {"Authorization": f"Bearer {allowed.token(organization.base_url())}"}):
        answer = httpx.get(API + path(organization), headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_tenant_without_the_service_principal_gets_no_token(dynamics: Playground):
    other = dynamics.tenant
    dynamics.control.add_tenant(
        type(other)("99999999-0000-4000-8000-0000000000ff", "bare.example.com", power_platform=False)
    )
    dynamics.control.add_app(App("0a1b2c3d-0000-4000-8000-0000000000ff", "bare.example.com", (Secret("s"),)))
    app = msal.ConfidentialClientApplication(
        "0a1b2c3d-0000-4000-8000-0000000000ff",
        client_credential="s",
        authority="https://login.microsoftonline.com/bare.example.com",
    )
    assert 500011 in app.acquire_token_for_client([f"{API}/.default"])["error_codes"]


def test_an_environment_is_told_with_the_linked_one(allowed: Playground):
    organization = allowed.organization()
    with allowed.client(API) as client:
        found = client.get(path(organization)).json()
        some = client.get(f"{path(organization)}&$select=id,adminMode").json()
    assert (found["adminMode"], found["state"], found["dataverseId"]) == ("Disabled", "Ready", organization.id())
    assert found["finOpsMetadata"]["type"] == "Linked"
    assert found["finOpsMetadata"]["url"] == f"https://{organization.name}.operations.dynamics.com/"
    assert some == {"id": found["id"], "adminMode": "Disabled"}


def test_what_it_tells_is_set_by_the_control_api(allowed: Playground):
    organization = allowed.organization()
    stale = Metadata("f-1", "Internal", "https://stale.operations.dynamics.com")
    with allowed.client(API) as client:
        allowed.control.set_environment(organization.name, Environment(admin_mode="Enabled", state="x", knows=stale))
        found = client.get(path(organization)).json()
        assert (found["adminMode"], found["state"], found["finOpsMetadata"]["id"]) == ("Enabled", "x", "f-1")
        allowed.control.set_environment(organization.name, Environment(knows="nothing"))
        assert client.get(path(organization)).json()["finOpsMetadata"] is None
        allowed.control.set_environment(organization.name, Environment())
        allowed.control.unlink(organization.name)
        assert client.get(path(organization)).json()["finOpsMetadata"] is None


def test_operations_come_by_pages(allowed: Playground):
    organization = allowed.organization()
    operations = (*(Operation(f"op-{number}", "Succeeded") for number in range(51)), Operation("Restore"))
    allowed.control.set_environment(organization.name, Environment(operations=operations))
    with allowed.client(API) as client:
        first = client.get(path(organization, "/operations")).json()
        rest = client.get(f"{path(organization, '/operations')}&continuationToken={first['continuationToken']}").json()
        few = client.get(f"{path(organization, '/operations')}&limit=2").json()
        assert client.get(f"{path(organization, '/operations')}&limit=0").status_code == 400
    assert [len(first["collection"]), len(rest["collection"]), len(few["collection"])] == [50, 2, 2]
    assert rest["continuationToken"] is None
    assert (rest["collection"][1]["name"], rest["collection"][1]["status"]) == ("Restore", "InProgress")


def test_an_unknown_environment_path_or_version_is_refused(allowed: Playground):
    organization = allowed.organization()
    with allowed.client(API) as client:
        unknown = client.get(f"/environmentmanagement/environments/nobody?{VERSION}")
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "EnvironmentNotFound")
        assert client.get(path(organization, "/settings")).status_code == 404
        assert client.get(path(organization).partition("?")[0]).status_code == 400
        assert client.get(path(organization).replace("2024-10-01", "2019-01-01")).status_code == 400
        assert client.post(path(organization)).status_code == 405


def test_it_goes_wrong_on_purpose(allowed: Playground):
    organization, other = allowed.organization(), allowed.organization()
    with allowed.client(API) as client:
        for effect, status in {"throttled": 429, "unavailable": 503, "unauthorized": 401, "not_found": 404}.items():
            allowed.control.break_(organization.name, effect, kind="platform", times=1, retry_after="7")
            answer = client.get(path(organization))
            assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
        allowed.control.break_(organization.name, "malformed_json", kind="platform", times=1)
        with pytest.raises(ValueError, match=r"JSON|delimiter|string"):
            client.get(path(organization)).json()
        allowed.control.break_(organization.name, "reset", kind="platform", times=1)
        with pytest.raises(httpx.TransportError):
            client.get(path(organization))
        allowed.control.break_(organization.name, "throttled", kind="platform")
        assert client.get(path(other)).status_code == 200
        assert client.get(path(organization)).status_code == 429


def test_each_cloud_has_a_host_of_its_own(allowed: Playground):
    organization = allowed.organization(tenant=US_TENANT.id, url="https://{name}.crm.microsoftdynamics.us")
    allowed.control.add_app(
        App("0a1b2c3d-0000-4000-8000-0000000000fe", US_TENANT.id, (Secret("s"),), power_platform=True)
    )
    app = msal.ConfidentialClientApplication(
        "0a1b2c3d-0000-4000-8000-0000000000fe",
        client_credential="s",
        authority=f"https://login.microsoftonline.us/{US_TENANT.domain}",
    )
    high = "https://api.high.powerplatform.microsoft.us"
    token = app.acquire_token_for_client([f"{high}/.default"])["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(high + path(organization), headers=headers).status_code == 200
    assert httpx.get(API + path(organization), headers=headers).status_code == 404
    assert 500011 in app.acquire_token_for_client([f"{API}/.default"])["error_codes"]


@pytest.mark.parametrize(
    "access",
    [
        "(AccessType=@p)?@p=Microsoft.Dynamics.CRM.EndpointAccessType'Default'",
        "(AccessType=Microsoft.Dynamics.CRM.EndpointAccessType'Default')",
        "(AccessType='Default')",
    ],
)
def test_dataverse_tells_the_id_of_its_environment(dynamics: Playground, access: str):
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        found = client.get(f"{CURRENT}{access}").json()
    assert found["@odata.context"].endswith("RetrieveCurrentOrganizationResponse")
    assert found["Detail"]["EnvironmentId"] == Environment().named(organization.base_url())
    assert found["Detail"]["OrganizationId"] == organization.id()
    assert dynamics.control.calls(organization.name)["environment"] == 1


@pytest.mark.parametrize(("access", "status"), [("(AccessType='Nobody')", 400), ("(AccessType=@p)", 400), ("", 404)])
def test_dataverse_refuses_what_is_no_access_type(dynamics: Playground, access: str, status: int):
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        assert client.get(f"{CURRENT}{access}").status_code == status


def test_only_a_unified_environment_tells_of_its_application(dynamics: Playground):
    organization = dynamics.organization()
    call = "/api/data/v9.2/msprov_getfinopsapplicationdetails"
    with dynamics.client(organization.base_url()) as client:
        missing = client.get(call)
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "0x8006088a")
        dynamics.control.set_environment(organization.name, Environment(application=Application("Updating")))
        found = client.get(call).json()
        dynamics.control.break_(organization.name, "throttled", kind="application", times=1)
        assert client.get(call).status_code == 429
    assert (found["finopsenvironmentstate"], found["applicationdeploymenttype"]) == ("Updating", "Sandbox")
    assert dynamics.control.calls(organization.name)["application"] == 3
