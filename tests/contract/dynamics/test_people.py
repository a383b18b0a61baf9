"""People who sign in at the emulated Entra, by the real msal."""

import time

import httpx
import msal
import pytest

from emulation.dynamics import App, User
from emulation.dynamics.people import SAMPLES
from tests.fixtures.dynamics import OTHER_TENANT, Playground

ADA = User("ada@contoso.onmicrosoft.com", roles=("System Administrator",))
PUBLIC = "0a1b2c3d-0000-4000-8000-0000000000a1"
CLOSED = "0a1b2c3d-0000-4000-8000-0000000000a2"


def public(dynamics: Playground, client_id: str = SAMPLES) -> msal.PublicClientApplication:
    return msal.PublicClientApplication(
        client_id, authority=f"https://login.microsoftonline.com/{dynamics.tenant.domain}"
    )


def once(app, flow):
    """Ask once, without msal's own wait."""
    flow.pop("latest_attempt_at", None)
    return app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)


def test_msal_signs_a_person_in_by_device_code_and_uses_the_refresh_token_for_the_next_resource(dynamics: Playground):
    dynamics.control.add_user(ADA)
    organization = dynamics.organization()
    app = public(dynamics)
    flow = app.initiate_device_flow([f"{organization.base_url()}/.default"])
    assert flow["user_code"] in flow["message"]
    assert (flow["interval"], flow["expires_in"]) == (5, 900)
    assert once(app, flow)["error"] == "authorization_pending"
    assert once(app, flow)["error"] == "slow_down"
    assert dynamics.control.pending_devices() == [flow["user_code"]]
    dynamics.control.answer_device(flow["user_code"], ADA.name)
    answer = once(app, flow)
    assert "access_token" in answer, answer
    identity = httpx.get(
        f"{organization.base_url()}/api/data/v9.2/WhoAmI", headers={"Authorization": f"Bearer {answer['access_token']}"}
    ).json()
    assert identity["OrganizationId"] == organization.id()
    next_one = app.acquire_token_silent_with_error(
        [f"https://{organization.name}.operations.dynamics.com/.default"], app.get_accounts()[0]
    )
    assert next_one["token_type"] == "Bearer"
    assert once(app, flow)["error"] == "bad_verification_code"


@pytest.mark.parametrize(("deed", "error"), [("decline", "authorization_declined"), ("wait", "expired_token")])
def test_a_code_that_is_declined_or_too_old_gives_no_token(dynamics: Playground, deed: str, error: str):
    organization = dynamics.organization()
    app = public(dynamics)
    flow = app.initiate_device_flow([f"{organization.base_url()}/.default"])
    if deed == "decline":
        dynamics.control.answer_device(flow["user_code"])
    else:
        dynamics.control.expire_devices()
        flow["expires_at"] = time.time() + 60
    answer = once(app, flow)
    assert answer["error"] == error
    assert answer["error_description"].startswith("AADSTS")


def test_only_an_application_that_allows_it_lets_people_sign_in(dynamics: Playground):
    dynamics.control.add_app(App(PUBLIC, public_client=True))
    dynamics.control.add_app(App(CLOSED))
    scope = [f"{dynamics.organization().base_url()}/.default"]
    assert "user_code" in public(dynamics, PUBLIC).initiate_device_flow(scope)
    assert "AADSTS7000218" in public(dynamics, CLOSED).initiate_device_flow(scope)["error_description"]
    unknown = public(dynamics, "0a1b2c3d-0000-4000-8000-0000000000a3").initiate_device_flow(scope)
    assert "AADSTS700016" in unknown["error_description"]


def test_a_person_of_another_tenant_gets_no_token(dynamics: Playground):
    dynamics.control.add_user(User("eve@fabrikam.onmicrosoft.com", tenant=OTHER_TENANT.id))
    app = public(dynamics)
    flow = app.initiate_device_flow([f"{dynamics.organization().base_url()}/.default"])
    dynamics.control.answer_device(flow["user_code"], "eve@fabrikam.onmicrosoft.com")
    assert "AADSTS50020" in once(app, flow)["error_description"]


def test_a_person_has_the_rights_of_its_roles(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.add_user(User("bob@contoso.onmicrosoft.com", roles=()))
    app = public(dynamics)
    flow = app.initiate_device_flow([f"{organization.base_url()}/.default"])
    dynamics.control.answer_device(flow["user_code"], "bob@contoso.onmicrosoft.com")
    headers = {"Authorization": f"Bearer {once(app, flow)['access_token']}"}
    with httpx.Client(base_url=f"{organization.base_url()}/api/data/v9.2/", headers=headers) as client:
        assert client.get("sdkmessages").json()["error"]["code"] == "0x80042f09"
        mine = client.get("WhoAmI").json()["UserId"]
    with dynamics.client(organization.base_url()) as administrator:
        row = administrator.get(f"/api/data/v9.2/systemusers({mine})?$select=domainname,applicationid").json()
    assert (row["domainname"], row["applicationid"]) == ("bob@contoso.onmicrosoft.com", None)


def test_without_a_token_dataverse_names_its_tenant(dynamics: Playground):
    organization = dynamics.organization()
    answer = httpx.get(f"{organization.base_url()}/api/data/v9.2/WhoAmI")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        f"Bearer authorization_uri=https://login.microsoftonline.com/{dynamics.tenant.id}/oauth2/authorize, "
        f"resource_id={organization.base_url()}/"
    )
