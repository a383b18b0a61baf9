"""Access tokens: real JSON Web Tokens, signed by a key of this world and checked by its resources."""

import base64
import hashlib
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256  # x5t is a SHA-1 by RFC 7515
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

type Claims = dict[str, Any]


class Keyring:
    """The keys of Entra: all tenants of a world have the same, as in the real one; new for every world.

    Page "Signing key rollover in the Microsoft identity platform": a new key is published before it signs, at any time,
    and an old one is taken away at any time after.
    """

    def __init__(self) -> None:
        self._published = [TokenKey()]

    def sign(self, claims: Claims) -> str:
        """Return these claims as a compact JWS, signed by the newest key."""
        return self._published[-1].sign(claims)

    def verify(self, token: str, now: datetime) -> Claims:
        """Return the claims of a token of this world; the audience is left to the resource.

        Raises:
            jwt.InvalidTokenError: No published key has signed it, or it has expired.
        """
        named = jwt.get_unverified_header(token).get("kid")
        for key in self._published:
            if key.id == named:
                return key.verify(token, now)
        msg = f"no key {named!r} is published"
        raise jwt.InvalidKeyError(msg)

    def rotate(self, *, withdraw: bool) -> None:
        """Sign with a new key from now on.

        Args:
            withdraw: Whether those of before are published no more: what they have signed is worth nothing.
        """
        self._published = [*([] if withdraw else self._published), TokenKey()]

    def jwks(self, issuer: str = "") -> dict[str, Any]:
        """Return the public halves as a JSON Web Key Set.

        Args:
            issuer: Whose tokens they sign, which the v2.0 document says of each; empty: not said, as in v1.0.
        """
        said = {"issuer": issuer} if issuer else {}
        return {"keys": [{**key.jwk(), **said} for key in self._published]}


class TokenKey:
    """A key that signs access tokens."""

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._public = self._private.public_key()
        der = self._public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.id = base64.urlsafe_b64encode(hashlib.sha256(der).digest()[:20]).decode().rstrip("=")
        self._seen: dict[str, Claims] = {}

    def sign(self, claims: Claims) -> str:
        """Return these claims as a compact JWS."""
        return jwt.encode(claims, self._private, algorithm="RS256", headers={"kid": self.id, "x5t": self.id})

    def verify(self, token: str, now: datetime) -> Claims:
        """Return the claims of a token of this world; the audience is left to the resource.

        Raises:
            jwt.InvalidTokenError: It is not signed by this world, or has expired.
        """
        claims = self._seen.get(token)
        if claims is None:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                # Times are judged below by the world's clock, which may not be this machine's.
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            self._seen[token] = claims
        if claims["exp"] <= now.timestamp():
            self._seen.pop(token, None)
            msg = f"the token expired {now.timestamp() - claims['exp']:.0f} s ago"
            raise jwt.ExpiredSignatureError(msg)
        return claims

    def jwk(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key; Entra's have no `alg`, and no `key_ops`."""
        key = RSAAlgorithm.to_jwk(self._public, as_dict=True)
        return {"kty": key["kty"], "use": "sig", "kid": self.id, "x5t": self.id, "n": key["n"], "e": key["e"]}


def assertion_certificate(assertion: str, certificates: tuple[str, ...]) -> x509.Certificate | None:
    """Return the registered certificate that an assertion's header names by thumbprint, or None.

    Args:
        assertion: The client assertion, a compact JWS with `x5t` or `x5t#S256`.
        certificates: The registered certificates, PEM.

    Raises:
        jwt.DecodeError: The assertion is not a JWS.
    """
    header = jwt.get_unverified_header(assertion)
    for pem in certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if (header.get("x5t#S256") or "").rstrip("=") == _thumbprint(certificate, SHA256()):
            return certificate
        if (header.get("x5t") or "").rstrip("=") == _thumbprint(certificate, SHA1()):  # noqa: S303 (RFC 7515's x5t)
            return certificate
    return None


def _thumbprint(certificate: x509.Certificate, algorithm: SHA1 | SHA256) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).decode().rstrip("=")
