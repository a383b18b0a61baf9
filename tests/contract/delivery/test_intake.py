"""HTTP intake on an account that fails in every way: the sender is always asked to try again."""

import pytest

from integration.clock import SystemClock
from integration.config.keys.model import HttpSource
from integration.storage import Storage
from integration.storage.names import EVENTS, PAYLOADS
from integration.web import Request
from integration.web.admission import Admission
from integration.web.intake import Intake

ERP = HttpSource(name="erp", organization="contoso")
GONE = "AccountName=a;AccountKey=YQ==;QueueEndpoint=http://127.0.0.1:1/a;BlobEndpoint=http://127.0.0.1:1/a;"


@pytest.mark.parametrize("connection", [f"DefaultEndpointsProtocol=http;{GONE}", "not a connection string"])
@pytest.mark.parametrize("size", [1, 100_000])
async def test_whatever_storage_does_the_answer_is_503_with_retry_after(connection, size):
    storage = Storage({"AzureWebJobsStorage": connection})
    answer = await Intake(storage, SystemClock()).accept(ERP, Request(method="POST", body=b"x" * size))
    await storage.close()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert b"StorageUnavailable" in answer.body


async def test_a_refused_message_leaves_no_claim_check(azurite):
    storage = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    intake = Intake(storage, SystemClock())
    headers = {"ce-x": "h" * 50_000}
    answer = await intake.accept(ERP, Request(method="POST", headers=headers, body=b"x"))
    assert answer.status == 431
    assert not [blob async for blob in storage.blobs(PAYLOADS).list("")]
    assert await storage.queue(EVENTS).depth() == 0
    await storage.close()


async def test_at_most_so_many_requests_are_under_way(caplog):
    intake = Intake(Storage({}), SystemClock(), admission=Admission(SystemClock(), most=0))
    assert all(intake.refuses() for _ in range(100))
    # An operator is told, and not with a line for each.
    assert [record.message for record in caplog.records if "overload: 1 refused with 503" in record.message]
    assert len(caplog.records) == 1
    answer = await intake.accept(ERP, Request(method="POST", body=b"x"))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert b"Overloaded" in answer.body
