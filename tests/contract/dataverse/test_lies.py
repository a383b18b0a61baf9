"""Dataverse, F&O and the tenant's document answer nonsense over a socket: always an error of ours, never another."""

import contextlib
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.config.keys.model import Organization
from integration.dataverse import Dataverse, Details, Identity, NotIntegrated, open_http_client
from integration.dataverse.connection import MAX_BODY, get
from integration.dataverse.jobs import Jobs
from integration.errors import LinkUnknown, UnexpectedAnswer, Unreachable
from integration.finance_operations import FinanceOperations
from integration.links.tenants import Tenants
from integration.links.values import Linked
from tests.strategies.nonsense import NONSENSE, bodies

STEP = "6d81a1f0-0000-0000-0000-000000000001"
STATUSES = [200, 201, 204, 206, 300, 302, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599, 600, 999]
HEADERS = st.sampled_from(
    [
        "content-type: application/json\r\n",
        "content-type: text/html; charset=utf-16\r\n",
        "content-type: \xff\xfe\r\n",
        "content-encoding: gzip\r\n",
        "retry-after: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n",
        "retry-after: -1\r\nretry-after: \xb2\r\n",
        "set-cookie: a=b; expires=Mon, 01 Jan 99999999999999999999 00:00:00 GMT; domain=[\r\n",
        "location: http://[\r\n",
        'www-authenticate: Bearer error="\xff"\r\n',
        "",
    ]
)


class Tokens:
    async def token(self, organization, scope):
        return "t"

    def drop(self, scope):
        pass


@pytest.fixture
async def http():
    async with open_http_client() as client:
        yield client


@pytest.fixture
def organization(liar):
    return Organization(name="contoso", url=liar.url, tenant="contoso.onmicrosoft.com")


def environment(liar):
    return Linked(url=liar.url, tenant_id="t", id="i", trusted=True, checked_at=datetime.now(UTC))


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
async def test_nonsense_is_an_unexpected_answer(liar, http, organization, body):
    liar.says(body)
    dataverse, row = Dataverse(http, Tokens()), "6d81a1f0-0000-0000-0000-000000000001"
    for call in (
        dataverse.integration_details(organization),
        dataverse.who_am_i(organization),
        dataverse.sdk_messages(organization),
        dataverse.read_row(organization, "account", row),
        dataverse.failed_jobs(organization, (row,), datetime.now(UTC), top=5),
        FinanceOperations(http, Tokens()).probe(organization, environment(liar)),
    ):
        with pytest.raises(UnexpectedAnswer):
            await call


# A client and a server are the same for all examples, which is as it is in life.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(says=st.tuples(bodies, st.sampled_from(STATUSES), HEADERS))
async def test_whatever_is_answered_is_an_answer_or_an_error_of_ours(liar, http, organization, says):
    liar.says(*says)
    dataverse, erp = Dataverse(http, Tokens()), FinanceOperations(http, Tokens())
    for call, answers in (
        (dataverse.integration_details(organization), (Details, NotIntegrated)),
        (dataverse.who_am_i(organization), Identity),
        (dataverse.failed_jobs(organization, (STEP,), datetime.now(UTC), top=5), Jobs),
        (erp.probe(organization, environment(liar)), type(None)),
    ):
        with contextlib.suppress(LinkUnknown):
            assert isinstance(await call, answers)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff\x00\xff\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"x" * 500_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nxxxx",
    ],
)
async def test_what_is_not_even_http_is_no_answer(liar, http, organization, answer):
    liar.answer = answer
    with pytest.raises((Unreachable, UnexpectedAnswer)):
        await Dataverse(http, Tokens()).integration_details(organization)


async def test_an_answer_without_end_is_not_read_to_its_end(liar, http):
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {4 * MAX_BODY}\r\n\r\n".encode()
    liar.answer = head + b"[" * (MAX_BODY + 70_000)
    with pytest.raises(UnexpectedAnswer, match="more than"):
        await get(http, liar.url, {})


@pytest.mark.parametrize(
    "url",
    ["https://xn--.operations.dynamics.com", "http://[", "https://" + "a" * 70 + ".com", "https://a..b/", "//", ""],
)
async def test_a_url_that_cannot_be_called_is_no_exception_of_a_library(http, url):
    with pytest.raises((UnexpectedAnswer, Unreachable)):
        await get(http, url, {}, within=5)


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("status", [200, 404, 429, 500])
async def test_a_tenants_document_may_be_anything(organization, body, status):
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(status, content=body))) as http:
        with pytest.raises(LinkUnknown) as raised:
            await Tenants(http).id_of(organization)
    expected = {200: "UnexpectedAnswer", 404: "Unauthenticated", 429: "Throttled", 500: "Unreachable"}
    assert raised.value.code == expected[status]
