"""The reader of the end-to-end logs finds what it is there for."""

import pytest

from tests.e2e.log_reader import leaks


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("INFO httpx: HTTP Request: GET https://a.example/x?code=abc", "a URL with a query"),
        ("the URL /api/events/erp?code=Xk3-aaBBccDD99_z was called", "a key in a query"),
        ("PUT /container/blob?sv=2025&sig=abc%3D", "a SAS signature"),
        ("SharedAccessSignature sr=sb%3a%2f%2f", "a SAS signature"),
        ("Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=b", "a shared key"),
        ("'Authorization': 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJhdWQi.x'", "a token"),
        ("POST body client_id=x&client_secret=y", "a client secret"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("refused: hunter22", "a secret of 8 characters"),
    ],
)
def test_what_must_not_be_logged_is_found_and_not_repeated(line, kind):
    found = list(leaks(f"[x] {line}\n", ["hunter22"]))
    assert any(leak.startswith(kind) for leak in found)
    assert not any("hunter22" in leak for leak in found)


def test_what_may_be_logged_is_left_alone():
    fine = (
        '{"ready": {"url": "http://127.0.0.1:1/", "keys": {"master": "hunter22"}}}\n'
        "INFO fno_link: delivered to https://a.example/events (code 202), 3 signatures, Bearer missing?\n"
        "https://learn.microsoft.com/azure/x. What now? It is designed=well\n"
    )
    assert list(leaks(fine, ["hunter22", ""])) == []
