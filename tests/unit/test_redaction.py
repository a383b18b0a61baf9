"""No secret that was sent comes back in what is kept of an answer, in whatever form it is echoed."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.redaction import MASK, SHORTEST, Redaction, redact, secrets_of

KEY = 'k&y<7/"+é=='
ECHOES = [str, str.upper, quote, quote_plus, lambda v: quote(v, safe=""), html.escape, json.dumps, repr]
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize("echo", ECHOES)
def test_a_value_is_masked_in_every_form_of_an_echo(echo):
    said = Redaction([KEY]).apply(f"you sent {echo(KEY)}, sorry")
    assert said.startswith("you sent ")
    assert MASK in said
    assert "y<7" not in said
    assert "7/" not in said


def test_base64_of_a_value_is_masked():
    assert Redaction(["the secret"]).apply(base64.b64encode(b"the secret").decode()) == f"{MASK}=="


def test_the_longest_comes_first_and_short_values_are_left():
    assert Redaction(["token-1", "Bearer token-1"]).apply("Bearer token-1") == MASK
    assert Redaction(["usmf"]).apply("no company usmf") == "no company usmf"
    assert Redaction().apply("x") == "x"


def test_what_of_a_request_is_secret():
    headers = {
        "Content-Type": "application/json",
        "ce-id": "an event's id",
        "Webhook-Id": "msg_1234567",
        "X-Api-Key": "api-key-1",
        "Authorization": "Basic " + base64.b64encode(b"user:pass word").decode(),
        "webhook-signature": "v1,c2lnbmF0dXJlMQ== v1a,c2lnbmF0dXJlMg==",
        "X-Hub-Signature-256": "sha256=0123456789abcdef",
        "Idempotency": "not-secret",
    }
    url = "https://me:hidden-1@hooks.example.com/services/T0/B0123456789abcdefgh/{data.id}?code=query-1&x={data.long}"
    found = secrets_of(url, headers, public=["idempotency"])
    assert {
        "api-key-1",
        "user:pass word",
        "pass word",
        "c2lnbmF0dXJlMQ==",
        "c2lnbmF0dXJlMg==",
        "0123456789abcdef",
    } <= set(found)
    assert {"hidden-1", "query-1", "B0123456789abcdefgh"} <= set(found)
    assert not {"application/json", "an event's id", "msg_1234567", "not-secret", "{data.id}", "services"} & set(found)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"bad token {JWT} of you", f"bad token {MASK} of you"),
        ("GET /x?code=abcdef123456&a=b", f"GET /x?code={MASK}&a=b"),
        ("https://a.blob/c?sv=2024&sig=Zm9v%2Bbar%3D&se=1", f"https://a.blob/c?sv=2024&sig={MASK}&se=1"),
        ("AccountKey=Zm9vYmFyYmF6;End", f"AccountKey={MASK};End"),
        ("Authorization: Bearer abcdefghijklmnop", f"Authorization: Bearer {MASK}"),
        ("SharedAccessSignature sr=sb%3a%2f%2fx&sig=abcdefgh&se=1", f"SharedAccessSignature {MASK}"),
        ("error code=42, the postcode=12345678", "error code=42, the postcode=12345678"),
        ("Bearer of bad news", "Bearer of bad news"),
    ],
)
def test_what_looks_like_a_credential_is_masked_whoever_sent_it(said, kept):
    assert redact(said) == kept


@given(st.text(min_size=SHORTEST), st.text(max_size=20), st.text(max_size=20))
def test_no_sent_value_is_left(secret, before, after):
    left = Redaction([secret]).apply(before + secret + after).split(MASK)
    assert [each for each in left if secret in each] == []
