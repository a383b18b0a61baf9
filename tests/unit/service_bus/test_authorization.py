"""The broker's rights: signatures, claims and keys open what they should and no more."""

import base64
import hashlib
import hmac
import time
from urllib.parse import quote_plus

import pytest
from azure.servicebus._base_handler import _generate_sas_token

from emulation.service_bus.amqp.errors import Refused
from emulation.service_bus.broker.authorization import Authority, Claims
from emulation.service_bus.config import Key

HOST = "localhost:5672"
AUDIENCE = "amqps://localhost/orders"
KEYS = (
    Key(name="root", key="root-secret"),
    Key(name="reader", key="reader-secret", rights=("listen",)),
    Key(name="owner", key="owner-secret", rights=("manage",)),
)


def authority():
    made = Authority(KEYS)
    made.add("Orders", (Key(name="own", key="own-secret", rights=("send",)),))
    return made


def token(name="root", key="root-secret", uri=AUDIENCE, *, expires_in=3600):
    expiry = int(time.time()) + expires_in
    resource = quote_plus(uri)
    digest = hmac.new(key.encode(), f"{resource}\n{expiry}".encode(), hashlib.sha256).digest()
    signature = quote_plus(base64.b64encode(digest).decode())
    return f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={name}"


def rights(made, audience=AUDIENCE, path="orders"):
    claims = Claims()
    authority().sas(claims, made, audience, HOST)
    return {right for right in ("listen", "send", "manage") if claims.allow(path, right, time.time())}


def test_a_key_gives_the_rights_it_has():
    assert rights(token()) == {"listen", "send", "manage"}
    assert rights(token("reader", "reader-secret")) == {"listen"}
    assert rights(token("owner", "owner-secret")) == {"listen", "send", "manage"}
    assert rights(token("own", "own-secret")) == {"send"}


def test_the_sdks_own_signature_is_understood():
    assert rights(_generate_sas_token("sb://localhost/orders", "root", "root-secret").token)


def test_rights_hold_for_the_path_and_below_it_only():
    made = token(uri="sb://localhost/orders")
    assert rights(made, path="Orders/$DeadLetterQueue")
    assert rights(made, path="orders2") == set()
    assert rights(made, path="") == set()
    assert rights(token(uri="sb://localhost"), audience="sb://localhost", path="anything")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (token(key="wrong"), "InvalidSignature"),
        (token(name="nobody"), "InvalidSignature"),
        (token("own", "own-secret", uri="sb://localhost/other"), "InvalidSignature"),
        (token(expires_in=-1), "ExpiredToken"),
        (token(uri="sb://localhost/other"), "InvalidAudience"),
        (token(uri="sb://another.host/orders"), "InvalidAudience"),
        (token().replace("&skn=root", ""), "MalformedToken"),
        (token().replace("&se=", "&se=x"), "MalformedToken"),
        ("SharedAccessSignature ", "MalformedToken"),
        ("eyJhbGciOiJub25lIn0.e30.", "MalformedToken"),
        ("", "MalformedToken"),
    ],
)
def test_a_bad_token_is_refused_with_its_reason(made, reason):
    with pytest.raises(Refused, match=reason) as refused:
        rights(made)
    assert refused.value.condition == "amqp:unauthorized-access"


def test_a_changed_expiry_breaks_the_signature():
    made = token(expires_in=-10)
    expiry = made.split("&se=")[1].split("&")[0]
    with pytest.raises(Refused, match="InvalidSignature"):
        rights(made.replace(expiry, str(int(expiry) + 1000)))


def test_claims_end_with_their_token():
    claims = Claims()
    claims.add("orders", frozenset({"send"}), 1000.0)
    assert claims.allow("orders", "send", 999.0)
    assert not claims.allow("orders", "send", 1000.0)
    assert claims.until("orders", "send") == 1000.0
    assert claims.until("orders", "listen") == 0


def test_sasl_plain_takes_a_key_of_the_namespace():
    claims = Claims()
    assert authority().plain(claims, b"\x00root\x00root-secret")
    assert claims.allow("orders", "send", time.time())
    assert not authority().plain(Claims(), b"\x00root\x00wrong")
    assert not authority().plain(Claims(), b"\x00own\x00own-secret")
    assert not authority().plain(Claims(), b"")
