"""The health details of a thousand organizations and a hundred targets: five requests to the account, and no more."""

import json

import pytest
from azure.core.pipeline.transport import AioHttpTransport

from benchmarks.health_fleet import filled, pages_of
from integration.storage import Storage

ORGANIZATIONS, TARGETS = 1_000, 100


@pytest.fixture
async def storage(azurite):
    opened = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    yield opened
    await opened.close()


async def test_a_thousand_organizations_are_read_in_five_requests(storage, monkeypatch):
    await filled(storage, ORGANIZATIONS, TARGETS)
    sent = []
    send = AioHttpTransport.send

    async def counted(transport, request, **options):
        sent.append(request.url)
        return await send(transport, request, **options)

    monkeypatch.setattr(AioHttpTransport, "send", counted)
    response = await pages_of(storage, ORGANIZATIONS, TARGETS).details()
    assert len(sent) <= 5, sent
    details = json.loads(response.body)
    assert (len(details["checks"]), len(details["targets"]), len(details["sources"])) == (ORGANIZATIONS, TARGETS, 20)
    assert {each["state"] for each in details["checks"].values()} == {"linked", "not_linked"}
    assert details["watch"]["status"] == "pass"
    assert details["maintenance"][0]["by"] == "anna"
