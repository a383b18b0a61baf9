"""Microsoft Graph as a client that is not ours meets it: httpx with a token that the real msal got."""

import httpx
import msal
import pytest

from emulation.dynamics import App, Secret
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
