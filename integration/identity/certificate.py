"""A client certificate, as an app setting holds it, in the form that msal takes."""

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from integration.config.keys.model import Credentials
from integration.errors import Unauthenticated

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate


def client_credential(credentials: Credentials) -> str | dict[str, str]:
    """Return what msal takes as `client_credential`.

    Args:
        credentials: With `client_secret`, or `client_certificate`: PEM with its key, or a base64 PFX (PKCS #12).

    Returns:
        The secret, or key and certificate as PEM; PFX and encrypted keys are opened here.

    Raises:
        Unauthenticated: The certificate or its key cannot be read, is no RSA key, or the password is wrong.
    """
    if credentials.client_secret:
        return credentials.client_secret
    password = credentials.client_certificate_password.encode() or None
    try:
        if "-----BEGIN" in credentials.client_certificate:
            return _from_pem(credentials.client_certificate, password)
        return _from_pfx(base64.b64decode(credentials.client_certificate, validate=True), password)
    except (ValueError, TypeError, binascii.Error) as error:
        msg = (
            f"The client certificate of client {credentials.client_id} cannot be read ({type(error).__name__}): "
            "give PEM with its private key or a base64 PFX, and the right password."
        )
        raise Unauthenticated(msg) from None  # the cause's text may quote the key


class Validity(msgspec.Struct, frozen=True):
    """When a certificate is good.

    Args:
        begins: Not before.
        ends: Not after.
    """

    begins: datetime
    ends: datetime


def validity(credentials: Credentials) -> Validity:
    """Tell when a client certificate is good.

    Args:
        credentials: With `client_certificate`, see `client_credential`.

    Raises:
        Unauthenticated: The certificate or its key cannot be read, or the password is wrong.
    """
    from cryptography import x509  # noqa: PLC0415 (imported at first use: import budget)

    pair = client_credential(credentials)
    if isinstance(pair, str):
        msg = f"Client {credentials.client_id} has no certificate."
        raise Unauthenticated(msg)
    certificate = x509.load_pem_x509_certificate(pair["public_certificate"].encode())
    return Validity(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _from_pem(text: str, password: bytes | None) -> dict[str, str]:
    from cryptography import x509  # noqa: PLC0415 (imported at first use: import budget)
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 (imported at first use: import budget)

    # An app setting often has its line breaks written as \n.
    pem = text.replace("\\n", "\n").encode()
    key = serialization.load_pem_private_key(_block(pem, b"PRIVATE KEY"), password)
    certificate = x509.load_pem_x509_certificate(pem)
    return _pair(key, certificate)


def _from_pfx(pfx: bytes, password: bytes | None) -> dict[str, str]:
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 (imported at first use: import budget)
        pkcs12,
    )

    key, certificate, _ = pkcs12.load_key_and_certificates(pfx, password)
    if key is None or certificate is None:
        msg = "no key or no certificate in it"
        raise ValueError(msg)
    return _pair(key, certificate)


def _block(pem: bytes, kind: bytes) -> bytes:
    for part in pem.split(b"-----BEGIN ")[1:]:
        label = part.split(b"-----", 1)[0]
        if label.endswith(kind):
            return b"-----BEGIN " + part.split(b"-----END ", 1)[0] + b"-----END " + label + b"-----\n"
    msg = "no private key in it"
    raise ValueError(msg)


def _pair(key: "PrivateKeyTypes", certificate: "Certificate") -> dict[str, str]:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 (imported at first use: import budget)
    from cryptography.hazmat.primitives.asymmetric.rsa import (  # noqa: PLC0415 (imported at first use: import budget)
        RSAPrivateKey,
    )

    if not isinstance(key, RSAPrivateKey):
        # msal signs assertions with RSA alone, and falls over any other key.
        msg = "The client certificate's key is not an RSA key, and Microsoft Entra takes assertions signed by RSA only."
        raise Unauthenticated(msg)
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return {"private_key": private_key.decode(), "public_certificate": public.decode()}
