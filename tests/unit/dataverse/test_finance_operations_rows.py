"""Rows of Finance & Operations are read whole or not at all, and what its answers to writes mean."""

import json
from datetime import UTC, datetime

import pytest

from integration.dataverse.writing import Write
from integration.errors import Forbidden, RowRefused, Throttled, UnexpectedAnswer, Unreachable, UntrustedLink
from integration.links import Linked
from tests.unit.dataverse.wire import ORGANIZATION, Wire

URL = "https://contoso.operations.dynamics.com"
NEXT = "@odata.nextLink"
WRITE = Write(method="POST", path="BusinessEventsEndpoints", row={"Name": "a", "DecryptedAzureAppSecret": "secret"})
INNER = {"error": {"code": "", "message": "An error has occurred.", "innererror": {"message": "Write failed\x1b[2J"}}}


def linked(*, trusted=True):
    return Linked(url=URL, tenant_id="t", id="i", trusted=trusted, checked_at=datetime(2026, 1, 1, tzinfo=UTC))


async def rows(wire):
    return await wire.finance_operations.rows(ORGANIZATION, linked(), "BusinessEventsEndpoints", ("Name",))


async def test_all_companies_and_all_pages_are_asked_for():
    following = f"{URL}/data/BusinessEventsEndpoints?$skiptoken=1"
    wire = Wire((200, {"value": [{"Name": "a"}], NEXT: following}), (200, {"value": [{"Name": "b"}]}))
    assert await rows(wire) == [{"Name": "a"}, {"Name": "b"}]
    first, second = wire.requests
    assert (first.url.params["cross-company"], first.url.params["$select"]) == ("true", "Name")
    assert str(second.url) == following


@pytest.mark.parametrize(
    "following", ["https://elsewhere.example.com/data/BusinessEventsEndpoints?x", f"{URL}/data/Other?x"]
)
async def test_rows_that_go_on_elsewhere_are_no_answer(following):
    wire = Wire((200, {"value": [], NEXT: following}))
    with pytest.raises(UnexpectedAnswer, match="go on at another address"):
        await rows(wire)
    assert len(wire.requests) == 1


async def test_more_pages_than_are_read_are_no_answer():
    wire = Wire((200, {"value": [], NEXT: f"{URL}/data/BusinessEventsEndpoints?again"}))
    with pytest.raises(UnexpectedAnswer, match="more than 20 pages"):
        await rows(wire)


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        ((400, INNER), RowRefused, "Write failed"),
        ((500, INNER), RowRefused, "Write failed"),
        ((405, b""), RowRefused, "no words"),
        ((403, {}), Forbidden, "not write BusinessEventsEndpoints"),
        ((429, {}, {"retry-after": "3"}), Throttled, "slow down"),
        ((200, b"<html>", {"content-type": "text/html"}), Unreachable, "a page for people"),
        ((302, b"", {"location": "https://x.example.com"}), UnexpectedAnswer, "elsewhere"),
    ],
)
async def test_a_write_that_is_not_taken_says_why_and_never_what_was_sent(answer, expected, words):
    wire = Wire(answer)
    with pytest.raises(expected, match=words) as caught:
        await wire.finance_operations.write(ORGANIZATION, linked(), WRITE)
    assert "secret" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(wire.requests) == 1


async def test_a_write_goes_to_a_trusted_environment_alone_and_once_more_with_a_new_token():
    wire = Wire((401, b""), (201, {}))
    with pytest.raises(UntrustedLink):
        await wire.finance_operations.write(ORGANIZATION, linked(trusted=False), WRITE)
    assert wire.requests == []
    await wire.finance_operations.write(ORGANIZATION, linked(), WRITE)
    assert [each.headers["authorization"] for each in wire.requests] == ["Bearer token-1", "Bearer token-2"]
    assert json.loads(wire.requests[1].content)["Name"] == "a"


async def test_metadata_that_says_nothing_of_an_entity_is_no_answer():
    with pytest.raises(UnexpectedAnswer, match="does not tell of BusinessEventsEndpoints"):
        await Wire((200, {"value": []})).finance_operations.is_read_only(
            ORGANIZATION, linked(), "BusinessEventsEndpoints"
        )
    told = {"value": [{"EntitySetName": "BusinessEventsEndpoints", "IsReadOnly": True}]}
    wire = Wire((200, told))
    assert await wire.finance_operations.is_read_only(ORGANIZATION, linked(), "BusinessEventsEndpoints")
    members = Wire((200, {"Members": [{"Name": "HTTPS", "Value": 0}]}))
    assert await members.finance_operations.members(ORGANIZATION, linked(), "X") == ("HTTPS",)
