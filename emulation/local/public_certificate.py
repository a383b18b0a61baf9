"""The public part of a client certificate, which the emulated Entra must know to accept it."""

import base64
import binascii
import re

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def public_certificate(text: str, password: str) -> str:
    """Return the certificate as PEM; empty where there is none, or the text is none: the app then says why.

    Args:
        text: PEM with its key, or base64 of a PFX.
        password: Of the PFX's key.
    """
    if found := _PEM.search(text):
        return found[0]
    if not text:
        return ""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 (few have a PFX)
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12  # noqa: PLC0415 (few have a PFX)

    try:
        held = load_pkcs12(base64.b64decode(text), password.encode() or None).cert
    except (ValueError, binascii.Error):
        return ""
    return held.certificate.public_bytes(Encoding.PEM).decode() if held else ""
