"""Microsoft Entra tokens: whom they name, and what that identity's roles allow.

Source: "Authenticate and authorize an application with Microsoft Entra ID to access Service Bus entities".
"""

import time
from typing import Any

import jwt

from emulation.service_bus.amqp.claims import Claims
from emulation.service_bus.amqp.errors import UNAUTHORIZED, Refused
from emulation.service_bus.broker.authorization import host_of, path_of, rights_of
from emulation.service_bus.config import EntraConfig


class Entra:
    """Checks tokens of one issuer.

    Args:
        config: Its keys, and the roles of its identities.

    Raises:
        ValueError: A key is not a JSON Web Key for RS256.
    """

    def __init__(self, config: EntraConfig) -> None:
        self._config = config
        try:
            keys = jwt.PyJWKSet.from_dict({"keys": [{"alg": "RS256", **key} for key in config.keys]}).keys
        except (jwt.PyJWKSetError, jwt.PyJWKError) as error:
            msg = f"entra.keys: {error}"
            raise ValueError(msg) from error
        self._keys = {key.key_id: key for key in keys}

    def admit(self, claims: Claims, token: str, audience: str, hostname: str) -> None:
        """Check a token and add what its identity may do; an identity without a role may do nothing.

        Args:
            claims: The connection's.
            token: The token, a compact JWS.
            audience: The address that the client wants rights on.
            hostname: The host that the connection was opened for.

        Raises:
            Refused: The token is malformed, expired, of another issuer or for another resource, or not signed by one
                of the issuer's keys.
        """
        found = self._verified(token)
        host, wanted = host_of(audience), hostname.rpartition(":")[0] or hostname
        if host and wanted and host != wanted:
            raise Refused(UNAUTHORIZED, f"InvalidAudience: {audience} is not an address of {wanted}.")
        path, until = path_of(audience), float(found["exp"])
        mine = {str(found.get("appid", "")).lower(), str(found.get("oid", "")).lower()}
        rights = rights_of(())
        for role in self._config.roles:
            base = role.entity.lower()
            if role.principal.lower() in mine and (not base or path == base or path.startswith(f"{base}/")):
                rights |= rights_of(role.rights)
        claims.add(path, rights, until)

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            key = self._keys.get(jwt.get_unverified_header(token).get("kid", ""))
            if key is None:
                raise Refused(UNAUTHORIZED, "InvalidSignature: The token is not signed by a key of the issuer.")
            # The time is compared here: the claims end with the same clock.
            found: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._config.audiences,
                issuer=self._config.issuer,
                options={"require": ["exp", "nbf", "aud", "iss"], "verify_exp": False},
            )
        except jwt.InvalidAudienceError as error:
            resources = " or ".join(self._config.audiences)
            raise Refused(UNAUTHORIZED, f"InvalidAudience: The token is not for {resources}.") from error
        except jwt.InvalidIssuerError as error:
            raise Refused(UNAUTHORIZED, "InvalidIssuer: The token is of another issuer.") from error
        except jwt.InvalidSignatureError as error:
            raise Refused(UNAUTHORIZED, "InvalidSignature: The token has an invalid signature.") from error
        except jwt.InvalidTokenError as error:
            raise Refused(UNAUTHORIZED, f"MalformedToken: {error}.") from error
        if float(found["exp"]) <= time.time():
            raise Refused(UNAUTHORIZED, "ExpiredToken: The token is expired.")
        return found
