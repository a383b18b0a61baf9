"""A transaction as it is sent, beside what azure-data-tables sends; and what it may be answered."""

import json
from datetime import UTC, datetime

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import AzureError
from azure.data.tables import TableClient
from hypothesis import given
from hypothesis import strategies as st

from integration.storage.tables import Insert, Put, Remove, Replace, sent_size
from integration.storage.transactions import Refusal, answer_of, message_of
from tests.faults.transactions import REFUSAL

ACCOUNT = "http://127.0.0.1:9/account"
ETAG = "W/\"datetime'2026-01-02T03%3A04%3A05.0000000Z'\""
TYPED = {
    "text": "it's \"\\ \u2028 Zoë \U0001f600",
    "small": -5,
    "large": 2**40,
    "half": 0.5,
    "whole": 2.0,
    "yes": True,
    "raw": bytes(range(256)),
    "at": datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
}
HEAD = (b"--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n", b"--i--\r\n--o--\r\n")
OF_OUR_OWN = ("x-ms-version", "x-ms-date", "Date", "Prefer", "Accept")


def row(key, **properties):
    return {"PartitionKey": "it's p", "RowKey": key, **properties}


OPERATIONS = [
    Insert(row("a/ü", **TYPED)),
    Replace(row("b", **TYPED), ETAG),
    Put(row("c'd")),
    Remove("e"),
    Remove("f", ETAG),
]


def requests(body: bytes) -> list[tuple[str, dict[str, str], dict[str, object]]]:
    """Read the requests of a transaction: line, headers, entity."""
    found = []
    for part in body.decode().split("--changeset_")[1:-1]:
        _, _, request = part.partition("Content-ID: ")[2].partition("\r\n\r\n")
        head, _, content = request.partition("\r\n\r\n")
        line, *headers = head.split("\r\n")
        named = dict(each.split(": ", 1) for each in headers)
        length = named.pop("Content-Length", None)
        assert length is None or content.encode()[: int(length)] == content.strip().encode()
        entity = json.loads(content) if content.strip() else {}
        kinds = {name: kind for name, kind in entity.items() if kind != "Edm.String"}
        found.append((line, {name: each for name, each in named.items() if name not in OF_OUR_OWN}, kinds))
    return found


def of_the_sdk() -> bytes:
    same = {"match_condition": MatchConditions.IfNotModified, "etag": ETAG}
    typed = {**TYPED, "large": (TYPED["large"], "Edm.Int64")}
    steps = [
        ("create", row("a/ü", **typed)),
        ("update", row("b", **typed), {"mode": "replace", **same}),
        ("upsert", row("c'd"), {"mode": "replace"}),
        ("delete", row("e")),
        ("delete", row("f"), same),
    ]
    sent: list[bytes] = []
    account = "AccountName=a;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:9/account;"
    with TableClient.from_connection_string(account, "t", retry_total=0) as client, pytest.raises(AzureError):
        client.submit_transaction(steps, raw_request_hook=lambda each: sent.append(each.http_request.content))
    return sent[0]


def test_it_says_what_the_sdk_would_have_said():
    ours = message_of(ACCOUNT, "t", "it's p", OPERATIONS)
    assert requests(ours.body) == requests(of_the_sdk())
    assert ours.content_type.removeprefix("multipart/mixed; boundary=").encode() in ours.body


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
        st.text(st.characters(exclude_categories=["Cs"]))
        | st.binary()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(),
        max_size=9,
    )
)
def test_no_operation_takes_more_of_it_than_is_reckoned(properties):
    steps = [Insert(row("k" * 64, **properties)), Put(row("l", **properties)), Remove("m")]
    assert len(message_of(ACCOUNT, "t", "it's p", steps).body) <= sum(map(sent_size, steps))


def test_what_was_done_has_a_version_for_each_row_that_is_left():
    parts = b"".join(
        b"--i\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 " + each + b"\r\n\r\n"
        for each in (b'201 Created\r\nETag: one\r\n\r\n{"ETag": 1}', b"204 No Content\r\netag: two", b"204 No Content")
    )
    assert answer_of(202, "multipart/mixed; boundary=o", parts.join(HEAD), 3) == ["one", "two", ""]


def test_a_refusal_names_the_operation_in_its_message():
    _, _, body = REFUSAL.partition(b"\r\n\r\n")
    refused = answer_of(202, "multipart/mixed; boundary=batchresponse_f", body, 5)
    assert (refused.status, refused.code) == (412, "UpdateConditionNotSatisfied")
    assert refused.message.startswith("1:The update")


@pytest.mark.parametrize(
    ("status", "content_type", "body", "expected"),
    [
        (202, "", b"", Refusal(202)),
        (202, "multipart/mixed; boundary=o", b"--o\r\nnothing", Refusal(202)),
        (202, "multipart/mixed; boundary=o", b"--i\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n".join(HEAD), Refusal(202)),
        (200, "text/html", b"<html>", Refusal(200)),
        (503, "", b"", Refusal(503)),
        (403, "application/xml", b"<m:code>AuthorizationFailure</m:code>", Refusal(403, "AuthorizationFailure")),
        (413, "", b'{"odata.error":{"code":"RequestBodyTooLarge"}}', Refusal(413, "RequestBodyTooLarge")),
    ],
)
def test_an_answer_that_says_nothing_of_each_row_is_none(status, content_type, body, expected):
    assert answer_of(status, content_type, body, 2) == expected
