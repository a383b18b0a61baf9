"""Tokens of Entra, checked as App Service authentication does, by what the issuer publishes.

Page "Configure your App Service or Azure Functions app to use Microsoft Entra sign-in": the issuer is that of its own
document, so a token of version 1.0 does not pass where `openIdIssuer` is that of 2.0; the client id is always an
audience.
"""

import asyncio
from typing import Any

import httpx
import jwt
import msgspec


class Refused(Exception):
    """A token is not taken.

    Args:
        why: For the log.
        known: Whether it is good, but of an application that is not allowed.
    """

    def __init__(self, why: str, *, known: bool = False) -> None:
        super().__init__(why)
        self.known = known


class Unreachable(Exception):
    """What the issuer publishes cannot be read."""


class Registration(msgspec.Struct, frozen=True, rename="camel"):
    """The app registration.

    Args:
        open_id_issuer: Where its document is, and whose tokens are taken.
        client_id: Its id.
    """

    open_id_issuer: str
    client_id: str


class AuthorizationPolicy(msgspec.Struct, frozen=True, rename="camel"):
    """Which applications may ask; empty: any."""

    allowed_applications: tuple[str, ...] = ()


class Validation(msgspec.Struct, frozen=True, rename="camel"):
    """What a token must say."""

    allowed_audiences: tuple[str, ...] = ()
    default_authorization_policy: AuthorizationPolicy = AuthorizationPolicy()


class Tokens:
    """Checks tokens; the issuer's keys are kept, and fetched again for a token that names another one.

    Args:
        registration: Whose.
        validation: What they must say.
    """

    def __init__(self, registration: Registration, validation: Validation) -> None:
        self._document = f"{registration.open_id_issuer.rstrip('/')}/.well-known/openid-configuration"
        self._audiences = [registration.client_id, *validation.allowed_audiences]
        self._allowed = {each.lower() for each in validation.default_authorization_policy.allowed_applications}
        self._issuer = ""
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetching = asyncio.Lock()

    async def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a good token.

        Raises:
            Refused: It is not good, or its application is not allowed.
            Unreachable: It cannot be told.
        """
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
            found: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._audiences,
                issuer=self._issuer,
                leeway=300,  # TokenValidationParameters.DefaultClockSkew
                options={"require": ["exp", "aud", "iss"]},
            )
        except jwt.InvalidTokenError as error:
            raise Refused(str(error)) from error
        application = str(found.get("appid") or found.get("azp") or "").lower()
        if self._allowed and application not in self._allowed:
            msg = f"the application {application} is not allowed"
            raise Refused(msg, known=True)
        return found

    async def _key(self, key_id: str) -> jwt.PyJWK:
        async with self._fetching:
            if key_id not in self._keys:
                await self._fetch()
        if key_id not in self._keys:
            raise Refused("the issuer has no key of this id")
        return self._keys[key_id]

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=30) as client:
                document = (await client.get(self._document)).raise_for_status().json()
                keys = (await client.get(document["jwks_uri"])).raise_for_status().json()
        except (httpx.HTTPError, ValueError, KeyError) as error:
            msg = f"{self._document} cannot be read: {error!r}"
            raise Unreachable(msg) from error
        self._issuer = document["issuer"]
        usable = jwt.PyJWKSet.from_dict({"keys": [{"alg": "RS256", **each} for each in keys["keys"]]}).keys
        self._keys = {str(each.key_id): each for each in usable}
