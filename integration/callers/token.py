"""Is a token one of Entra's, of our tenant, for us, and good now? Pure: the key is given.

Sources: the page "Access tokens in the Microsoft identity platform" (validate the issuer, the signature, the
audience; a key's own issuer); RFC 8725 (JSON Web Token Best Current Practices): one algorithm, no key that the
token brings along.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from integration.clouds import CLOUDS
from integration.config.keys.clients import Entra
from integration.errors import CallerUnknown

if TYPE_CHECKING:
    import jwt

LARGEST = 16 * 1024
"""Bytes of a token that are looked at: Entra's have some 1,500, and 200 groups at most."""
ALGORITHM = "RS256"
"""What Entra signs with; a token that names any other is none of Entra's."""
SKEW_SECONDS = 300
"""How far clocks may be apart: the default of Microsoft's own libraries (`TokenValidationParameters.ClockSkew`)."""
_LONGEST_KEY_ID = 128
_TOKEN_SERVICES = {
    "login.microsoftonline.com": "sts.windows.net",
    "login.microsoftonline.us": "sts.windows.net",
    "login.chinacloudapi.cn": "sts.chinacloudapi.cn",
}


class Accepted(msgspec.Struct, frozen=True):
    """What a token must say.

    Args:
        tenant: The id of its tenant, in lower case.
        issuers: Who may have issued it, by the version that the token says it is of.
        audiences: For whom.
    """

    tenant: str
    issuers: Mapping[str, str]
    audiences: frozenset[str]

    @classmethod
    def of(cls, entra: Entra) -> "Accepted":
        """Say it for a configuration."""
        tenant, authority = entra.tenant.lower(), CLOUDS[entra.cloud].authority
        service = _TOKEN_SERVICES[authority]
        issuers = {"1.0": f"https://{service}/{tenant}/", "2.0": f"https://{authority}/{tenant}/v2.0"}
        return cls(tenant, issuers, frozenset(entra.audiences))

    def check(self, claims: Mapping[str, Any]) -> None:
        """Refuse claims of another tenant, issuer or audience.

        Raises:
            CallerUnknown: They are.
        """
        tenant, audience = claims.get("tid"), claims.get("aud")
        if not isinstance(tenant, str) or tenant.lower() != self.tenant:
            raise CallerUnknown("the token is of another tenant")
        if claims.get("iss") != self.issuers.get(str(claims.get("ver"))):
            raise CallerUnknown("the token is of another issuer")
        if not isinstance(audience, str) or audience not in self.audiences:
            raise CallerUnknown("the token is for another audience")


class Shown(msgspec.Struct, frozen=True):
    """A token that says what it must, by a key that is still to be looked up.

    Args:
        token: As it came.
        key: The id of the key.
    """

    token: str
    key: str


def shown(token: str, accepted: Accepted) -> Shown:
    """Look at what a token says, before anything is fetched for it.

    Args:
        token: As it came.
        accepted: What it must say.

    Raises:
        CallerUnknown: It is no token, too large, signed in another way, or not for us.
    """
    import jwt  # noqa: PLC0415  # imported with the first token: import budget

    if not token.isascii() or len(token) > LARGEST:
        raise CallerUnknown("what was shown is no token, or too large")
    try:
        parsed = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise CallerUnknown("what was shown is no token") from error
    header: Mapping[str, Any] = parsed["header"]
    key = header.get("kid")
    # `jku`, `x5u` and `jwk` name a key that the sender has chosen: they are never looked at.
    if header.get("alg") != ALGORITHM or "crit" in header:
        raise CallerUnknown("the token is signed in another way than Entra does")
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY_ID:
        raise CallerUnknown("the token names no key")
    accepted.check(parsed["payload"])
    return Shown(token, key)


def verified(shown: Shown, key: "jwt.PyJWK", accepted: Accepted, now: datetime) -> Mapping[str, Any]:
    """Check the signature, and the times.

    Args:
        shown: What `shown` returned.
        key: The key of this id, as the tenant publishes it.
        accepted: What the token must say.
        now: The time.

    Returns:
        The claims.

    Raises:
        CallerUnknown: Another has signed it, or it is not good yet, or no more.
    """
    import jwt  # noqa: PLC0415  # imported with the first token: import budget

    try:
        claims = jwt.decode(
            shown.token,
            key,
            algorithms=[ALGORITHM],
            # The times by our own clock, below; whose it is, and for whom, by `check`.
            options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise CallerUnknown("the token is not signed by the tenant's key") from error
    accepted.check(claims)
    at = now.timestamp()
    if _time(claims, "exp") + SKEW_SECONDS <= at:
        raise CallerUnknown("the token has expired")
    if _time(claims, "nbf") - SKEW_SECONDS > at:
        raise CallerUnknown("the token is not good yet")
    return claims


def _time(claims: Mapping[str, Any], name: str) -> float:
    value: Any = claims.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    msg = f"the token does not say its {name}"
    raise CallerUnknown(msg)
