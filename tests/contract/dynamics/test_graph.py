"""Microsoft Graph as a client that is not ours meets it: httpx with a token that the real msal got."""

import httpx
import msal
import pytest

from emulation.dynamics import App, ControlRefused, Licence, Secret, User, directory
from emulation.dynamics.people import AZURE_CLI, SAMPLES
from tests.fixtures.dynamics import CLIENT_ID, CLIENT_SECRET, TENANT, US_TENANT

GRAPH = "https://graph.microsoft.com"
OTHER = "0a1b2c3d-0000-4000-8000-00000000dddd"


def token(resource, client_id=CLIENT_ID, secret=CLIENT_SECRET, authority="login.microsoftonline.com", tenant=TENANT):
    app = msal.ConfidentialClientApplication(
        client_id, client_credential=secret, authority=f"https://{authority}/{tenant.domain}"
    )
    return app.acquire_token_for_client([f"{resource}/.default"])["access_token"]


def get(path, bearer, base=GRAPH):
    return httpx.get(f"{base}{path}", headers={"Authorization": f"Bearer {bearer}"}, timeout=10)


def error_code(answer):
    body = answer.json()["error"]
    assert set(body) == {"code", "message", "innerError"}
    return answer.status_code, body["code"]


@pytest.fixture
def granted(dynamics):
    dynamics.organization()
    dynamics.control.set_directory_access(CLIENT_ID, reads_applications=True)
    return token(GRAPH)


def test_an_app_reads_its_own_registration_by_its_client_id(granted):
    answer = get(f"/v1.0/applications(appId='{CLIENT_ID}')?$select=appId,passwordCredentials", granted)
    body = answer.json()
    assert set(body) == {"@odata.context", "appId", "passwordCredentials"}
    (credential,) = body["passwordCredentials"]
    assert (credential["hint"], credential["secretText"]) == (CLIENT_SECRET[:3], None)
    assert CLIENT_SECRET not in answer.text
    filtered = get(f"/v1.0/applications?$filter=appId eq '{CLIENT_ID}'&$select=passwordCredentials", granted).json()
    assert [each["passwordCredentials"] for each in filtered["value"]] == [[credential]]


def test_what_is_not_there_is_404_by_key_and_nothing_by_filter(granted):
    assert error_code(get(f"/v1.0/applications(appId='{OTHER}')", granted)) == (404, "Request_ResourceNotFound")
    assert get(f"/v1.0/applications?$filter=appId eq '{OTHER}'", granted).json()["value"] == []


def test_without_the_right_it_is_403_whatever_is_asked(dynamics):
    dynamics.organization()
    answer = get(f"/v1.0/applications(appId='{CLIENT_ID}')", token(GRAPH))
    assert error_code(answer) == (403, "Authorization_RequestDenied")


def test_a_token_for_dataverse_opens_nothing_here(dynamics):
    emulated = dynamics.organization()
    answer = get(f"/v1.0/applications(appId='{CLIENT_ID}')", token(emulated.base_url()))
    assert error_code(answer) == (401, "InvalidAuthenticationToken")


def test_each_cloud_has_its_own(dynamics):
    dynamics.organization(tenant=US_TENANT.id, url="https://{name}.crm.microsoftdynamics.us")
    us = App(OTHER, tenant=US_TENANT.id, secrets=(Secret("its own"),), reads_applications=True)
    dynamics.control.add_app(us)
    base = "https://graph.microsoft.us"
    bearer = token(base, OTHER, "its own", "login.microsoftonline.us", US_TENANT)
    assert get(f"/v1.0/applications(appId='{OTHER}')", bearer, base).status_code == 200
    assert error_code(get(f"/v1.0/applications(appId='{OTHER}')", bearer)) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        ("throttled", (429, "TooManyRequests")),
        ("unavailable", (503, "serviceNotAvailable")),
        ("forbidden", (403, "Authorization_RequestDenied")),
        ("unauthorized", (401, "InvalidAuthenticationToken")),
    ],
)
def test_it_fails_on_demand_in_its_own_words(dynamics, granted, effect, expected):
    dynamics.control.break_(dynamics.organization().name, effect, kind="graph", retry_after="7")
    answer = get(f"/v1.0/applications(appId='{CLIENT_ID}')", granted)
    assert error_code(answer) == expected
    assert answer.headers["Retry-After"] == "7"


ROLES = "/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,roleTemplateId"
LICENCES = "/v1.0/me/licenseDetails?$select=skuPartNumber,servicePlans"
ADA = "ada@contoso.onmicrosoft.com"
OWN = "0a1b2c3d-0000-4000-8000-00000000da7a"


def signed_in(dynamics, client_id=AZURE_CLI, base=GRAPH):
    dynamics.organization()
    held = (Licence("Dynamics_365_for_Operations"),)
    dynamics.control.add_user(User(ADA, directory_roles=("Global Administrator",), licences=held))
    return dynamics.control.sign_in(ADA, client_id, base)


def test_a_person_is_told_roles_and_licences(dynamics):
    bearer = signed_in(dynamics)
    [role] = get(ROLES, bearer).json()["value"]
    assert (set(role), role["roleTemplateId"]) == ({"id", "roleTemplateId"}, directory.ROLES["Global Administrator"])
    assert get(ROLES.replace("microsoft.graph.", "graph.").replace("/me", "//me"), bearer).json()["value"] == [role]
    [licence] = get(LICENCES, bearer).json()["value"]
    assert licence["skuPartNumber"] == "Dynamics_365_for_Operations"
    assert {plan["provisioningStatus"] for plan in licence["servicePlans"]} == {"Success"}


def test_an_application_alone_is_nobody(dynamics):
    dynamics.organization()
    for path in (ROLES, LICENCES):
        answer = get(path, token(GRAPH))
        assert error_code(answer) == (400, "BadRequest")
        assert answer.json()["error"]["message"] == "/me request is only valid with delegated authentication flow."


def test_what_an_application_may_not_read_comes_with_its_id_alone(dynamics):
    dynamics.control.add_app(App(OWN, public_client=True))
    [role] = get(ROLES, signed_in(dynamics, OWN)).json()["value"]
    assert role["id"]
    assert role["roleTemplateId"] is None
    dynamics.control.add_app(App(OWN, public_client=True, delegated=("Mail.Read",)))
    for path in (ROLES, LICENCES):
        assert error_code(get(path, signed_in(dynamics, OWN))) == (403, "Authorization_RequestDenied")


def test_entra_gives_no_token_where_nobody_consented_and_where_microsoft_does_not(dynamics):
    dynamics.control.add_app(App(OWN, public_client=True, delegated=()))
    with pytest.raises(ControlRefused, match="AADSTS65001"):
        signed_in(dynamics, OWN)
    with pytest.raises(ControlRefused, match="AADSTS65002"):
        signed_in(dynamics, SAMPLES)
