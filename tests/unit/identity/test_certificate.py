"""A certificate is read in every form that an app setting may hold, and a refusal quotes nothing of it."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from integration.config.keys.model import Credentials
from integration.errors import Unauthenticated
from integration.identity.certificate import client_credential


@pytest.fixture(scope="module")
def pair():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fno-link")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def pem(pair, password=None):
    key, certificate = pair
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()


def pfx(pair, password):
    key, certificate = pair
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return base64.b64encode(pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, encryption)).decode()


@pytest.mark.parametrize("password", ["", "correct horse"])
@pytest.mark.parametrize("form", [pem, pfx, lambda *made: pem(*made).replace("\n", "\\n")])
def test_a_certificate_is_read_in_every_form_an_app_setting_may_hold(pair, form, password):
    credential = client_credential(
        Credentials(client_id="a", client_certificate=form(pair, password), client_certificate_password=password)
    )
    assert credential["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
    assert x509.load_pem_x509_certificate(credential["public_certificate"].encode()) == pair[1]


@pytest.mark.parametrize("form", [pem, pfx])
def test_a_wrong_password_is_refused_without_quoting_anything(pair, form):
    credentials = Credentials(
        client_id="a", client_certificate=form(pair, "right"), client_certificate_password="wrong words"
    )
    with pytest.raises(Unauthenticated, match="password") as raised:
        client_credential(credentials)
    assert "wrong words" not in str(raised.value)


@pytest.mark.parametrize("text", ["not base64!", base64.b64encode(b"junk").decode(), "-----BEGIN CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused(text):
    with pytest.raises(Unauthenticated, match="cannot be read"):
        client_credential(Credentials(client_id="a", client_certificate=text))


def test_a_certificate_without_its_key_is_refused(pair):
    public = pair[1].public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(Unauthenticated):
        client_credential(Credentials(client_id="a", client_certificate=public))


def test_a_secret_is_passed_on():
    assert client_credential(Credentials(client_id="a", client_secret="s")) == "s"


def test_a_key_that_entra_takes_no_assertion_of_is_refused():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fno-link")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with pytest.raises(Unauthenticated, match="not an RSA key"):
        client_credential(Credentials(client_id="client", client_certificate=(pem + certificate).decode()))
