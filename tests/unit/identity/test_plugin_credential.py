"""The federated credential of a plug-in, against what .NET writes and what Microsoft's page computes."""

import base64
import hashlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from integration.clouds import CLOUDS
from integration.errors import InvalidRequest
from integration.identity.distinguished_name import doubtful, written
from integration.identity.plugin_credential import credential_of, read_certificate

TENANT = "7f2c1900-9fd4-4b89-91d3-79a649996f0a"
ENVIRONMENT = "59b86021-2790-4a26-b386-15823676bbf4"
ENDS = datetime(2030, 1, 1, tzinfo=UTC)


def name_of(*parts):
    return x509.Name([x509.NameAttribute(x509.ObjectIdentifier(oid), value) for oid, value in parts])


def certificate_of(subject, issuer=None):
    key, signer = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(ENDS)
    )
    return builder.sign(key if issuer is None else signer, SHA256()), key


CONTOSO = name_of((NameOID.COUNTRY_NAME.dotted_string, "US"), (NameOID.COMMON_NAME.dotted_string, "Contoso"))
AUTHORITY = name_of((NameOID.COMMON_NAME.dotted_string, "Contoso Code Signing CA"))


# The first is the certificate of CertTests in dotnet/runtime ("X509Cert2Test"), in the order in which it is encoded.
@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (
            [
                ("2.5.4.6", "US"),
                ("2.5.4.8", "DC"),
                ("2.5.4.7", "Washington"),
                ("2.5.4.10", "ABA.ECOM, INC."),
                ("2.5.4.3", "ABA.ECOM Root CA"),
                ("1.2.840.113549.1.9.1", "admin@digsigtrust.com"),
            ],
            'E=admin@digsigtrust.com, CN=ABA.ECOM Root CA, O="ABA.ECOM, INC.", L=Washington, S=DC, C=US',
        ),
        ([("2.5.4.3", "Müller & Söhne")], "CN=Müller & Söhne"),
        ([("2.5.4.3", 'the "one"')], 'CN="the ""one"""'),
        ([("2.5.4.3", " padded")], 'CN=" padded"'),
        ([("2.5.4.3", "padded\t")], 'CN="padded\t"'),
        ([("2.5.4.3", "a+b")], 'CN="a+b"'),
        ([("2.5.4.3", "a#b")], 'CN="a#b"'),
        ([("2.5.4.3", "a\rb")], "CN=a\rb"),
        ([("2.5.4.15", "Private Organization")], "OID.2.5.4.15=Private Organization"),
        ([("1.3.6.1.4.1.311.60.2.1.3", "US")], "OID.1.3.6.1.4.1.311.60.2.1.3=US"),
        ([("2.5.4.17", "98052"), ("2.5.4.5", "600413485")], "SERIALNUMBER=600413485, PostalCode=98052"),
    ],
)
def test_a_name_is_written_as_dotnet_writes_it(parts, text):
    assert written(name_of(*parts)) == text
    assert doubtful(name_of(*parts)) == ()


def test_a_part_of_several_values_keeps_them_together():
    part = x509.RelativeDistinguishedName(
        [x509.NameAttribute(NameOID.COMMON_NAME, "b"), x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "a")]
    )
    parsed, _ = certificate_of(
        x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "US")]), part])
    )
    assert written(parsed.subject) in {"CN=b + OU=a, C=US", "OU=a + CN=b, C=US"}


def test_what_is_not_certain_is_named():
    assert doubtful(name_of(("2.5.4.12", "Dr"), ("1.2.3.4", "x"))) == ("2.5.4.12", "1.2.3.4")


def page_hash(text):
    """As Get-Sha256Base64Url of the page does it."""
    encoded = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
    return encoded.replace("+", "-").replace("/", "_").rstrip("=")


def test_a_trusted_certificate_is_told_by_the_hashes_of_its_names():
    certificate, _ = certificate_of(CONTOSO, AUTHORITY)
    found = credential_of(certificate, tenant=TENANT.upper(), environment=ENVIRONMENT)
    assert found.issuer == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert found.audience == "api://AzureADTokenExchange"
    issuer, subject = page_hash("CN=Contoso Code Signing CA"), page_hash("CN=Contoso, C=US")
    assert (len(issuer), len(subject)) == (43, 43)
    assert found.subject == (
        f"/eid1/c/pub/t/ABksf9SfiUuR03mmSZlvCg/a/qzXoWDkuqUa3l6zM5mM0Rw/n/plugin/e/{ENVIRONMENT}/i/{issuer}/s/{subject}"
    )
    assert (found.kind, found.doubts, found.expires) == ("trusted", (), ENDS.isoformat())


def test_a_self_signed_certificate_is_told_by_its_own_hash():
    certificate, _ = certificate_of(CONTOSO)
    found = credential_of(certificate, tenant=TENANT, environment=ENVIRONMENT)
    assert found.kind == "self_signed"
    assert found.subject.endswith(
        f"/e/{ENVIRONMENT}/h/{hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()}"
    )


def test_a_certificate_that_only_bears_the_name_of_its_issuer_is_not_self_signed():
    certificate, _ = certificate_of(CONTOSO, CONTOSO)
    assert credential_of(certificate, tenant=TENANT, environment=ENVIRONMENT).kind == "trusted"


# Both pairs are published with plug-ins that work; the first with Microsoft's own PowerShell of the page.
@pytest.mark.parametrize(
    ("tenant", "encoded"),
    [(TENANT, "ABksf9SfiUuR03mmSZlvCg"), ("5e512ab3-88fb-4585-ad13-9d507e7101e1", "sypRXvuIhUWtE51QfnEB4Q")],
)
def test_a_tenant_is_encoded_as_dotnet_orders_the_bytes_of_a_guid(tenant, encoded):
    certificate, _ = certificate_of(CONTOSO)
    assert f"/t/{encoded}/a/" in credential_of(certificate, tenant=tenant, environment=ENVIRONMENT).subject
    assert base64.urlsafe_b64decode(f"{encoded}==") == UUID(tenant).bytes_le


@pytest.mark.parametrize("cloud", list(CLOUDS))
def test_each_cloud_has_its_audience_its_issuer_and_its_prefix(cloud):
    certificate, _ = certificate_of(CONTOSO)
    found = credential_of(certificate, tenant=TENANT, environment=ENVIRONMENT, cloud=cloud)
    government = ("api://AzureADTokenExchangeUSGov", "https://login.microsoftonline.us", "/eid1/c/usg")
    wanted = {
        "gcc_high": government,
        "dod": government,
        "china": ("api://AzureADTokenExchangeChina", "https://login.partner.microsoftonline.cn", "/eid1/c/chn"),
    }.get(cloud, ("api://AzureADTokenExchange", "https://login.microsoftonline.com", "/eid1/c/pub"))
    assert found.audience == wanted[0]
    assert found.issuer == f"{wanted[1]}/{TENANT}/v2.0"
    assert found.subject.startswith(f"{wanted[2]}/t/")


def test_a_tenant_that_is_no_id_is_refused():
    certificate, _ = certificate_of(CONTOSO)
    with pytest.raises(InvalidRequest, match=r"contoso\.onmicrosoft\.com"):
        credential_of(certificate, tenant="contoso.onmicrosoft.com", environment=ENVIRONMENT)


def test_a_certificate_is_read_in_each_of_its_forms():
    certificate, key = certificate_of(CONTOSO)
    pfx = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, BestAvailableEncryption(b"secret"))
    assert read_certificate(certificate.public_bytes(Encoding.PEM), None) == certificate
    assert read_certificate(certificate.public_bytes(Encoding.DER), None) == certificate
    assert read_certificate(pfx, b"secret") == certificate
    for content, password in ((b"nothing", None), (pfx, b"wrong"), (b"", None), (b"-----BEGIN CERTIFICATE-----", None)):
        with pytest.raises(InvalidRequest, match="cannot be read"):
            read_certificate(content, password)
