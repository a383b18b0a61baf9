"""What a tenant has as a whole, as the emulated Power Platform and administration APIs tell it."""

import httpx
import msgspec
import pytest

from emulation.dynamics import App, Capacity, User
from emulation.dynamics.people import AZURE_CLI
from tests.fixtures.dynamics import US_TENANT, Playground

PLATFORM = "https://api.powerplatform.com"
CAPACITY = "/licensing/tenantCapacity?api-version=2024-10-01"
ADMINISTRATION = "https://api.bap.microsoft.com"
POWER_APPS = "https://service.powerapps.com"
SETTINGS = "/providers/Microsoft.BusinessAppPlatform/listtenantsettings?api-version=2020-10-01"
ADA, BOB = "ada@contoso.onmicrosoft.com", "bob@contoso.onmicrosoft.com"


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def people(dynamics: Playground) -> Playground:
    dynamics.organization()
    dynamics.control.add_user(User(ADA, directory_roles=("Power Platform Administrator",)))
    dynamics.control.add_user(User(BOB, directory_roles=("Directory Readers",)))
    return dynamics


def as_person(dynamics: Playground, user: str, resource: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {dynamics.control.sign_in(user, AZURE_CLI, resource)}"}


def test_capacity_is_told_to_who_administers_the_tenant_alone(people: Playground):
    with people.client(PLATFORM) as client:
        people.control.set_platform_access(people.client_id)
        refused = client.get(CAPACITY)
        assert code_of(refused) == (403, "Forbidden")
        assert "does not have permission to access the path" in refused.json()["error"]["message"]
        people.control.set_platform_access(people.client_id, administers=True)
        told = client.get(CAPACITY).json()
        assert code_of(client.get("/licensing/tenantCapacity?api-version=2019-01-01")) == (
            400,
            "InvalidApiVersionParameter",
        )
    assert code_of(httpx.get(PLATFORM + CAPACITY, headers=as_person(people, BOB, PLATFORM))) == (403, "Forbidden")
    assert httpx.get(PLATFORM + CAPACITY, headers=as_person(people, ADA, PLATFORM)).json() == told
    assert httpx.get(PLATFORM + CAPACITY).status_code == 401
    [database] = [row for row in told["tenantCapacities"] if row["capacityType"] == "Database"]
    assert (database["totalCapacity"], database["consumption"]["actual"]) == (20480.0, 3150.945)
    assert (told["tenantId"], told["licenseModelType"]) == (people.tenant.id, "StorageDriven")


def test_capacity_that_files_take_is_told_with_the_files(people: Playground):
    full = msgspec.structs.replace(people.tenant, capacity=Capacity(database=2048, used=1024, covering=1024))
    people.control.add_tenant(full)
    told = httpx.get(PLATFORM + CAPACITY, headers=as_person(people, ADA, PLATFORM)).json()
    rows = {row["capacityType"]: row for row in told["tenantCapacities"]}
    assert rows["Database"]["status"] == "NotAvailable"
    assert (rows["File"]["status"], rows["File"]["overflowCapacity"]) == (
        "AvailableByOverflow",
        [{"capacityType": "Database", "value": 1024.0}],
    )


def test_settings_are_told_to_every_person_and_to_management_applications(people: Playground):
    def ask(headers: dict[str, str]) -> httpx.Response:
        return httpx.post(ADMINISTRATION + SETTINGS, headers=headers)

    assert ask(as_person(people, BOB, POWER_APPS)).json()["disableEnvironmentCreationByNonAdminUsers"] is False
    people.control.add_tenant(msgspec.structs.replace(people.tenant, only_administrators_create=True))
    assert ask(as_person(people, BOB, POWER_APPS)).json()["disableEnvironmentCreationByNonAdminUsers"] is True
    application = {"Authorization": f"Bearer {people.token(POWER_APPS)}"}
    assert code_of(ask(application)) == (403, "Forbidden")
    people.control.set_platform_access(people.client_id, administers=True)
    assert ask(application).status_code == 200
    assert code_of(httpx.get(ADMINISTRATION + SETTINGS, headers=application)) == (404, "ResourceNotFound")
    assert code_of(ask(as_person(people, ADA, PLATFORM))) == (401, "AuthenticationFailed")


def test_each_cloud_has_its_own(people: Playground):
    client_id = "0a1b2c3d-0000-4000-8000-00000000eeee"
    people.organization(tenant=US_TENANT.id, url="https://{name}.crm.microsoftdynamics.us")
    people.control.add_app(App(client_id, tenant=US_TENANT.id))
    people.control.add_user(User("eve@contoso.onmicrosoft.us", tenant=US_TENANT.id))
    headers = {
        "Authorization": "Bearer "
        + people.control.sign_in("eve@contoso.onmicrosoft.us", AZURE_CLI, "https://high.service.powerapps.us")
    }
    assert httpx.post(f"https://high.api.bap.microsoft.us{SETTINGS}", headers=headers).status_code == 200
    assert code_of(httpx.post(ADMINISTRATION + SETTINGS, headers=headers)) == (401, "AuthenticationFailed")


@pytest.mark.parametrize(
    ("kind", "url"), [("capacity", PLATFORM + CAPACITY), ("administration", ADMINISTRATION + SETTINGS)]
)
def test_they_fail_on_demand_in_their_own_words(people: Playground, kind: str, url: str):
    name = people.organization().name
    method, resource = ("GET", PLATFORM) if kind == "capacity" else ("POST", POWER_APPS)
    headers = as_person(people, ADA, resource)
    for effect, status in (("throttled", 429), ("unavailable", 503), ("forbidden", 403), ("unauthorized", 401)):
        people.control.break_(name, effect, kind=kind)
        assert httpx.request(method, url, headers=headers).status_code == status
        people.control.heal(name)
    assert httpx.request(method, url, headers=headers).status_code == 200
