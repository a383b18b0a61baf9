"""The emulated Finance & Operations."""

import httpx
import pytest

from tests.fixtures.dynamics import Playground

OPERATION = "/api/services/FnoLinkGroup/Orders/Confirm"
ACTION = "/data/SalesOrders/Microsoft.Dynamics.DataEntities.Confirm"


def environment(name: str) -> str:
    return f"https://{name}.operations.dynamics.com"


def test_the_reach_probe_reads_one_row(dynamics: Playground):
    url = environment(dynamics.organization().name)
    with dynamics.client(url) as client:
        answer = client.get("/data/LegalEntities?$top=1")
        assert client.get("/data").status_code == 200
        assert client.get("/data/Nothing").status_code == 404
    assert answer.json()["@odata.context"] == f"{url}/data/$metadata#LegalEntities"
    assert len(answer.json()["value"]) == 1


def test_posts_are_recorded_in_order_with_headers_and_body(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(environment(organization.name)) as client:
        operation = client.post(OPERATION, json={"order": "SO-1 é"}, headers={"x-correlation": "1"})
        action = client.post(ACTION, content=b"{}")
        created = client.post("/data/SalesOrders", json={"n": 1})
    assert [operation.status_code, action.status_code, created.status_code] == [200, 204, 201]
    received = dynamics.control.received(f"{organization.name}.operations.dynamics.com")
    assert [(each.path, each.status) for each in received] == [
        (OPERATION, 200),
        (ACTION, 204),
        ("/data/SalesOrders", 201),
    ]
    assert received[0].body == '{"order":"SO-1 é"}'
    assert received[0].header("X-Correlation") == "1"


def test_a_token_for_dataverse_or_with_a_trailing_slash_is_401(dynamics: Playground):
    organization = dynamics.organization()
    url = environment(organization.name)
    for audience in (organization.base_url(), f"{url}/"):
        headers = {"Authorization": f"Bearer {dynamics.token(audience)}"}
        answer = httpx.get(f"{url}/data/LegalEntities?$top=1", headers=headers)
        assert answer.status_code == 401
        assert audience in answer.headers["x-emulated-reason"]
    assert httpx.post(f"{url}{OPERATION}", json={}).status_code == 401


def test_an_app_that_finance_and_operations_does_not_list_is_401(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.set_access(dynamics.client_id, finance_operations=False)
    with dynamics.client(environment(organization.name)) as client:
        assert client.get("/data/LegalEntities?$top=1").status_code == 401


def test_throttling_is_recorded_with_what_was_answered(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.throttle(organization.name, 3, kind="fno", times=1)
    with dynamics.client(environment(organization.name)) as client:
        answers = [client.post(OPERATION, json={"n": n}) for n in (1, 2)]
    assert [answer.status_code for answer in answers] == [429, 200]
    assert answers[0].headers["Retry-After"] == "3"
    received = dynamics.control.received(f"{organization.name}.operations.dynamics.com")
    assert [each.status for each in received] == [429, 200]


def test_an_environment_goes_on_answering_after_it_was_unlinked(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.unlink(organization.name)
    with dynamics.client(environment(organization.name)) as client:
        assert client.get("/data/LegalEntities?$top=1").status_code == 200


@pytest.mark.parametrize(
    ("effect", "status"), [("unauthorized", 401), ("forbidden", 403), ("not_found", 404), ("unavailable", 503)]
)
def test_a_refusal_leaves_dataverse_alone(dynamics: Playground, effect, status: int):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, effect, kind="fno")
    with dynamics.client(environment(organization.name)) as client:
        assert client.get("/data/LegalEntities?$top=1").status_code == status
    with dynamics.client(organization.base_url()) as client:
        assert client.get("/api/data/v9.2/WhoAmI").status_code == 200


def test_an_unreachable_environment_leaves_dataverse_alone(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(environment(organization.name)) as client:
        dynamics.control.break_(organization.name, "unreachable", kind="fno")
        with pytest.raises(httpx.ProxyError):
            client.get("/data")
    with dynamics.client(organization.base_url()) as client:
        assert client.get("/api/data/v9.2/WhoAmI").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "a.sandbox.operations.dynamics.com",
        "a.operations.eu.dynamics.com",
        "a.operations.gov.microsoftdynamics.us",
        "a.operations.high.microsoftdynamics.us",
        "a.sandbox.operations.dynamics.cn",
        "a.cloudax.dynamics.com",
    ],
)
def test_every_host_form_answers(dynamics: Playground, host: str):
    organization = dynamics.organization()
    dynamics.control.link(organization.name, f"https://{host}")
    with dynamics.client(f"https://{host}") as client:
        assert client.get("/data/LegalEntities?$top=1").status_code == 200


def test_a_post_that_is_never_answered_is_recorded_on_arrival(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "hang", kind="fno", times=1)
    with dynamics.client(environment(organization.name)) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(OPERATION, json={"n": 1}, timeout=0.2)
        client.post(OPERATION, json={"n": 2})
    received = dynamics.control.received(f"{organization.name}.operations.dynamics.com")
    assert [(each.body, each.status) for each in received] == [('{"n":1}', 0), ('{"n":2}', 200)]


def test_query_options_are_refused_as_finance_and_operations_refuses_them(dynamics: Playground):
    name = dynamics.organization().name
    with dynamics.client(environment(name)) as client:
        known = client.get("/data/SysAADClients", params={"$filter": f"AADClientId eq '{dynamics.client_id.upper()}'"})
        column = client.get("/data/SysAADClients", params={"$select": "Secret"})
        enumeration = client.get("/data/SecurityUserRoles", params={"$filter": "AssignmentStatus eq 'Enabled'"})
        dynamics.control.hide_entities(name, "SysAADClients")
        hidden = client.get("/data/SysAADClients")
    assert [row["UserId"] for row in known.json()["value"]] == ["PowerPlatformApp"]
    assert (column.status_code, enumeration.status_code, hidden.status_code) == (400, 400, 403)
    assert "Could not find a property named 'Secret'" in column.json()["error"]["message"]


def test_a_page_has_ten_thousand_rows_and_says_where_the_next_is(dynamics: Playground):
    name = dynamics.organization().name
    rows: list[dict[str, object]] = [{"Name": f"Endpoint{number}"} for number in range(10_002)]
    dynamics.control.set_entity(name, "BusinessEventsEndpoints", rows)
    with dynamics.client(environment(name)) as client:
        first = client.get("/data/BusinessEventsEndpoints?$select=Name").json()
        second = client.get(first["@odata.nextLink"]).json()
    assert (len(first["value"]), len(second["value"])) == (10_000, 2)
    assert "@odata.nextLink" not in second
