"""The federated credential by which a Dataverse plug-in gets tokens of a managed identity, from its certificate.

Source: the page "Set up Power Platform managed identity for Dataverse plug-ins or plug-in packages" (2026-06), version
2: issuer and subject of the certificate as SHA-256 in base64url; of a self-signed one SHA-256 of the whole in hex.
All is computed, nothing is asked.
"""

import base64
import hashlib
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec

from integration.clouds import CloudName
from integration.errors import InvalidRequest
from integration.identity.distinguished_name import doubtful, written

if TYPE_CHECKING:
    from cryptography import x509

VERSION = 2
POWER_PLATFORM = "qzXoWDkuqUa3l6zM5mM0Rw"
""""Internal use only. Don't modify": who asks Entra, in base64url."""

_PUBLIC = ("api://AzureADTokenExchange", "login.microsoftonline.com", "pub")
_GOVERNMENT = ("api://AzureADTokenExchangeUSGov", "login.microsoftonline.us", "usg")
_OF_CLOUD: dict[CloudName, tuple[str, str, str]] = {
    "public": _PUBLIC,
    "gcc": _PUBLIC,
    "gcc_high": _GOVERNMENT,
    "dod": _GOVERNMENT,
    "china": ("api://AzureADTokenExchangeChina", "login.partner.microsoftonline.cn", "chn"),
}
"""Audience, the issuer's host (China's is not where tokens are asked for) and the cloud's code in the subject:
"Specialized Azure cloud environments" of the page."""


class PluginCredential(msgspec.Struct, frozen=True, rename="camel"):
    """What is entered as federated credential of the app registration or the managed identity.

    Args:
        issuer: Who signs the tokens that are exchanged.
        subject: Whose they are.
        audience: For whom; its case counts.
        kind: Of the certificate; a `self_signed` one is for development alone.
        certificate_issuer: Its issuer as Dataverse reads it.
        certificate_subject: Its subject.
        expires: When it ends, ISO 8601: what is signed with a new one of another name needs another credential.
        doubts: Attributes of the names whose text is not certain, by their OIDs: compare with `$cert.Subject`.
    """

    issuer: str
    subject: str
    audience: str
    kind: Literal["trusted", "self_signed"]
    certificate_issuer: str
    certificate_subject: str
    expires: str
    doubts: tuple[str, ...]


def credential_of(
    certificate: "x509.Certificate", *, tenant: str, environment: str, cloud: CloudName = "public"
) -> PluginCredential:
    """Compute the federated credential.

    Args:
        certificate: That the plug-in is signed with.
        tenant: Id of the tenant of the managed identity.
        environment: Id of the Power Platform environment that the plug-in runs in.
        cloud: Whose Entra.

    Raises:
        InvalidRequest: The tenant is no id.
    """
    try:
        encoded = _base64url(UUID(tenant).bytes_le)
    except ValueError as error:
        msg = f"the tenant is not an id: {tenant[:80]!r}"
        raise InvalidRequest(msg) from error
    issuer, subject = written(certificate.issuer), written(certificate.subject)
    self_signed = _self_signed(certificate)
    if self_signed:
        signer = f"h/{hashlib.sha256(_der(certificate)).hexdigest()}"
    else:
        signer = f"i/{_hashed(issuer)}/s/{_hashed(subject)}"
    audience, host, code = _OF_CLOUD[cloud]
    return PluginCredential(
        issuer=f"https://{host}/{tenant.lower()}/v2.0",
        subject=f"/eid1/c/{code}/t/{encoded}/a/{POWER_PLATFORM}/n/plugin/e/{environment}/{signer}",
        audience=audience,
        kind="self_signed" if self_signed else "trusted",
        certificate_issuer=issuer,
        certificate_subject=subject,
        expires=certificate.not_valid_after_utc.isoformat(),
        doubts=tuple(dict.fromkeys((*doubtful(certificate.issuer), *doubtful(certificate.subject)))),
    )


def read_certificate(content: bytes, password: bytes | None) -> "x509.Certificate":
    """Read a certificate: PEM, DER (.cer), or the first of a PFX.

    Raises:
        InvalidRequest: It is none of these, or the password is not the right one.
    """
    from cryptography import x509  # noqa: PLC0415 (used by one command)
    from cryptography.hazmat.primitives.serialization import pkcs12  # noqa: PLC0415

    try:
        if b"-----BEGIN CERTIFICATE-----" in content:
            return x509.load_pem_x509_certificate(content)
        if password is None:
            return x509.load_der_x509_certificate(content)
        found = pkcs12.load_key_and_certificates(content, password)[1]
    except ValueError as error:
        wrong = "not a PFX, or another password opens it" if password is not None else "neither PEM nor DER"
        msg = f"the certificate cannot be read: {wrong}"
        raise InvalidRequest(msg) from error
    if found is None:
        msg = "the PFX holds no certificate that belongs to its key"
        raise InvalidRequest(msg)
    return found


def _self_signed(certificate: "x509.Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415

    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _der(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    return certificate.public_bytes(Encoding.DER)


def _hashed(text: str) -> str:
    return _base64url(hashlib.sha256(text.encode()).digest())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
