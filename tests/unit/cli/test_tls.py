"""An app is asked over TLS that trusts the usual authorities and no others."""

import ssl

import pytest
import trustme

from integration.cli import frame


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_an_https_app_is_believed_when_its_authority_is_trusted(app, tmp_path, monkeypatch, scheme, trusted):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    app.socket = context.wrap_socket(app.socket, server_side=True)
    (authority if trusted else trustme.CA()).cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    app.answers = [(200, {"deadLetters": [], "next": None})]
    line = ["dead-letters", "list", "--app", f"{scheme}://127.0.0.1:{app.server_address[1]}"]
    assert frame.run(line) == (0 if trusted else 3)
    assert len(app.asked) == int(trusted)
