"""Dataverse and F&O refuse by code: what the emulated ones answer, and what the client makes of it."""

import pytest

from integration.config.keys.model import Credentials, Organization
from integration.dataverse import Dataverse, open_http_client
from integration.errors import Forbidden, Throttled
from integration.identity import Tokens
from tests.fixtures.dynamics import Playground

LINK = "/api/data/v9.2/RetrieveFinanceAndOperationsIntegrationDetails"


@pytest.mark.parametrize(
    ("code", "status", "kind", "words"),
    [
        ("0x80095ffc", 403, Forbidden, "restricted for this application"),
        ("0x80095ffe", 403, Forbidden, "your ip is blocked"),
        ("0x80040225", 400, Forbidden, "user is disabled"),
        ("0x80041d1f", 403, Forbidden, "is disabled"),
        ("0x80042f09", 403, Forbidden, "no roles"),
        ("0x8004d24b", 403, Forbidden, "License"),
        ("0x80072560", 403, Forbidden, "not a member"),
        ("0x80072321", 429, Throttled, "execution time"),
        ("0x80072322", 429, Throttled, "Number of requests"),
        ("0x80072326", 429, Throttled, "concurrent requests"),
        ("0x80060308", 500, Throttled, "busy"),
    ],
)
async def test_a_code_is_answered_as_dataverse_does_and_understood(dynamics: Playground, code, status, kind, words):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "refused", kind="link", code=code, retry_after="7")
    with dynamics.client(emulated.base_url()) as client:
        answer = client.get(LINK)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert words in answer.json()["error"]["message"]
    organization = Organization(name=emulated.name, url=emulated.base_url(), tenant=dynamics.tenant.domain)
    tokens = Tokens(lambda _: Credentials(client_id=dynamics.client_id, client_secret=dynamics.client_secret))
    async with open_http_client() as http:
        with pytest.raises(kind) as raised:
            await Dataverse(http, tokens).integration_details(organization)
    await tokens.aclose()
    assert (raised.value.status, raised.value.remote_code) == (status, code)
    assert raised.value.retry_after == (7.0 if kind is Throttled else None)


@pytest.mark.parametrize("status", [500, 503])
async def test_throttling_may_come_under_another_status(dynamics: Playground, status):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "refused", kind="link", code="0x80072322", status=status)
    organization = Organization(name=emulated.name, url=emulated.base_url(), tenant=dynamics.tenant.domain)
    tokens = Tokens(lambda _: Credentials(client_id=dynamics.client_id, client_secret=dynamics.client_secret))
    async with open_http_client() as http:
        with pytest.raises(Throttled):
            await Dataverse(http, tokens).integration_details(organization)
    await tokens.aclose()


def test_an_exception_of_x_plus_plus_leaves_a_custom_service_as_500(dynamics: Playground):
    emulated = dynamics.organization()
    assert emulated.link is not None
    dynamics.control.break_(emulated.name, "refused", kind="fno", code="DuplicateKeyException", message="It exists.")
    with dynamics.client(emulated.link.url) as client:
        service = client.post("/api/services/Group/Service/operation", json={})
        action = client.post("/data/Orders/Microsoft.Dynamics.DataEntities.confirm", json={})
    assert service.status_code == action.status_code == 500
    assert service.json()["ExceptionType"] == "DuplicateKeyException"
    assert service.json()["Message"].endswith("It exists.")
    inner = action.json()["error"]["innererror"]["internalexception"]
    assert inner["type"] == "Microsoft.Dynamics.Ax.Xpp.DuplicateKeyException"
