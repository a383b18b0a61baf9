"""The Dataverse client: which answers say linked, not linked or nothing; tokens renewed once, no secret told."""

import httpx
import pytest

from integration.dataverse import Details, NotIntegrated
from integration.errors import Forbidden, Throttled, Unauthenticated, UnexpectedAnswer, Unreachable
from integration.links.shared import Failure
from tests.unit.dataverse.wire import ANSWER, NOT_INTEGRATED, ORGANIZATION, Wire, error


async def test_a_link_is_read_and_normalised():
    wire = Wire((200, ANSWER | {"IsUnifiedDatabase": False, "OrgLifecycleStatus": "Running", "New": [1]}))
    assert await wire.dataverse.integration_details(ORGANIZATION) == Details(
        url="https://contoso-uat.sandbox.operations.eu.dynamics.com",
        tenant_id="72ad15fq-3m88-4e15-be25-8751c9bd0764",
        id="b2106f5c-e218-4aac-841a-a59da4738eb4",
        is_unified_database=False,
        lifecycle_status="Running",
    )


async def test_undocumented_extras_of_another_type_break_nothing():
    wire = Wire((200, ANSWER | {"IsUnifiedDatabase": "no", "OrgLifecycleStatus": 3}))
    details = await wire.dataverse.integration_details(ORGANIZATION)
    assert details.is_unified_database is None
    assert details.lifecycle_status is None


async def test_every_call_carries_what_microsoft_asks_for_and_a_token_for_this_organization_only():
    wire = Wire((200, ANSWER))
    await wire.dataverse.integration_details(ORGANIZATION)
    request = wire.requests[0]
    assert str(request.url) == (
        "https://contoso.crm.dynamics.com/api/data/v9.2/RetrieveFinanceAndOperationsIntegrationDetails"
    )
    expected = {
        "accept": "application/json",
        "odata-maxversion": "4.0",
        "odata-version": "4.0",
        "if-none-match": "null",
        "authorization": "Bearer token-1",
    }
    assert {name: request.headers[name] for name in expected} == expected
    assert wire.tokens.asked == ["https://contoso.crm.dynamics.com/.default"]


async def test_an_organization_that_knows_only_the_older_version_is_asked_once_more():
    wire = Wire((404, error("0x8006088a")), (200, ANSWER))
    await wire.dataverse.integration_details(ORGANIZATION)
    assert [request.url.path.split("/")[3] for request in wire.requests] == ["v9.2", "v9.1"]


async def test_not_found_in_both_versions_is_no_statement_about_the_link():
    wire = Wire((404, error("0x8006088a")))
    with pytest.raises(UnexpectedAnswer) as raised:
        await wire.dataverse.integration_details(ORGANIZATION)
    assert raised.value.status == 404
    assert len(wire.requests) == 2


@pytest.mark.parametrize("code", ["0x80048d0b", "0x80048D0B"])
@pytest.mark.parametrize("message", ["Dataverse instance isn't integrated.", "ist nicht integriert", ""])
async def test_400_with_the_code_is_not_linked_whatever_the_words(code, message):
    answer = await Wire((400, error(code, message))).dataverse.integration_details(ORGANIZATION)
    assert answer == NotIntegrated("0x80048d0b", message, familiar=False)


async def test_the_code_means_nothing_with_another_status_or_on_another_call():
    for status in (403, 404, 500):
        with pytest.raises((Forbidden, UnexpectedAnswer)):
            await Wire((status, NOT_INTEGRATED)).dataverse.integration_details(ORGANIZATION)
    with pytest.raises(UnexpectedAnswer) as raised:
        await Wire((400, NOT_INTEGRATED)).dataverse.who_am_i(ORGANIZATION)
    assert raised.value.remote_code == "0x80048d0b"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, error("0x80040203"), UnexpectedAnswer, "0x80040203"),
        (401, b"", Unauthenticated, None),
        (403, error("0x80072560"), Forbidden, "0x80072560"),
        (403, error("0x80040220"), Forbidden, "0x80040220"),
        (429, error("0x80072321"), Throttled, "0x80072321"),
        (503, error("0x80072322"), Throttled, "0x80072322"),
        (500, error("0x80072322"), Throttled, "0x80072322"),
        (500, error("0x80072321"), Throttled, "0x80072321"),
        (400, error("0x80072326"), Throttled, "0x80072326"),
        (503, error("0x80060308"), Throttled, "0x80060308"),
        (500, error("0x8005F103"), Throttled, "0x8005f103"),
        (500, error("-2147015902"), Throttled, "0x80072322"),
        (429, b"", Throttled, None),
        (429, b"<html>", Throttled, None),
        (400, error("0x80040225"), Forbidden, "0x80040225"),
        (403, error("0x80041d1f"), Forbidden, "0x80041d1f"),
        (403, error("0x80095ffc"), Forbidden, "0x80095ffc"),
        (400, error("0x80095FFE"), Forbidden, "0x80095ffe"),
        (500, {"ErrorCode": "0x80040225", "Message": "disabled"}, Forbidden, "0x80040225"),
        (403, error("0x80040225", {"lang": "", "value": "disabled"}), Forbidden, "0x80040225"),
        (403, b"", Forbidden, None),
        (403, error("new\x1b[2Jcode"), Forbidden, None),
        (403, error(["0x80040225"]), Forbidden, None),
        (403, b"[" * 100_000, Forbidden, None),
        (403, b'{"error":' * 100_000, Forbidden, None),
        (400, b"\xff\xfe", UnexpectedAnswer, None),
        (400, error("0x80040225x"), UnexpectedAnswer, "0x80040225x"),
        (503, b"<html>", Unreachable, None),
        (502, b"", Unreachable, None),
        (504, b"", Unreachable, None),
        (500, error(None, None), UnexpectedAnswer, None),
        (302, b"", UnexpectedAnswer, None),
        (200, b"<html>sign in</html>", UnexpectedAnswer, None),
        (200, b"\xff\xfe", UnexpectedAnswer, None),
        (200, ANSWER | {"Url": ""}, UnexpectedAnswer, None),
        (200, ANSWER | {"Url": None}, UnexpectedAnswer, None),
        (200, {}, UnexpectedAnswer, None),
        (200, ANSWER | {"TenantId": "not-an-id"}, UnexpectedAnswer, None),
        (200, ANSWER | {"Id": 7}, UnexpectedAnswer, None),
    ],
)
async def test_anything_else_is_unknown_and_says_why(status, body, kind, code):
    with pytest.raises(kind) as raised:
        await Wire((status, body)).dataverse.integration_details(ORGANIZATION)
    assert raised.value.status == status
    assert raised.value.remote_code == code


@pytest.mark.parametrize(
    ("status", "code", "why", "what_to_do"),
    [
        (403, "0x80095ffc", "application is blocked in this environment", "App access control"),
        (403, "0x80095ffe", "IP firewall blocks the address", "IP firewall"),
        (400, "0x80040225", "user is disabled", "Enable the application user"),
        (403, "0x80041d1f", "user is disabled", "Enable the application user"),
        (403, "0x80072560", "no application user for the client id", "Create an application user"),
        (403, "0x80042f09", "no security role", "security role"),
        (403, "0x8004d24b", "no license", "application user, which needs none"),
        (403, "0x80040220", "lacks a privilege", "security role"),
        (403, "0x8badf00d", "or a policy of the environment", "access settings"),
    ],
)
async def test_who_is_refused_is_told_why_and_what_to_do(status, code, why, what_to_do):
    with pytest.raises(Forbidden, match=why) as raised:
        await Wire((status, error(code))).dataverse.integration_details(ORGANIZATION)
    assert what_to_do in raised.value.hint
    again = Failure.of(raised.value).error(5)
    assert (str(again), again.hint, again.remote_code) == (str(raised.value), raised.value.hint, code)


@pytest.mark.parametrize(
    "url",
    [
        "http://contoso.operations.dynamics.com",
        "https://contoso.operations.dynamics.com:8443",
        "https://contoso.operations.dynamics.com:443",
        "https://user@contoso.operations.dynamics.com",
        "https://contoso.operations.dynamics.com/path",
        "https://contoso.operations.dynamics.com?x",
        "https://contoso.operations.dynamics.com#x",
        "https://contoso.operations.dynamics.com\n",
        "https://contoso.operations.dynamics.com\\@evil.example",
        "https://еvil.operations.dynamics.com",
        "https://localhost",
        "https://xn--.operations.dynamics.com",
        "https://xn--mnchen-3ya.operations.dynamics.com",
        "https://contoso.xn--p1ai.operations.dynamics.com",
        "http://[",
        "https://[",
        "https://[::1]",
        "https://127.0.0.1",
        "https://0x7f.1",
        "https://contoso.operations.dynamics.com.",
        "https://contoso.operations.dynamics.com./",
        "https://contoso.operations.dynamics.com//",
        "https://.operations.dynamics.com",
        "https://-contoso.operations.dynamics.com",
        "https://contoso-.operations.dynamics.com",
        "https://a..operations.dynamics.com",
        "https://user:secret@contoso.operations.dynamics.com",
        "https://@contoso.operations.dynamics.com",
        "https://contoso.operations.dynamics.com:",
        "https://contoso.operations.dynamics.com:0",
        "https://contoso%2eoperations.dynamics.com",
        "https://contoso.operations.dynamics.com%00.evil.example",
        "https://\u212aontoso.operations.dynamics.com",
        "https://contoso.operat\u0131ons.dynamics.com",
        "https://contoso\u3002operations.dynamics.com",
        "https://\uff43ontoso.operations.dynamics.com",
        "https://contoso.operations.dynamics.com\x00",
        "https://con\ttoso.operations.dynamics.com",
        "https://" + "a" * 64 + ".operations.dynamics.com",
        "https://" + "a." * 120 + "operations.dynamics.com",
        "https:/contoso.operations.dynamics.com",
        "https:contoso.operations.dynamics.com",
        "//contoso.operations.dynamics.com",
        "contoso.operations.dynamics.com",
        "javascript:alert(1)",
    ],
)
async def test_a_url_that_is_not_a_bare_https_url_is_not_believed(url):
    if url.endswith("\n"):
        url += "x"
    with pytest.raises(UnexpectedAnswer, match="bare https"):
        await Wire((200, ANSWER | {"Url": url})).dataverse.integration_details(ORGANIZATION)


@pytest.mark.parametrize(
    "url", ["HTTPS://CONTOSO.Operations.Dynamics.COM/", " https://contoso.operations.dynamics.com"]
)
async def test_a_bare_url_is_written_in_one_way(url):
    details = await Wire((200, ANSWER | {"Url": url})).dataverse.integration_details(ORGANIZATION)
    assert details.url == "https://contoso.operations.dynamics.com"


@pytest.mark.parametrize(
    ("name", "value"), [("TenantId", "72AD15F\u212a-3M88-4e15-be25-8751c9bd0764"), ("Id", "\ud7ff")]
)
async def test_an_id_of_other_letters_is_none(name, value):
    with pytest.raises(UnexpectedAnswer, match=name):
        await Wire((200, ANSWER | {name: value})).dataverse.integration_details(ORGANIZATION)


async def test_a_refused_token_is_dropped_and_the_call_made_once_more_with_a_fresh_one():
    wire = Wire((401, b""), (200, ANSWER))
    await wire.dataverse.integration_details(ORGANIZATION)
    assert [request.headers["authorization"] for request in wire.requests] == ["Bearer token-1", "Bearer token-2"]


async def test_a_token_refused_twice_is_an_error_after_two_calls():
    wire = Wire((401, b""))
    with pytest.raises(Unauthenticated):
        await wire.dataverse.integration_details(ORGANIZATION)
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("23", 23.0),
        ("0", 1.0),
        ("99999", 600.0),
        ("Thu, 01 Jan 2026 00:00:40 GMT", 40.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 1.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("", None),
        (None, None),
    ],
)
async def test_retry_after_is_read_in_all_its_forms(header, seconds):
    headers = {} if header is None else {"Retry-After": header}
    with pytest.raises(Throttled) as raised:
        await Wire((429, error("0x80072322"), headers)).dataverse.integration_details(ORGANIZATION)
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    "trouble", [httpx.ConnectError("refused"), httpx.ReadTimeout(""), httpx.RemoteProtocolError("cut"), TimeoutError()]
)
async def test_trouble_on_the_way_is_unreachable(trouble):
    with pytest.raises(Unreachable, match=r"contoso\.crm\.dynamics\.com"):
        await Wire(trouble).dataverse.integration_details(ORGANIZATION)


async def test_a_certificate_that_does_not_fit_is_named_as_such():
    trouble = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    with pytest.raises(Unreachable, match="certificate"):
        await Wire(trouble).dataverse.integration_details(ORGANIZATION)


async def test_neither_trace_text_nor_bodies_nor_tokens_reach_the_message(caplog):
    body = error("0x80040203", "secret words", **{"@Microsoft.PowerApps.CDS.TraceText": "stack of secrets"})
    caplog.set_level("DEBUG")
    with pytest.raises(UnexpectedAnswer) as raised:
        await Wire((400, body)).dataverse.integration_details(ORGANIZATION)
    for text in (str(raised.value), caplog.text):
        assert "secret" not in text
        assert "token-1" not in text


async def test_who_am_i_gives_the_organization_id_in_lower_case():
    wire = Wire((200, {"BusinessUnitId": "B", "UserId": "U", "OrganizationId": "ABC"}))
    assert (await wire.dataverse.who_am_i(ORGANIZATION)).organization_id == "abc"
    with pytest.raises(UnexpectedAnswer):
        await Wire((200, {"UserId": "U"})).dataverse.who_am_i(ORGANIZATION)


async def test_sdk_messages_counts_rows():
    assert await Wire((200, {"value": [{"name": "Create"}]})).dataverse.sdk_messages(ORGANIZATION) == 1
    with pytest.raises(UnexpectedAnswer):
        await Wire((200, {"value": 3})).dataverse.sdk_messages(ORGANIZATION)


ROW = "6d81a1f0-0000-0000-0000-000000000001"


async def test_a_row_is_read_by_its_tables_logical_name():
    wire = Wire((200, {"EntitySetName": "accounts"}), (200, {"name": "Contoso"}))
    for _ in range(2):
        assert await wire.dataverse.read_row(ORGANIZATION, "account", ROW, ["name", "creditlimit"]) == {
            "name": "Contoso"
        }
    assert [request.url.raw_path.decode().removeprefix("/api/data/v9.2/") for request in wire.requests] == [
        "EntityDefinitions(LogicalName='account')?$select=EntitySetName",
        f"accounts({ROW})?$select=name,creditlimit",
        f"accounts({ROW})?$select=name,creditlimit",
    ]


async def test_a_row_is_read_by_its_entity_set_where_no_table_has_the_name():
    wire = Wire((404, error("0x80060888")), (200, {"name": "Contoso"}))
    assert await wire.dataverse.read_row(ORGANIZATION, "accounts", ROW) == {"name": "Contoso"}
    assert wire.requests[-1].url.path.endswith(f"accounts({ROW})")


async def test_a_row_that_is_gone_is_none_and_another_404_is_not():
    wire = Wire((200, {"EntitySetName": "accounts"}), (404, error("0x80040217")))
    assert await wire.dataverse.read_row(ORGANIZATION, "account", ROW) is None
    wire = Wire((200, {"EntitySetName": "accounts"}), (404, error("0x80060888")))
    with pytest.raises(UnexpectedAnswer):
        await wire.dataverse.read_row(ORGANIZATION, "account", ROW)


@pytest.mark.parametrize(
    ("table", "row", "columns"),
    [("a/b", ROW, []), ("account", "1)", []), ("account", ROW, ["name&$expand=x"]), ("", ROW, []), ("a'b", ROW, [])],
)
async def test_hostile_names_are_refused_before_anything_is_sent(table, row, columns):
    wire = Wire((200, {}))
    with pytest.raises(ValueError, match="not the"):
        await wire.dataverse.read_row(ORGANIZATION, table, row, columns)
    assert wire.requests == []
